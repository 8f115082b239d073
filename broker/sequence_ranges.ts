/** Numbers that follow each other, both ends included. */
export interface SequenceRange {
  readonly from: number;
  readonly to: number;
}

/**
 * A set of growing numbers, kept as ranges: what takes a thousand of them out
 * and puts them back costs as much as one.
 */
export class SequenceRanges {
  /** In order; no two of them touch. */
  #ranges: SequenceRange[] = [];

  /** How many ranges there are. */
  get size(): number {
    return this.#ranges.length;
  }

  /** Adds a number above all others. */
  push(sequence: number): void {
    const last = this.#ranges.at(-1);
    if (last?.to !== sequence - 1) {
      this.#ranges.push({ from: sequence, to: sequence });
    } else this.#ranges[this.#ranges.length - 1] = { ...last, to: sequence };
  }

  /** Whether a number is in it. */
  has(sequence: number): boolean {
    const range = this.#ranges[this.#firstEndingAt(sequence)];
    return range !== undefined && range.from <= sequence;
  }

  /** Takes out everything up to a number, that included. */
  takeUntil(sequence: number): SequenceRange[] {
    const count = this.#firstEndingAt(sequence);
    const taken = this.#ranges.splice(0, count);
    const next = this.#ranges[0];
    if (next === undefined || next.from > sequence) return taken;
    taken.push({ from: next.from, to: sequence });
    if (next.to === sequence) this.#ranges.shift();
    else this.#ranges[0] = { from: sequence + 1, to: next.to };
    return taken;
  }

  /** Takes out one number that is in it. */
  takeOne(sequence: number): SequenceRange[] {
    const at = this.#firstEndingAt(sequence);
    const { from, to } = this.#ranges[at]!;
    const rest: SequenceRange[] = [];
    if (from < sequence) rest.push({ from, to: sequence - 1 });
    if (sequence < to) rest.push({ from: sequence + 1, to });
    this.#ranges.splice(at, 1, ...rest);
    return [{ from: sequence, to: sequence }];
  }

  /** Puts a range back, none of which is in it. */
  putBack({ from, to }: SequenceRange): void {
    const at = this.#firstEndingAt(from);
    const before = this.#ranges[at - 1];
    const after = this.#ranges[at];
    const joinsBefore = before?.to === from - 1;
    const joinsAfter = after?.from === to + 1;
    this.#ranges.splice(
      joinsBefore ? at - 1 : at,
      Number(joinsBefore) + Number(joinsAfter),
      {
        from: joinsBefore ? before!.from : from,
        to: joinsAfter ? after!.to : to,
      },
    );
  }

  /** Takes out everything. */
  clear(): SequenceRange[] {
    const ranges = this.#ranges;
    this.#ranges = [];
    return ranges;
  }

  /** The index of the first range that does not end before a number. */
  #firstEndingAt(sequence: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ranges[middle]!.to < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
