import type { Queue } from "./queue.ts";

/** So many messages in a row come from one queue, where others wait. */
const SHARE = 16;

/**
 * The queues that may have something to deliver. What a frame sets free is
 * gathered here and goes out behind the frame's RECEIPT, and a message for
 * thousands of subscriptions goes out in parts.
 */
export class Deliveries {
  readonly #due = new Set<Queue>();

  /** Whether some are left to be made. */
  get isBehind(): boolean {
    return this.#due.size > 0;
  }

  /** A queue may have something to deliver. */
  add(queue: Queue): void {
    this.#due.add(queue);
  }

  /** Makes so many at the most. */
  make(most: number): void {
    let left = most;
    // Whatever is added meanwhile is iterated, too.
    for (const queue of this.#due) {
      if (left <= 0) return;
      this.#due.delete(queue);
      const share = Math.min(left, SHARE);
      const made = queue.deliver(share);
      left -= Math.max(1, made);
      if (made === share) this.#due.add(queue);
    }
  }
}
