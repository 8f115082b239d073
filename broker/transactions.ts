import type { Frame } from "../codec/mod.ts";
import { quoted } from "../errors.ts";
import type { MemoryBudget } from "./memory_budget.ts";
import type { MessageContent } from "./message.ts";
import { Refusal, requiredName } from "./refusal.ts";
import type { SubscriptionClaim } from "./subscriptions.ts";

type Octets = Map<string, number>;

/** What a transaction takes beside what it holds, roughly. */
const OVERHEAD = 500;
/** The same of a receipt that waits for its end. */
const RECEIPT_OVERHEAD = 32;

/** What a transaction will do when it is committed. */
export interface Transaction {
  readonly actions: (() => void)[];
  /** The messages that it sends among that. */
  readonly sends: MessageContent[];
  /** Receipts that are given when it is committed. */
  readonly receipts: string[];
  /** What was settled in it and is so no more when it is aborted. */
  readonly claims: SubscriptionClaim[];
  /** Whether it cannot do all that it should, and so must do nothing. */
  isSpoilt: boolean;
  /** What it takes of the budget. */
  octets: number;
}

/** The transactions of one client (STOMP 1.2, "BEGIN"). */
export class Transactions {
  readonly #max: number;
  readonly #budget: MemoryBudget;
  readonly #open = new Map<string, Transaction>();
  /** How many octets of messages all of them hold, by destination. */
  readonly #held: Octets = new Map();

  /** How many may be open, and of what they take. */
  constructor(max: number, budget: MemoryBudget) {
    this.#max = max;
    this.#budget = budget;
  }

  /**
   * Takes a BEGIN.
   *
   * @throws {Refusal} if there is one of that name, or are too many.
   */
  begin(frame: Frame): void {
    const id = requiredName(frame, "transaction");
    if (this.#open.has(id)) {
      throw new Refusal(
        `The transaction ${quoted(id)} has been begun already.`,
      );
    }
    if (this.#open.size >= this.#max) {
      throw new Refusal(
        `${this.#max} transactions are open on this connection, and more may not ` +
          "be (maxTransactions): COMMIT or ABORT one first.",
        { isFatal: true },
      );
    }
    const octets = OVERHEAD + id.length;
    this.#budget.require(octets);
    this.#budget.take(octets);
    this.#open.set(id, {
      actions: [],
      sends: [],
      receipts: [],
      claims: [],
      isSpoilt: false,
      octets,
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

  /** How many octets of messages for a destination all of them hold. */
  held(destination: string): number {
    return this.#held.get(destination) ?? 0;
  }

  /** One of them holds a message. */
  hold(transaction: Transaction, content: MessageContent): void {
    const { destination, octets } = content;
    transaction.sends.push(content);
    add(this.#held, destination, octets);
    this.#take(transaction, octets);
  }

  /** One of them gives a receipt when it is committed. */
  confirmLater(transaction: Transaction, receipt: string): void {
    transaction.receipts.push(receipt);
    this.#take(transaction, RECEIPT_OVERHEAD + receipt.length);
  }

  #take(transaction: Transaction, octets: number): void {
    transaction.octets += octets;
    this.#budget.take(octets);
  }

  /** Forgets the one that a COMMIT or ABORT has ended. */
  end(frame: Frame, transaction: Transaction): void {
    this.#open.delete(frame.headers.get("transaction")!);
    this.#budget.give(transaction.octets);
    for (const { destination, octets } of transaction.sends) {
      add(this.#held, destination, -octets);
    }
  }

  /** Forgets all; what they had claimed is to be released. */
  clear(): SubscriptionClaim[] {
    const open = [...this.#open.values()];
    for (const { octets } of open) this.#budget.give(octets);
    this.#open.clear();
    this.#held.clear();
    return open.flatMap(({ claims }) => claims);
  }
}

function add(sums: Octets, destination: string, octets: number): void {
  const sum = (sums.get(destination) ?? 0) + octets;
  if (sum === 0) sums.delete(destination);
  else sums.set(destination, sum);
}
