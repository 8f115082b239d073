import type { Source } from "./core.ts";
import type { BrokerDialect } from "./broker_dialect.ts";
import type { BrokerSubscription, Delivery } from "./subscription.ts";

interface Entry {
  readonly subscription: BrokerSubscription;
  readonly source: Source;
}

/** The subscriptions of one client, by its ids, or in 1.0 without one by destination. */
export class Subscriptions {
  readonly #dialect: BrokerDialect;
  readonly #entries = new Map<string, Entry>();
  /** Have lost their ids to later ones. */
  readonly #shadowed = new Set<Entry>();
  /** Have ended, and have something still that is not settled. */
  readonly #ended = new Map<BrokerSubscription, Entry>();
  /** Whether those that have ended keep it as long as there is a connection. */
  #keepsUnackedOnUnsubscribe: boolean;
  /** What was not settled when its subscription ended, as `message@subscription`. */
  readonly #late = new Set<string>();

  /** Begins empty. */
  constructor(dialect: BrokerDialect) {
    this.#dialect = dialect;
    this.#keepsUnackedOnUnsubscribe = dialect.keepsUnackedOnUnsubscribe;
  }

  /** The one with this id. */
  get(key: string): BrokerSubscription | undefined {
    return this.#entries.get(key)?.subscription;
  }

  /** Whether there is something that was not settled by one that has ended. */
  get holdsAfterEnd(): boolean {
    return this.#ended.size > 0;
  }

  /** Adds one. */
  add(key: string, subscription: BrokerSubscription, source: Source): void {
    const shadowed = this.#entries.get(key);
    if (shadowed !== undefined) this.#shadowed.add(shadowed);
    this.#entries.set(key, { subscription, source });
  }

  /**
   * Ends one: it consumes no more, and what it has not settled goes back, unless
   * it keepsUnackedOnUnsubscribe to the connection or a transaction has claimed it.
   */
  end(key: string): void {
    const entry = this.#entries.get(key)!;
    this.#entries.delete(key);
    if (this.#dialect.confirmsLateAck) {
      for (const id of entry.subscription.unsettledIds()) {
        this.#late.add(`${id}@${key}`);
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
    this.#keepsUnackedOnUnsubscribe = false;
    this.#end(entries);
  }

  #end(entries: readonly Entry[]): void {
    // Whoever leaves takes nothing that another one gives back.
    for (const { subscription } of entries) subscription.detach();
    for (const entry of entries) {
      const { subscription, source } = entry;
      if (!this.#keepsUnackedOnUnsubscribe) subscription.giveBack();
      source.leave();
      if (subscription.unacknowledged > 0) this.#ended.set(subscription, entry);
    }
  }

  /**
   * A transaction has ended, and what it had claimed is settled or free. What is
   * free and belongs to a subscription that has ended meanwhile goes back.
   */
  free(claims: readonly Delivery[]): void {
    const mine = Map.groupBy(claims, ({ subscription }) => subscription);
    for (const [subscription, deliveries] of mine) {
      const entry = this.#ended.get(subscription);
      if (entry === undefined) {
        subscription.free(deliveries);
        continue;
      }
      if (!this.#keepsUnackedOnUnsubscribe) {
        subscription.settle(deliveries, "released");
      }
      if (subscription.unacknowledged > 0) continue;
      this.#ended.delete(subscription);
      entry.source.leave();
    }
  }

  /** They may have credit again. */
  refresh(): void {
    for (const { subscription } of this.#all()) subscription.refresh();
  }

  /** An unsettled message, of the subscription with this id, or of any. */
  unsettled(message: string, key: string | undefined): Delivery | undefined {
    const delivery = this.get(key ?? "")?.unsettled(message);
    if (delivery !== undefined) return delivery;
    for (const { subscription } of this.#all()) {
      if (key !== undefined && subscription.id !== key) continue;
      const delivery = subscription.unsettled(message);
      if (delivery !== undefined) return delivery;
    }
  }

  /** Whether it was unsettled when its subscription ended. Tells it once. */
  takeLate(message: string, key: string | undefined): boolean {
    return this.#late.delete(`${message}@${key}`);
  }

  *#all(): Iterable<Entry> {
    yield* this.#entries.values();
    yield* this.#shadowed;
  }
}
