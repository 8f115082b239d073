import type { StoredMessage } from "./message.ts";

/**
 * Messages that came back undone, of which the oldest goes first. A heap: what
 * comes back and what goes cost the logarithm of how many there are.
 */
export class Returned {
  /** Each is older than those at `2 * i + 1` and `2 * i + 2`. */
  readonly #heap: StoredMessage[] = [];

  /** How many there are. */
  get length(): number {
    return this.#heap.length;
  }

  /** One more. */
  push(message: StoredMessage): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.sequence < message.sequence) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = message;
  }

  /** Takes the oldest. */
  shift(): StoredMessage | undefined {
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
