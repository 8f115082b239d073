import { BrokerError } from "../errors.ts";
import type { SessionEvent, SessionSubscription } from "../session/events.ts";
import { Fifo } from "../session/fifo.ts";

/** A message and what it came for; or why it cannot be handed out. */
export type Arrival =
  | Extract<SessionEvent, { type: "message" }>
  | Extract<SessionEvent, { type: "damaged" }> & { readonly error: unknown };

/**
 * What has come on a connection and was not asked for yet, in order: messages,
 * and errors that belong to no operation.
 */
export class Inbox {
  /** Subscriptions that the broker has ended, by their ids, and how. */
  readonly cancelled: Map<string, BrokerError> = new Map();
  readonly #items: Fifo<Arrival | BrokerError> = new Fifo();
  /** Subscriptions that we have ended, for which messages may still come. */
  readonly #ended = new Map<string, SessionSubscription>();

  /** How much there is. */
  get length(): number {
    return this.#items.length;
  }

  /** Takes the first. */
  shift(): Arrival | BrokerError | undefined {
    return this.#items.shift();
  }

  /** Takes everything. */
  clear(): (Arrival | BrokerError)[] {
    return this.#items.clear();
  }

  /** A message has come. */
  keep(arrival: Arrival): void {
    const ended = arrival.subscription === undefined
      ? this.#ended.get(arrival.frame.headers.get("subscription") ?? "")
      : undefined;
    if (ended === undefined) this.#items.push(arrival);
    else if (ended.ack === "auto") {
      this.#items.push({ ...arrival, subscription: ended });
    }
  }

  /** The broker has reported an error, by which it may have ended a subscription. */
  report(error: BrokerError, ended: SessionSubscription | undefined): void {
    if (ended !== undefined) this.cancelled.set(ended.id, error);
    this.#items.push(error);
  }

  /**
   * A subscription has ended. What still comes for it is dropped, until it is
   * confirmed that nothing more will; in `auto` mode it is kept, since the
   * broker has forgotten it.
   */
  ignore(subscription: SessionSubscription): void {
    this.#ended.set(subscription.id, subscription);
  }

  /** Nothing more will come for a subscription. */
  forget(subscription: string): void {
    this.#ended.delete(subscription);
  }

  /** What has come for a subscription is not wanted, unless it comes only once. */
  drop(subscription: string): void {
    for (const item of this.clear()) {
      const isDropped = !(item instanceof BrokerError) &&
        item.subscription?.id === subscription &&
        item.subscription.ack !== "auto";
      if (!isDropped) this.#items.push(item);
    }
  }

  /** Takes over what came on the connection before and does not come again. */
  inheritFrom(previous: Inbox): void {
    const arrived = this.clear();
    const untold = new Set<unknown>(previous.cancelled.values());
    for (const item of previous.clear()) {
      // The broker has forgotten those; the others it delivers again.
      const isKept = item instanceof BrokerError
        ? untold.has(item)
        : item.subscription?.ack === "auto";
      if (isKept) this.#items.push(item);
    }
    for (const item of arrived) this.#items.push(item);
  }
}
