/** Within how long, in ms, the same failure counts as the same. */
const WINDOW = 60_000;

/** How often the same is met until it is given up. */
const MOST = 3;

/**
 * Tells a failure that comes again and again: a message that cannot be read is
 * delivered anew on each connection, and ends each of them.
 */
export class RepeatedFailure {
  readonly #met = new Map<string, number[]>();

  /** It was met once more. Says whether that is once too often. */
  meet(failure: Error, now: number): boolean {
    for (const [message, times] of this.#met) {
      if (now - times.at(-1)! > WINDOW) this.#met.delete(message);
    }
    const times = [...this.#met.get(failure.message) ?? [], now]
      .filter((time) => now - time <= WINDOW);
    this.#met.set(failure.message, times);
    return times.length >= MOST;
  }
}
