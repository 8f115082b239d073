import { Fifo } from "../session/fifo.ts";
import type { Clock } from "../transport/clock.ts";
import { everybodysTurn, turn } from "../transport/turn.ts";

/** For how long something works before it is another's turn, in ms. */
const TURN = 2;

/** After so much work sockets are looked at in any case, in ms. */
const SOCKETS_EVERY = 6;
/**
 * For how long what is to be written gathers while there is work, in ms: few large
 * writes cost far less than many small ones.
 */
const GATHERING = 10;

/** So few pieces of work are the whole conversation of one client: it waits. */
const FEW = 3;

/** Somebody who has work to do, in parts. */
export interface Task {
  /** Works until this time, or shorter. Whether more is left to be done. */
  work(until: number): boolean;
}

/** Somebody who writes what has gathered. */
export interface Writer {
  flush(): void;
}

/**
 * Shares the event loop among those who have work. Each works for about two
 * milliseconds at a time, and so do all of them together before whatever else
 * waits for its turn of the loop: sockets and timers. Who has had nothing to do
 * comes between those who are always busy.
 */
export class FairTurns {
  readonly #clock: Clock;
  /** Goes before all others. */
  #urgent: Task | undefined;
  readonly #fresh = new Fifo<Task>();
  readonly #busy = new Fifo<Task>();
  readonly #queued = new Set<Task>();
  #wasFresh = false;
  #isRunning = false;
  /** For how long the event loop has been held, in ms. */
  #held = 0;
  /** The same since sockets were looked at in any case. */
  #sinceSockets = 0;
  /** Have something to be written. */
  readonly #writers = new Set<Writer>();
  /** How often somebody has worked since they have written. */
  #worked = 0;
  /** When that was. */
  #writtenAt = 0;

  /** Nobody has anything to do. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Somebody has work, at once if nobody else has. */
  add(task: Task): void {
    if (this.#queued.has(task)) return;
    this.#queued.add(task);
    this.#fresh.push(task);
    this.#start();
  }

  /** The same for work that all others wait for. There is one of that kind. */
  addFirst(task: Task): void {
    this.#urgent = task;
    this.#start();
  }

  /** Somebody has something to be written, soon. */
  writeSoon(writer: Writer): void {
    if (this.#isRunning) this.#writers.add(writer);
    else writer.flush();
  }

  #write(): void {
    for (const writer of this.#writers) writer.flush();
    this.#writers.clear();
    this.#writtenAt = this.#clock.now();
    this.#worked = 0;
  }

  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const task = this.#next();
        if (task === undefined) {
          if (this.#writers.size === 0) return;
          // Where many are busy more is to be written after the next turn.
          if (this.#worked > FEW) await this.#rest();
          else this.#write();
          continue;
        }
        const begin = this.#clock.now();
        if (task.work(begin + TURN)) this.#again(task);
        this.#worked++;
        this.#held += this.#clock.now() - begin;
        if (this.#held >= TURN) await this.#rest();
      }
    } finally {
      this.#isRunning = false;
    }
  }

  /** Lets whatever else waits for the event loop have its turn. */
  async #rest(): Promise<void> {
    const isLate = this.#clock.now() - this.#writtenAt >= GATHERING;
    if (isLate) this.#write();
    const worked = this.#worked;
    this.#sinceSockets += this.#held;
    const isDue = this.#sinceSockets >= SOCKETS_EVERY;
    await (isDue ? everybodysTurn() : turn());
    if (isDue) this.#sinceSockets = 0;
    this.#held = 0;
    // Nobody had more to do meanwhile.
    if (this.#isIdle && worked === this.#worked) this.#write();
  }

  get #isIdle(): boolean {
    return this.#urgent === undefined && this.#queued.size === 0;
  }

  #again(task: Task): void {
    if (this.#queued.has(task)) return;
    this.#queued.add(task);
    this.#busy.push(task);
  }

  #next(): Task | undefined {
    if (this.#urgent !== undefined) {
      const urgent = this.#urgent;
      this.#urgent = undefined;
      return urgent;
    }
    const [first, second] = this.#wasFresh
      ? [this.#busy, this.#fresh]
      : [this.#fresh, this.#busy];
    const task = first.shift();
    this.#wasFresh = task === undefined
      ? first === this.#busy
      : first === this.#fresh;
    const next = task ?? second.shift();
    if (next !== undefined) this.#queued.delete(next);
    return next;
  }
}
