import type { Frame } from "../codec/mod.ts";
import { quoted } from "../errors.ts";
import { Refusal, required } from "./refusal.ts";
import type { Delivery } from "./subscription.ts";

type Octets = Map<string, number>;

/** What a transaction will do when it is committed. */
export interface Transaction {
  readonly actions: (() => void)[];
  /** The SEND frames among that. */
  readonly sends: Frame[];
  /** How many octets of messages those are, by destination. */
  readonly held: Octets;
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
  /** What all of them hold, by destination. */
  readonly #held: Octets = new Map();

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
      held: new Map(),
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

  /** How many octets of messages for a destination all of them hold. */
  held(destination: string): number {
    return this.#held.get(destination) ?? 0;
  }

  /** One of them holds a SEND frame, of so many octets for this destination. */
  hold(
    { sends, held }: Transaction,
    frame: Frame,
    destination: string,
    octets: number,
  ): void {
    sends.push(frame);
    add(held, destination, octets);
    add(this.#held, destination, octets);
  }

  /** Forgets the one that a COMMIT or ABORT has ended; what it had claimed is free. */
  end(frame: Frame, transaction: Transaction): void {
    this.#open.delete(frame.headers.get("transaction")!);
    release(transaction);
    for (const [destination, octets] of transaction.held) {
      add(this.#held, destination, -octets);
    }
  }

  /** Forgets all. */
  clear(): void {
    for (const transaction of this.#open.values()) release(transaction);
    this.#open.clear();
    this.#held.clear();
  }
}

function release({ claims }: Transaction): void {
  for (const claimed of claims) claimed.isClaimed = false;
}

function add(sums: Octets, destination: string, octets: number): void {
  const sum = (sums.get(destination) ?? 0) + octets;
  if (sum === 0) sums.delete(destination);
  else sums.set(destination, sum);
}
