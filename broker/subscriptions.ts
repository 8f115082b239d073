import type { BrokerDialect } from "./broker_dialect.ts";
import type { Source } from "./destinations.ts";
import type { MemoryBudget } from "./memory_budget.ts";
import type { BrokerSubscription, DeliveryWatch } from "./subscription.ts";
import type { Claim, Delivery } from "./unsettled.ts";

interface Entry {
  readonly subscription: BrokerSubscription;
  readonly source: Source;
  /** What it takes of the budget. */
  readonly octets: number;
}

/** A delivery, and whose it is. */
export interface Found {
  readonly delivery: Delivery;
  readonly subscription: BrokerSubscription;
}

/** What was claimed of a subscription. */
export interface SubscriptionClaim {
  readonly subscription: BrokerSubscription;
  readonly claim: Claim;
}

/** The subscriptions of one client, by its ids, or in 1.0 without one by destination. */
export class Subscriptions implements DeliveryWatch {
  readonly #dialect: BrokerDialect;
  readonly #budget: MemoryBudget;
  readonly #entries = new Map<string, Entry>();
  /** Have lost their ids to later ones. */
  readonly #shadowed = new Map<string, Entry[]>();
  /** Have ended, and have something still that is not settled. */
  readonly #ended = new Map<BrokerSubscription, Entry>();
  /** How many consume a destination. */
  readonly #destinations = new Map<string, number>();
  /** Whether those that have ended keep it as long as there is a connection. */
  #keepsUnacked: boolean;
  /** What was not settled when its subscription ended, as `message@subscription`. */
  readonly #late = new Set<string>();
  /** Where messages are that are unsettled, once a client names none of them. */
  #byMessage: Map<string, Map<Delivery, BrokerSubscription>> | undefined;

  /** Begins empty. */
  constructor(dialect: BrokerDialect, budget: MemoryBudget) {
    this.#dialect = dialect;
    this.#budget = budget;
    this.#keepsUnacked = dialect.keepsUnackedOnUnsubscribe;
  }

  /** How many there are, with those that have something left to settle. */
  get size(): number {
    let size = this.#entries.size + this.#ended.size;
    for (const entries of this.#shadowed.values()) size += entries.length;
    return size;
  }

  /** The one with this id. */
  get(key: string): BrokerSubscription | undefined {
    return this.#entries.get(key)?.subscription;
  }

  /** Whether there is one to this destination. */
  consumes(destination: string): boolean {
    return this.#destinations.has(destination);
  }

  /** Whether there is something that was not settled by one that has ended. */
  get holdsAfterEnd(): boolean {
    return this.#ended.size > 0;
  }

  /** Adds one, which takes so many octets of the budget. */
  add(subscription: BrokerSubscription, source: Source, octets: number): void {
    const { key, destination } = subscription;
    const shadowed = this.#entries.get(key);
    if (shadowed !== undefined) {
      const others = this.#shadowed.get(key);
      if (others === undefined) this.#shadowed.set(key, [shadowed]);
      else others.push(shadowed);
    }
    this.#entries.set(key, { subscription, source, octets });
    this.#count(destination, 1);
    this.#budget.take(octets);
  }

  /**
   * Ends one: it consumes no more, and what it has not settled goes back, unless
   * it stays with the connection or a transaction has claimed it.
   */
  end(key: string): void {
    const entry = this.#entries.get(key)!;
    this.#entries.delete(key);
    if (this.#dialect.confirmsLateAck) {
      for (const { message } of entry.subscription.allUnsettled()) {
        this.#late.add(`${message.id}@${key}`);
      }
    }
    this.#end([entry]);
  }

  /** Ends all, because the connection is gone. */
  endAll(): void {
    const entries = [...this.#all(), ...this.#ended.values()];
    this.#entries.clear();
    this.#shadowed.clear();
    this.#ended.clear();
    this.#late.clear();
    this.#keepsUnacked = false;
    this.#end(entries);
  }

  #end(entries: readonly Entry[]): void {
    // Whoever leaves takes nothing that another one gives back.
    for (const { subscription } of entries) subscription.detach();
    for (const entry of entries) {
      const { subscription, source } = entry;
      if (!this.#keepsUnacked) subscription.giveBack();
      source.leave();
      if (subscription.unacknowledged === 0) {
        this.#forget(entry);
        continue;
      }
      this.#ended.set(subscription, entry);
      for (const delivery of subscription.allUnsettled()) {
        this.removed(delivery);
      }
    }
  }

  #forget({ subscription, octets }: Entry): void {
    this.#count(subscription.destination, -1);
    this.#budget.give(octets);
  }

  #count(destination: string, difference: number): void {
    const count = (this.#destinations.get(destination) ?? 0) + difference;
    if (count === 0) this.#destinations.delete(destination);
    else this.#destinations.set(destination, count);
  }

  /**
   * A transaction has ended without settling what it had claimed. What belongs to
   * a subscription that has ended meanwhile goes back.
   */
  release(claims: readonly SubscriptionClaim[]): void {
    for (const { subscription, claim } of claims) {
      const isEnded = this.#ended.has(subscription);
      if (!isEnded || this.#keepsUnacked) subscription.release(claim);
      else subscription.giveBackClaimed([claim]);
    }
    this.settled(claims);
  }

  /** A transaction has ended and settled, or released, what it had claimed. */
  settled(claims: readonly SubscriptionClaim[]): void {
    for (const { subscription } of claims) {
      const entry = this.#ended.get(subscription);
      if (entry === undefined || subscription.unacknowledged > 0) continue;
      this.#ended.delete(subscription);
      this.#forget(entry);
      entry.source.leave();
    }
  }

  /** They may have credit again. */
  refresh(): void {
    for (const { subscription } of this.#all()) subscription.refresh();
  }

  /** An unsettled message, of the subscription with this id, or of any. */
  unsettled(message: string, key: string | undefined): Found | undefined {
    if (key === undefined) return this.#anyUnsettled(message);
    const entries = [this.#entries.get(key), ...this.#shadowed.get(key) ?? []];
    for (const entry of entries) {
      const delivery = entry?.subscription.unsettled(message);
      if (delivery !== undefined) {
        return { delivery, subscription: entry!.subscription };
      }
    }
  }

  #anyUnsettled(message: string): Found | undefined {
    if (this.#byMessage === undefined) {
      this.#byMessage = new Map();
      for (const { subscription } of this.#all()) {
        for (const delivery of subscription.allUnsettled()) {
          this.added(delivery, subscription);
        }
      }
    }
    const [first] = this.#byMessage.get(message) ?? [];
    return first && { delivery: first[0], subscription: first[1] };
  }

  /** A message was delivered and awaits its acknowledgement. */
  added(delivery: Delivery, subscription: BrokerSubscription): void {
    if (this.#byMessage === undefined) return;
    const { id } = delivery.message;
    const same = this.#byMessage.get(id);
    if (same !== undefined) same.set(delivery, subscription);
    else this.#byMessage.set(id, new Map([[delivery, subscription]]));
  }

  /** A delivery awaits it no more, or nobody can name it. */
  removed(delivery: Delivery): void {
    const same = this.#byMessage?.get(delivery.message.id);
    same?.delete(delivery);
    if (same?.size === 0) this.#byMessage!.delete(delivery.message.id);
  }

  /** Whether it was unsettled when its subscription ended. Tells it once. */
  takeLate(message: string, key: string | undefined): boolean {
    return this.#late.delete(`${message}@${key}`);
  }

  *#all(): Iterable<Entry> {
    yield* this.#entries.values();
    for (const entries of this.#shadowed.values()) yield* entries;
  }
}
