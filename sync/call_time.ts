/**
 * Work that may take longer than the call that has begun it may wait: it yields
 * when that call's time is up, and goes on in the next one.
 */
export type Resumable<T> = Generator<void, T, void>;

/**
 * The time that calls spend on such work. It stands still between them, so that
 * a program which looks in once a minute does not run into time-outs by that.
 */
export class CallTime {
  #until = Infinity;
  #lag = 0;
  #leftAt: number | undefined;

  /** Now, in this time. */
  now(): number {
    return performance.now() - this.#lag;
  }

  /** A call begins, which may wait until then, a `performance.now()`. */
  enter(until: number): void {
    if (this.#leftAt !== undefined) {
      this.#lag += performance.now() - this.#leftAt;
    }
    this.#leftAt = undefined;
    this.#until = until;
  }

  /** The call returns, with the work unfinished. */
  leave(): void {
    this.#leftAt = performance.now();
  }

  /** Whether the deadline has come, and not just the end of the present call. */
  isOver(deadline: number): boolean {
    return performance.now() < this.#until || this.now() >= deadline;
  }

  /** Until when the present call can wait, in real time, for what is due by then in this time. */
  waitsUntil(deadline: number): number {
    return Math.min(deadline + this.#lag, this.#until);
  }
}

/** What comes of it in the one call that waits for as long as it takes. */
export function finish<T>(work: Resumable<T>): T {
  const { done, value } = work.next();
  if (!done) throw new Error("A call was left that can wait for ever.");
  return value;
}
