import type { Frame } from "../codec/mod.ts";
import { quoted, UsageError } from "../errors.ts";
import type { SessionSubscription } from "./events.ts";

/** What has ids on a connection. */
type Kind = "receipt" | "subscription" | "transaction";

/**
 * What is under way on one connection: its subscriptions, its transactions, and
 * the receipts that are outstanding. It ends with the connection.
 */
export class SessionRegistry {
  readonly #subscriptions = new Map<string, SessionSubscription>();
  /** The same, for messages that do not say which subscription they are for. */
  readonly #byDestination = new Map<string, Set<SessionSubscription>>();
  /** What each SUBSCRIBE has made and each UNSUBSCRIBE has ended. */
  readonly #made = new WeakMap<Frame, SessionSubscription>();
  readonly #ended = new WeakMap<Frame, SessionSubscription>();
  readonly #transactions = new Set<string>();
  /** The command that asked for each receipt. */
  readonly #receipts = new Map<string, string>();
  #lastId = 0;

  /** An id that is new; the caller may have given one that looks alike. */
  newId(kind: Kind): string {
    const taken = {
      receipt: this.#receipts,
      subscription: this.#subscriptions,
      transaction: this.#transactions,
    }[kind];
    let id: string;
    do id = `${kind}-${++this.#lastId}`; while (taken.has(id));
    return id;
  }

  /** The subscription that has this id now. */
  subscription(id: string): SessionSubscription | undefined {
    return this.#subscriptions.get(id);
  }

  /** @throws {UsageError} if the id is taken. */
  requireNewSubscription(id: string): void {
    if (!this.#subscriptions.has(id)) return;
    throw new UsageError(
      `There is a subscription with the id ${quoted(id)} already: choose ` +
        "another, or leave the id out.",
    );
  }

  /** @throws {UsageError} if there is none with this id. */
  requireSubscription(id: string): SessionSubscription {
    const subscription = this.#subscriptions.get(id);
    if (subscription !== undefined) return subscription;
    throw new UsageError(
      `There is no subscription with the id ${quoted(id)} to end.`,
    );
  }

  /** A SUBSCRIBE has made this subscription. */
  subscribed(frame: Frame, subscription: SessionSubscription): void {
    this.#made.set(frame, subscription);
    this.#add(subscription);
  }

  /** An UNSUBSCRIBE of ours has ended it. */
  unsubscribed(frame: Frame, subscription: SessionSubscription): void {
    this.#ended.set(frame, subscription);
    this.endSubscription(subscription);
  }

  /** The subscription is over. */
  endSubscription(subscription: SessionSubscription): void {
    const { id, destination } = subscription;
    if (this.#subscriptions.get(id) !== subscription) return;
    this.#subscriptions.delete(id);
    const alike = this.#byDestination.get(destination)!;
    alike.delete(subscription);
    if (alike.size === 0) this.#byDestination.delete(destination);
  }

  /**
   * Whose a message is. A 1.0 broker may leave the subscription out: its
   * destination must do, or that there is only one that can be meant.
   */
  subscriptionOf(
    { headers }: Frame,
    isNameless: boolean,
  ): SessionSubscription | undefined {
    const id = headers.get("subscription");
    if (id !== undefined) return this.#subscriptions.get(id);
    const alike = this.#byDestination.get(headers.get("destination") ?? "");
    if (alike !== undefined) return first(alike);
    return isNameless && this.#subscriptions.size === 1
      ? first(this.#subscriptions.values())
      : undefined;
  }

  /** @throws {UsageError} if the transaction is under way. */
  requireNewTransaction(id: string): void {
    if (!this.#transactions.has(id)) return;
    throw new UsageError(
      `The transaction ${quoted(id)} has been begun already.`,
    );
  }

  /** @throws {UsageError} if the transaction is not under way. */
  requireTransaction(id: string, command: string): void {
    if (this.#transactions.has(id)) return;
    throw new UsageError(
      `There is no transaction ${quoted(id)} to ${command}: it was never ` +
        "begun, was ended before, or belonged to an earlier connection.",
    );
  }

  /** A transaction is under way. */
  begun(id: string): void {
    this.#transactions.add(id);
  }

  /** A transaction is over. */
  endTransaction(id: string): void {
    this.#transactions.delete(id);
  }

  /** @throws {UsageError} if somebody waits for a receipt with this id. */
  requireNewReceipt(id: string): void {
    if (!this.#receipts.has(id)) return;
    throw new UsageError(
      `The receipt ${quoted(id)} has been asked for already and has not come ` +
        "yet: take another id, such as one from newReceipt().",
    );
  }

  /** A frame has asked for a receipt. */
  asked(receipt: string, command: string): void {
    this.#receipts.set(receipt, command);
  }

  /** A receipt has come: the command that asked for it. */
  takeReceipt(id: string): string | undefined {
    const command = this.#receipts.get(id);
    this.#receipts.delete(id);
    return command;
  }

  /** A frame could not be written after all: what it began or ended is undone. */
  withdraw(frame: Frame): void {
    const { headers } = frame;
    this.#receipts.delete(headers.get("receipt") ?? "");
    if (frame.command === "BEGIN") {
      this.endTransaction(headers.get("transaction") ?? "");
    }
    const made = this.#made.get(frame);
    if (made !== undefined) this.endSubscription(made);
    const ended = this.#ended.get(frame);
    if (ended !== undefined && !this.#subscriptions.has(ended.id)) {
      this.#add(ended);
    }
  }

  /** The connection is gone, and with it everything. */
  clear(): void {
    this.#subscriptions.clear();
    this.#byDestination.clear();
    this.#transactions.clear();
    this.#receipts.clear();
  }

  #add(subscription: SessionSubscription): void {
    const { id, destination } = subscription;
    this.#subscriptions.set(id, subscription);
    const alike = this.#byDestination.get(destination);
    if (alike !== undefined) alike.add(subscription);
    else this.#byDestination.set(destination, new Set([subscription]));
  }
}

function first<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}
