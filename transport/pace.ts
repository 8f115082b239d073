import type { Clock } from "./clock.ts";
import { turn } from "./turn.ts";

/** After so many ms of work it is another's turn. */
const SHARE = 10;

/** In so many rounds of promises whoever was woken has begun to work. */
const ROUNDS = 4;

/**
 * Sees to it that nobody holds the event loop: promises that are ready run one
 * behind the other, and timers and sockets wait for as long as there are any.
 * So whoever goes on by promises asks whether it is another's turn, and waits.
 */
export class Pace {
  readonly #clock: Clock;
  /** When everybody has had a turn last. */
  #since: number;
  /** When it was last asked. */
  #now: number;
  readonly #waiting = new Set<() => void>();
  #isWaking = false;
  #turns = 0;
  #isCounting = false;

  /** Begins with a turn. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = this.#now = clock.now();
  }

  /** Whether it is another's turn. */
  get isOver(): boolean {
    this.#now = this.#clock.now();
    return this.#now - this.#since >= SHARE;
  }

  /** The time when that was last asked: it is asked before each piece of work. */
  get now(): number {
    return this.#now;
  }

  /** Waits for the next turn. */
  next(): Promise<void> {
    return new Promise((resolve) => this.wake(resolve));
  }

  /**
   * Calls back, at once if it may. What is woken together would work together:
   * so one begins behind the other, each when it is no other's turn.
   */
  wake(callback: () => void): void {
    this.#waiting.add(callback);
    if (this.#isWaking) return;
    this.#isWaking = true;
    void this.#wakeAll();
  }

  async #wakeAll(): Promise<void> {
    for (const callback of this.#waiting) {
      if (this.isOver) {
        await (this.#clock.turn?.() ?? turn());
        this.#since = this.#clock.now();
      }
      this.#waiting.delete(callback);
      callback();
      for (let round = 0; round < ROUNDS; round++) await undefined;
    }
    this.#isWaking = false;
  }

  /**
   * Waits for what comes from outside: where the event loop went round before it
   * came, everybody has had a turn.
   */
  async outside<T>(coming: Promise<T>): Promise<T> {
    const before = this.#turns;
    if (!this.#isCounting) {
      this.#isCounting = true;
      void turn().then(() => {
        this.#isCounting = false;
        this.#turns++;
      });
    }
    const come = await coming;
    if (this.#turns !== before) this.#since = this.#clock.now();
    return come;
  }
}
