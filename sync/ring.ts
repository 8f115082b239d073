/**
 * Octets on their way from one thread to another: a ring in shared memory with
 * one writer and one reader. The two counters run on for ever, modulo 2³², and
 * what is between them waits to be read; nothing but their difference counts,
 * so it does not matter that they wrap around.
 */
export class Ring {
  readonly #octets: Uint8Array;
  readonly #mask: number;
  readonly #words: Int32Array;
  /** Which words are the counters. */
  readonly #written: number;
  readonly #read: number;

  /**
   * `octets` must be a power of two of octets, at most 2³⁰. The writer stores
   * into the first counter, the reader into the second.
   */
  constructor(
    octets: Uint8Array,
    words: Int32Array,
    counters: readonly [written: number, read: number],
  ) {
    this.#octets = octets;
    this.#mask = octets.length - 1;
    this.#words = words;
    [this.#written, this.#read] = counters;
  }

  /** How many octets it can hold. */
  get capacity(): number {
    return this.#octets.length;
  }

  /** How many octets wait to be read. */
  get length(): number {
    const words = this.#words;
    return (Atomics.load(words, this.#written) -
      Atomics.load(words, this.#read)) >>> 0;
  }

  /** How many octets can be put in. */
  get room(): number {
    return this.capacity - this.length;
  }

  /** Puts in what there is room for, from `from` on, and says how much it was. */
  put(octets: Uint8Array, from = 0): number {
    const count = Math.min(octets.length - from, this.room);
    if (count === 0) return 0;
    const written = Atomics.load(this.#words, this.#written);
    const at = written & this.#mask;
    const first = Math.min(count, this.capacity - at);
    this.#octets.set(octets.subarray(from, from + first), at);
    this.#octets.set(octets.subarray(from + first, from + count), 0);
    Atomics.store(this.#words, this.#written, (written + count) | 0);
    return count;
  }

  /** A copy of what waits, at most `limit` octets; they stay in the ring. */
  peek(limit = Infinity): Uint8Array {
    const count = Math.min(this.length, limit);
    const at = Atomics.load(this.#words, this.#read) & this.#mask;
    const first = Math.min(count, this.capacity - at);
    const octets = new Uint8Array(count);
    octets.set(this.#octets.subarray(at, at + first));
    octets.set(this.#octets.subarray(0, count - first), first);
    return octets;
  }

  /** Gives the room of the next `count` octets back to the writer. */
  drop(count: number): void {
    const read = Atomics.load(this.#words, this.#read);
    Atomics.store(this.#words, this.#read, (read + count) | 0);
  }
}
