import type { Clock } from "../transport/clock.ts";

/** For how long, in ms, a socket may take nothing before that is told. */
const PATIENCE = 5000;

/** What is watched. */
export interface StallWatchHost {
  /** How many octets the socket has not taken. */
  waiting(): number;
  /** How many it has taken so far. */
  written(): number;
  /** It has taken nothing for too long. */
  stalled(octets: number): void;
  /** It takes octets again. */
  resumed(): void;
}

/** Notices that a socket takes nothing any more, with one timer at the most. */
export class StallWatch {
  readonly #clock: Clock;
  readonly #host: StallWatchHost;
  #cancel: (() => void) | undefined;
  #isStalled = false;
  #isStopped = false;

  /** Nothing is on its way yet. */
  constructor(clock: Clock, host: StallWatchHost) {
    this.#clock = clock;
    this.#host = host;
  }

  /** Whether the socket takes nothing. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** Something is on its way. */
  begin(): void {
    if (this.#cancel === undefined && !this.#isStopped) this.#arm();
  }

  /** The socket has taken something. */
  progress(): void {
    if (!this.#isStalled) return;
    this.#isStalled = false;
    this.#host.resumed();
  }

  /** There is nothing to watch any more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #arm(): void {
    const before = this.#host.written();
    this.#cancel = this.#clock.after(PATIENCE, () => {
      this.#cancel = undefined;
      const octets = this.#host.waiting();
      if (octets === 0) return;
      const isStalled = this.#host.written() === before;
      if (isStalled && !this.#isStalled) {
        this.#isStalled = true;
        this.#host.stalled(octets);
      }
      if (!this.#isStopped) this.#arm();
    });
  }
}
