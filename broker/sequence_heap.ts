/**
 * Things in no order, of which the oldest goes first. A heap: what comes and
 * what goes cost the logarithm of how many there are, at the most.
 */
export class SequenceHeap<T extends { readonly sequence: number }> {
  /** Each is older than those at `2 * i + 1` and `2 * i + 2`. */
  readonly #heap: T[] = [];

  /** How many there are. */
  get length(): number {
    return this.#heap.length;
  }

  /** One more. */
  push(item: T): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.sequence < item.sequence) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = item;
  }

  /** The oldest, which stays there. */
  peek(): T | undefined {
    return this.#heap[0];
  }

  /** Takes the oldest. */
  shift(): T | undefined {
    const heap = this.#heap;
    const oldest = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return oldest;
    let at = 0;
    for (let child; (child = 2 * at + 1) < heap.length; at = child) {
      const other = heap[child + 1];
      if (other !== undefined && other.sequence < heap[child]!.sequence) {
        child++;
      }
      if (heap[child]!.sequence > last.sequence) break;
      heap[at] = heap[child]!;
    }
    heap[at] = last;
    return oldest;
  }
}
