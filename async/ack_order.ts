import { quoted, UsageError } from "../errors.ts";
import type { Delivery, Verb } from "./message.ts";
import type { Transaction } from "./transaction.ts";

/**
 * What an ACK in `client` mode covers: all that was handed out before and is not
 * settled, in the order of handing out.
 */
export class AckOrder {
  #order = new Set<Delivery>();
  /** What was settled in transactions that have not ended. */
  readonly #undecided = new Map<Transaction, Delivery[]>();

  /** It is handed out behind all others. */
  add(delivery: Delivery): void {
    this.#order.add(delivery);
  }

  /** Nothing can be covered any more. */
  clear(): void {
    this.#order.clear();
  }

  /** The last one that all up to are finished, where there are any. */
  get lastFinished(): Delivery | undefined {
    let limit = Infinity;
    for (const [first] of this.#undecided.values()) {
      limit = Math.min(limit, first!.position);
    }
    let last: Delivery | undefined;
    for (const delivery of this.#order) {
      if (!delivery.isFinished || delivery.position > limit) break;
      last = delivery;
    }
    return last;
  }

  /** Takes out what a frame for this one covers, itself included. */
  cutOff({ position }: Delivery): Delivery[] {
    const covered: Delivery[] = [];
    for (const one of this.#order) {
      if (one.position > position) break;
      covered.push(one);
      this.#order.delete(one);
    }
    return covered;
  }

  /**
   * Refuses to cover what a handler is busy with, what a loop was left with, and
   * what is in another transaction.
   *
   * @throws {UsageError} that names the message or the transaction.
   */
  requireNoOther(
    { position }: Delivery,
    verb: Verb,
    transaction: Transaction | undefined,
  ): void {
    for (const other of this.#order) {
      if (other.position >= position) break;
      if (other.isFinished || other.isByHand && !other.isAbandoned) continue;
      throw new UsageError(
        `In ack mode "client" ${verb}() would cover the message ${
          quoted(other.message.id)
        } too, which ` +
          (other.isAbandoned
            ? "was left unsettled: settle that one first, "
            : "is not finished: leave this to the consumer, have a " +
              "concurrency of 1, ") +
          'or use "client-individual".',
      );
    }
    for (const [other, [first]] of this.#undecided) {
      if (other === transaction || first!.position > position) continue;
      throw new UsageError(
        `In ack mode "client" ${verb}() would cover what was settled in the ` +
          `transaction ${other.id}: end that first, or use "client-individual".`,
      );
    }
  }

  /** Settled in a transaction; says whether it is the first of that. */
  await(transaction: Transaction, settled: readonly Delivery[]): boolean {
    const before = this.#undecided.get(transaction);
    if (before === undefined) this.#undecided.set(transaction, [...settled]);
    else for (const one of settled) before.push(one);
    return before === undefined;
  }

  /** The transactions that have not ended. */
  get transactions(): Transaction[] {
    return [...this.#undecided.keys()];
  }

  /** A transaction has ended: what was settled in it. */
  ended(transaction: Transaction): readonly Delivery[] {
    const decided = this.#undecided.get(transaction) ?? [];
    this.#undecided.delete(transaction);
    return decided;
  }

  /** They are not settled after all: each is where it was. */
  putBack(undone: readonly Delivery[]): void {
    this.#order = new Set(
      [...this.#order, ...undone].sort((a, b) => a.position - b.position),
    );
  }
}
