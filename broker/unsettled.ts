import type { StoredMessage } from "./message.ts";
import { type SequenceRange, SequenceRanges } from "./sequence_ranges.ts";

/** A message that was delivered and awaits its acknowledgement. */
export interface Delivery {
  /** Grows with each one of its subscription. */
  readonly sequence: number;
  readonly message: StoredMessage;
  /** Whether an ACK or NACK has named it alone, in a transaction that is open. */
  isClaimed: boolean;
}

/**
 * What an ACK or NACK is about, from then on until it is settled or its
 * transaction is aborted: one delivery, or all of some ranges that are there.
 */
export type Claim = Delivery | readonly SequenceRange[];

/** What was delivered to one subscription and is not settled. */
export class Unsettled {
  /** By message id, in the order of delivery. */
  readonly #byId = new Map<string, Delivery>();
  /** By sequence, where an ACK covers those before it, too. */
  readonly #bySequence: Map<number, Delivery> | undefined;
  /** Those of them that nothing claims; gaps are settled ones. */
  readonly #free = new SequenceRanges();
  #last = 0;
  /** The latest one that was settled. */
  #lastSettled = 0;

  /** Whether an ACK covers those before it, too. */
  constructor(isCumulative: boolean) {
    this.#bySequence = isCumulative ? new Map() : undefined;
  }

  /** How many there are. */
  get size(): number {
    return this.#byId.size;
  }

  /** One more. */
  add(message: StoredMessage): Delivery {
    const delivery = { sequence: ++this.#last, message, isClaimed: false };
    this.#byId.set(message.id, delivery);
    if (this.#bySequence !== undefined) {
      this.#bySequence.set(delivery.sequence, delivery);
      this.#free.push(delivery.sequence);
    }
    return delivery;
  }

  /** The delivery of a message. */
  get(messageId: string): Delivery | undefined {
    return this.#byId.get(messageId);
  }

  /** All of them, in the order of delivery. */
  all(): Iterable<Delivery> {
    return this.#byId.values();
  }

  /** Whether nothing claims it. */
  isFree(delivery: Delivery): boolean {
    return this.#bySequence === undefined
      ? !delivery.isClaimed
      : this.#free.has(delivery.sequence);
  }

  /**
   * Claims a delivery that is free, and where they are taken together all free
   * ones before it (STOMP 1.2, "ack Header").
   */
  claim(delivery: Delivery, isTogether: boolean): Claim {
    if (this.#bySequence === undefined) {
      delivery.isClaimed = true;
      return delivery;
    }
    return isTogether
      ? this.#free.takeUntil(delivery.sequence)
      : this.#free.takeOne(delivery.sequence);
  }

  /** Claims all that are free. */
  claimFree(): readonly Claim[] {
    if (this.#bySequence !== undefined) return [this.#free.clear()];
    const free = [...this.#byId.values()].filter(({ isClaimed }) => !isClaimed);
    for (const delivery of free) delivery.isClaimed = true;
    return free;
  }

  /** What was claimed is free again. */
  release(claim: Claim): void {
    if ("sequence" in claim) claim.isClaimed = false;
    else for (const range of claim) this.#free.putBack(range);
  }

  /** What was claimed is settled. Returns it. */
  settle(claim: Claim): Delivery[] {
    if ("sequence" in claim) {
      this.#settle(claim);
      return [claim];
    }
    const settled: Delivery[] = [];
    for (const { from, to } of claim) {
      for (let sequence = from; sequence <= to; sequence++) {
        const delivery = this.#bySequence!.get(sequence);
        if (delivery === undefined) continue;
        this.#settle(delivery);
        settled.push(delivery);
      }
    }
    return settled;
  }

  #settle({ sequence, message }: Delivery): void {
    this.#byId.delete(message.id);
    this.#bySequence?.delete(sequence);
    this.#lastSettled = Math.max(this.#lastSettled, sequence);
  }

  /**
   * The latest delivery that the client can have begun with: the oldest, or one
   * before another that was settled.
   */
  get lastBegun(): number {
    const [oldest] = this.#byId.values();
    return Math.max(oldest?.sequence ?? 0, this.#lastSettled);
  }
}
