import { Fifo } from "../session/fifo.ts";
import type { Clock } from "../transport/clock.ts";
import { turn } from "../transport/turn.ts";

/** For how long something works before it is another's turn, in ms. */
const TURN = 2;

/** Somebody who has work to do, in parts. */
export interface Task {
  /** Works until this time, or shorter. Whether more is left to be done. */
  work(until: number): boolean;
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

  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const task = this.#next();
        if (task === undefined) return;
        const begin = this.#clock.now();
        if (task.work(begin + TURN)) this.#again(task);
        this.#held += this.#clock.now() - begin;
        if (this.#held < TURN) continue;
        await turn();
        this.#held = 0;
      }
    } finally {
      this.#isRunning = false;
    }
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
