import type { Frame } from "../codec/mod.ts";
import { quoted } from "../errors.ts";
import { Refusal, required } from "./refusal.ts";
import type { Delivery } from "./subscription.ts";

/** What a transaction will do when it is committed. */
export interface Transaction {
  readonly actions: (() => void)[];
  /** The SEND frames among that. */
  readonly sends: Frame[];
  /** Receipts that are given when it is committed. */
  readonly receipts: string[];
  /** What was settled in it and is so no more when it is aborted. */
  readonly claims: Delivery[];
  /** Whether it cannot do all that it should, and so must do nothing. */
  isSpoilt: boolean;
}

/** The transactions of one client (STOMP 1.2, "BEGIN"). */
export class Transactions {
  readonly #open = new Map<string, Transaction>();

  /**
   * Takes a BEGIN.
   *
   * @throws {Refusal} if there is one of that name.
   */
  begin(frame: Frame): void {
    const id = required(frame, "transaction");
    if (this.#open.has(id)) {
      throw new Refusal(
        `The transaction ${quoted(id)} has been begun already.`,
      );
    }
    this.#open.set(id, {
      actions: [],
      sends: [],
      receipts: [],
      claims: [],
      isSpoilt: false,
    });
  }

  /**
   * The one that a frame belongs to, if it says so.
   *
   * @throws {Refusal} if that has not been begun.
   */
  of(frame: Frame): Transaction | undefined {
    const id = frame.headers.get("transaction");
    if (id === undefined) return undefined;
    const transaction = this.#open.get(id);
    if (transaction !== undefined) return transaction;
    throw new Refusal(`There is no transaction ${quoted(id)}: BEGIN it first.`);
  }

  /** Forgets the one that a COMMIT or ABORT has ended; what it had claimed is free. */
  end(frame: Frame, transaction: Transaction): void {
    this.#open.delete(frame.headers.get("transaction")!);
    release(transaction);
  }

  /** Forgets all. */
  clear(): void {
    for (const transaction of this.#open.values()) release(transaction);
    this.#open.clear();
  }
}

function release({ claims }: Transaction): void {
  for (const claimed of claims) claimed.isClaimed = false;
}
