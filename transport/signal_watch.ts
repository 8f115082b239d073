/**
 * Listens to signals for many that wait: once to each signal, however many of
 * them share it, because a signal looks through its listeners one by one.
 */
export class SignalWatch {
  readonly #callbacks = new Map<AbortSignal, Set<() => void>>();

  /** Calls back once the signal aborts. Returns how to have that no more. */
  on(signal: AbortSignal, callback: () => void): () => void {
    let callbacks = this.#callbacks.get(signal);
    if (callbacks === undefined) {
      callbacks = new Set();
      this.#callbacks.set(signal, callbacks);
      signal.addEventListener("abort", this.#aborted, { once: true });
    }
    const called = callbacks.add(callback);
    return () => {
      if (!called.delete(callback) || called.size > 0) return;
      if (this.#callbacks.get(signal) !== called) return;
      this.#callbacks.delete(signal);
      signal.removeEventListener("abort", this.#aborted);
    };
  }

  /** A promise that rejects with the signal's reason, should it abort before. */
  limit<T>(
    promise: Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    if (signal === undefined) return promise;
    if (signal.aborted) {
      promise.catch(() => {});
      return Promise.reject(signal.reason);
    }
    return new Promise((resolve, reject) => {
      const forget = this.on(signal, () => reject(signal.reason));
      promise.then(resolve, reject).finally(forget);
    });
  }

  readonly #aborted = (event: Event): void => {
    const signal = event.currentTarget as AbortSignal;
    const callbacks = this.#callbacks.get(signal) ?? [];
    this.#callbacks.delete(signal);
    for (const callback of callbacks) callback();
  };
}
