/** How many operations may wait for their receipts at once. */
const MOST = 500;

/**
 * Work that goes on while more is begun: so many at once, the first failure ends
 * it, and at the end everything is waited for.
 */
export class InFlight {
  readonly #most: number;
  readonly #running = new Set<Promise<void>>();
  readonly #failure = new AbortController();

  /** Begins empty. */
  constructor(most: number = MOST) {
    this.#most = most;
  }

  /** Aborts at the first failure, for whoever brings more. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  /**
   * Begins one more, when there is room.
   *
   * @throws What one of those before has thrown.
   */
  async add(work: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#most) await Promise.race(this.#running);
    this.failed.throwIfAborted();
    const running = work().catch((cause) => this.#failure.abort(cause)).finally(
      () => this.#running.delete(running),
    );
    this.#running.add(running);
  }

  /**
   * Waits for all of them.
   *
   * @throws What one of them has thrown.
   */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
    this.failed.throwIfAborted();
  }
}
