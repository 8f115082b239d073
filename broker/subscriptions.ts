import type { Source } from "./core.ts";
import type { Manners } from "./manners.ts";
import type { BrokerSubscription, Delivery } from "./subscription.ts";

interface Entry {
  readonly subscription: BrokerSubscription;
  readonly source: Source;
}

/** The subscriptions of one client, by its ids, or in 1.0 without one by destination. */
export class Subscriptions {
  readonly #manners: Manners;
  readonly #entries = new Map<string, Entry>();
  /** Have lost their ids to later ones. */
  readonly #shadowed = new Set<Entry>();
  /** Have ended, and keep what they had as long as there is a connection. */
  readonly #clinging = new Set<Entry>();
  /** What was not settled when its subscription ended, as `message@subscription`. */
  readonly #late = new Set<string>();

  /** Begins empty. */
  constructor(manners: Manners) {
    this.#manners = manners;
  }

  /** The one with this id. */
  get(key: string): BrokerSubscription | undefined {
    return this.#entries.get(key)?.subscription;
  }

  /** Adds one. */
  add(key: string, subscription: BrokerSubscription, source: Source): void {
    const shadowed = this.#entries.get(key);
    if (shadowed !== undefined) this.#shadowed.add(shadowed);
    this.#entries.set(key, { subscription, source });
  }

  /** Ends one: it consumes no more, and what it has not settled goes back. */
  end(key: string): void {
    const entry = this.#entries.get(key)!;
    this.#entries.delete(key);
    const { humoursLateAck, clings } = this.#manners;
    if (humoursLateAck) {
      for (const id of entry.subscription.unsettledIds()) {
        this.#late.add(`${id}@${key}`);
      }
    }
    entry.subscription.detach();
    if (clings) this.#clinging.add(entry);
    else release(entry);
  }

  /** Ends all, because the connection is gone. */
  endAll(): void {
    const entries = [...this.#all(), ...this.#clinging];
    this.#entries.clear();
    this.#shadowed.clear();
    this.#clinging.clear();
    // Whoever leaves takes nothing that another one gives back.
    for (const { subscription } of entries) subscription.detach();
    for (const entry of entries) release(entry);
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

function release({ subscription, source }: Entry): void {
  subscription.giveBack();
  source.leave();
}
