import type { MemoryBudget } from "./memory_budget.ts";

/** The first slab of a queue, and the largest, in octets. */
const SMALLEST_SLAB = 256;
const LARGEST_SLAB = 8 * 1024;
/** Bodies beyond this have memory of their own. */
const LARGEST_SMALL = 2 * 1024;

const NOTHING = new Uint8Array(0);

/** Memory that bodies share. It counts as long as one of them is there. */
export class BodySlab {
  readonly #budget: MemoryBudget;
  readonly #octets: number;
  /** How many messages have a body in it, and whether more may follow. */
  #users = 1;

  /** Takes its octets of the budget. */
  constructor(budget: MemoryBudget, octets: number) {
    this.#budget = budget;
    this.#octets = octets;
    budget.take(octets);
  }

  /** One more message has its body in it. */
  retain(): void {
    this.#users++;
  }

  /** A message that had its body in it is gone, or none follows. */
  release(): void {
    if (--this.#users === 0) this.#budget.give(this.#octets);
  }
}

/** A body that keeps nothing else alive than the slab that it may be in. */
export interface KeptBody {
  readonly body: Uint8Array;
  readonly slab: BodySlab | undefined;
}

/**
 * Copies of the bodies of one queue. What comes over a link is a view on the piece
 * that it came in, up to 64 KiB for a few octets; memory of its own costs a small
 * body more than all the rest of its way through the broker.
 */
export class BodySlabs {
  readonly #budget: MemoryBudget;
  #bytes: Uint8Array = NOTHING;
  #used = 0;
  #slab: BodySlab | undefined;

  /** Begins without a slab. */
  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  /** A body to be kept. */
  keep(body: Uint8Array): KeptBody {
    if (body.length === 0) return { body: NOTHING, slab: undefined };
    if (body.length > LARGEST_SMALL) {
      return { body: ownBody(body), slab: undefined };
    }
    if (this.#used + body.length > this.#bytes.length) this.#begin(body.length);
    const begin = this.#used;
    this.#bytes.set(body, begin);
    this.#used += body.length;
    return {
      body: this.#bytes.subarray(begin, this.#used),
      slab: this.#slab,
    };
  }

  #begin(least: number): void {
    this.#slab?.release();
    const octets = Math.max(
      least,
      SMALLEST_SLAB,
      Math.min(2 * this.#bytes.length, LARGEST_SLAB),
    );
    this.#bytes = new Uint8Array(octets);
    this.#used = 0;
    this.#slab = new BodySlab(this.#budget, octets);
  }

  /** No body follows. */
  close(): void {
    this.#slab?.release();
    this.#slab = undefined;
    this.#bytes = NOTHING;
    this.#used = 0;
  }
}

/** A body in memory of its own, unless it has that already. */
export function ownBody(body: Uint8Array): Uint8Array {
  const wasted = body.buffer.byteLength - body.length;
  // A slice of a Buffer, as runtimes hand it out, would only be a view.
  return wasted > body.length >> 3 ? new Uint8Array(body) : body;
}
