import type { Clock } from "./clock.ts";
import { everybodysTurn } from "./turn.ts";

/** What a clock is made of. */
export interface TimeSource {
  /** Milliseconds that the program has run; they may stand while the machine sleeps. */
  running(): number;
  /** Milliseconds by the clock on the wall, which anybody may set. */
  onTheWall(): number;
  /** Calls back once, after so many milliseconds of running. Returns how to cancel that. */
  timer(milliseconds: number, callback: () => void): () => void;
}

/** What a runtime has. */
export const RUNTIME_TIME: TimeSource = {
  running: () => performance.now(),
  onTheWall: () => Date.now(),
  timer(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** By so many ms the wall must be ahead at once: less is a clock that is put right. */
const SLEEP = 2000;
/** The longest time, in ms, after which a timer looks how late it is. */
const LONGEST = 5000;
/** A timer that is shorter than this, in ms, does not look on its way. */
const SHORT = 1000;

/**
 * A clock that knows when the machine has slept: timers and `performance.now()`
 * stand still meanwhile, but to a broker we have been silent all the time, and
 * it to us. So what was due in the night is due at once in the morning. A clock
 * on the wall that is set forward looks the same, and costs a new connection.
 */
export class WakingClock implements Clock {
  readonly #time: TimeSource;
  #running: number;
  #wall: number;
  #slept = 0;

  /** Nobody has slept so far. */
  constructor(time: TimeSource = RUNTIME_TIME) {
    this.#time = time;
    this.#running = time.running();
    this.#wall = time.onTheWall();
  }

  now(): number {
    const running = this.#time.running();
    const wall = this.#time.onTheWall();
    const ahead = wall - this.#wall - (running - this.#running);
    if (ahead > SLEEP) this.#slept += ahead;
    this.#running = running;
    this.#wall = wall;
    return running + this.#slept;
  }

  /** Looks on its way, so that it is late by no more than half of the time. */
  after(milliseconds: number, callback: () => void): () => void {
    if (milliseconds === Infinity) return () => {};
    const due = this.now() + milliseconds;
    let cancel = () => {};
    const wait = (left: number) => {
      const slice = left <= SHORT ? left : Math.min(LONGEST, left / 2);
      cancel = this.#time.timer(slice, () => {
        const still = due - this.now();
        if (still < 1) callback();
        else wait(still);
      });
    };
    wait(milliseconds);
    return () => cancel();
  }

  turn(): Promise<void> {
    return everybodysTurn();
  }
}
