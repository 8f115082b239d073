import type { Clock } from "../transport/clock.ts";
import { turn } from "../transport/turn.ts";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until the test moves it: a minute of heart-beats
 * takes no time.
 */
export class VirtualClock implements Clock {
  #now = 0;
  /** In the order in which they were set. */
  readonly #timers = new Set<Timer>();
  /** Done when time has passed as far as was asked for until now. */
  #advanced: Promise<unknown> = Promise.resolve();

  /** Milliseconds since it was made. */
  now(): number {
    return this.#now;
  }

  /** Calls back once, when so many milliseconds have been advanced. */
  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.#now + milliseconds, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers are set; those that never come are none. */
  get pending(): number {
    return [...this.#timers].filter(({ at }) => at !== Infinity).length;
  }

  /**
   * Lets time pass. Timers that fall due run in their order, each at its own
   * time, and what one of them sets off is done before the next one runs. Where
   * time is passing already, this is added to it.
   */
  advance(milliseconds: number): Promise<void> {
    const advanced = this.#advanced.then(() => this.#advance(milliseconds));
    this.#advanced = advanced.catch(() => {});
    return advanced;
  }

  async #advance(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds;
    await settled();
    for (
      let timer = this.#nextUntil(until);
      timer !== undefined;
      timer = this.#nextUntil(until)
    ) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
      await settled();
    }
    // A callback may have blocked for longer.
    this.#now = Math.max(this.#now, until);
  }

  /**
   * Lets time pass in which nothing runs, as when the program computes: timers
   * that fall due run late, when the clock is advanced the next time.
   */
  block(milliseconds: number): void {
    this.#now += milliseconds;
  }

  #nextUntil(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= until && (next === undefined || timer.at < next.at)) {
        next = timer;
      }
    }
    return next;
  }
}

/**
 * Resolves when everything has happened that needs no time: promises and links
 * in memory are at rest at the end of a turn of the event loop.
 */
export async function settled(): Promise<void> {
  // Who has worked for long leaves a turn to others, and goes on in the next one.
  for (let turns = 0; turns < 3; turns++) await turn();
}
