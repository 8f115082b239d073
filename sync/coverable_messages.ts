/** What is settled by itself, or along with something later. */
export interface Coverable {
  /** Its place in the order of handing out. */
  readonly number: number;
  settled: "ack" | "nack" | undefined;
}

/** One ACK or NACK, and everything that it has covered. */
interface Cover<T> {
  /** The place of the last one that it covers. */
  readonly number: number;
  readonly verb: "ack" | "nack";
  covered: readonly T[];
  /** Whether it can no longer be taken back. */
  isKept: boolean;
}

/**
 * The messages of one subscription in ack mode `client`, in the order of
 * handing out: an ACK cuts off a prefix, and what takes it back puts that in its
 * place again. Each message is looked at a fixed number of times, however many
 * there are and in whatever way they are settled.
 */
export class CoverableMessages<T extends Coverable> {
  /** Not settled: those at the front in reverse, those behind them as they came. */
  #front: T[] = [];
  #back: T[] = [];
  /** From the first that can be taken back on, in their order. */
  readonly #covers: Cover<T>[] = [];

  /** The next one is handed out. */
  add(message: T): void {
    this.#back.push(message);
  }

  /** Settles one, and all unsettled ones before it. */
  settle(
    message: T,
    verb: "ack" | "nack",
  ): { keep(): void; undo(): void } {
    const { number } = message;
    const covered: T[] = [];
    for (let next; (next = this.#shift(number)) !== undefined;) {
      next.settled = verb;
      covered.push(next);
    }
    const cover: Cover<T> = { number, verb, covered, isKept: false };
    this.#covers.push(cover);
    return {
      keep: () => this.#keep(cover),
      undo: () => this.#undo(cover),
    };
  }

  #keep(cover: Cover<T>): void {
    cover.isKept = true;
    cover.covered = [];
    let kept = 0;
    while (this.#covers[kept]?.isKept) kept++;
    if (kept > 0) this.#covers.splice(0, kept);
  }

  #undo(cover: Cover<T>): void {
    if (cover.isKept) return;
    const at = this.#placeOf(cover);
    if (this.#covers[at] !== cover) return;
    this.#covers.splice(at, 1);
    // What a later one covers, too, is settled by that.
    const later = this.#covers[at];
    for (const message of cover.covered) message.settled = later?.verb;
    if (later === undefined) {
      for (const message of cover.covered.toReversed()) {
        this.#front.push(message);
      }
    } else if (!later.isKept) {
      later.covered = [...cover.covered, ...later.covered];
    }
  }

  /** Where it is, or would be. */
  #placeOf({ number }: Cover<T>): number {
    let [from, to] = [0, this.#covers.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#covers[middle]!.number < number) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Takes the first one, if it is not behind that place. */
  #shift(last: number): T | undefined {
    if (this.#front.length === 0) {
      this.#front = this.#back.reverse();
      this.#back = [];
    }
    const first = this.#front.at(-1);
    return first !== undefined && first.number <= last
      ? this.#front.pop()
      : undefined;
  }
}
