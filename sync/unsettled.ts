import type { Frame } from "../codec/mod.ts";
import { quoted, UsageError } from "../errors.ts";
import type { AckMode, SessionSubscription } from "../session/events.ts";
import type { Arrival, Connection } from "./connection.ts";

/** How a message is settled. */
export type Verb = "ack" | "nack";

/** One delivery of one message, and what has become of it. */
export interface Delivery {
  /** The connection that it came through. */
  readonly connection: Connection;
  /** What it came for; `undefined`: no subscription of ours. */
  readonly subscription: SessionSubscription | undefined;
  readonly ack: AckMode;
  /** Deliveries are counted, from 1. */
  readonly number: number;
  settled: Verb | undefined;
}

/** What settling a delivery has changed, for good or until it is taken back. */
export interface Settlement {
  /** It holds for good: its transaction is committed. */
  keep(): void;
  /** It never happened: its transaction is aborted. */
  undo(): void;
}

/** Everything up to a delivery is settled in this way, unless it was before. */
interface Boundary {
  readonly number: number;
  readonly verb: Verb;
}

/** How far the messages of a subscription are settled along with later ones. */
interface Cover {
  /** For good, in the order of their numbers; no two in a row of the same verb. */
  readonly kept: Boundary[];
  /** By what may be taken back. */
  readonly tentative: Set<Delivery>;
}

/** Remembers which frames were handed out, and what was done with them. */
export class Unsettled {
  readonly #known = new WeakMap<Frame, Delivery>();
  /** In `client` mode an ACK covers what came before it. */
  readonly #covers = new WeakMap<SessionSubscription, Cover>();
  #last = 0;

  /** A message is handed out. */
  add({ frame, subscription }: Arrival, connection: Connection): Frame {
    this.#known.set(frame, {
      connection,
      subscription,
      ack: subscription?.ack ?? "auto",
      number: ++this.#last,
      settled: undefined,
    });
    return frame;
  }

  /**
   * The delivery that a frame is to be settled of.
   *
   * @throws {UsageError} if there is nothing to settle, or it was settled in
   * the other way.
   */
  of(frame: Frame, verb: Verb): Delivery {
    const delivery = this.#known.get(frame);
    if (delivery === undefined) {
      throw new UsageError(
        `Cannot ${verb} ${quoted(frame)}: it is not a message that this ` +
          "client has received.",
      );
    }
    if (delivery.ack === "auto") {
      throw new UsageError(
        `A message in ack mode "auto" cannot be settled with ${verb}(): the ` +
          "broker has forgotten it already. Subscribe with another ack mode.",
      );
    }
    const settled = this.#settledBy(delivery);
    if (settled !== undefined && settled !== verb) {
      throw new UsageError(
        `This message was settled with ${settled}() before: ${verb}() comes ` +
          "too late.",
      );
    }
    return delivery;
  }

  /** Whether a delivery was settled, by itself or along with a later one. */
  isSettled(delivery: Delivery): boolean {
    return this.#settledBy(delivery) !== undefined;
  }

  #settledBy(delivery: Delivery): Verb | undefined {
    if (delivery.settled !== undefined) return delivery.settled;
    if (delivery.ack !== "client") return undefined;
    const { kept, tentative } = this.#coverOf(delivery);
    const isBehind = ({ number }: Boundary | Delivery) =>
      delivery.number <= number;
    return kept.find(isBehind)?.verb ??
      tentative.values().find(isBehind)?.settled;
  }

  /** A delivery is settled, until that is taken back. */
  settle(delivery: Delivery, verb: Verb): Settlement {
    delivery.settled = verb;
    const cover = delivery.ack === "client"
      ? this.#coverOf(delivery)
      : undefined;
    cover?.tentative.add(delivery);
    return {
      keep: () => {
        if (cover?.tentative.delete(delivery)) {
          keepBoundary(cover.kept, { number: delivery.number, verb });
        }
      },
      undo: () => {
        delivery.settled = undefined;
        cover?.tentative.delete(delivery);
      },
    };
  }

  #coverOf({ subscription }: Delivery): Cover {
    let cover = this.#covers.get(subscription!);
    if (cover === undefined) {
      cover = { kept: [], tentative: new Set() };
      this.#covers.set(subscription!, cover);
    }
    return cover;
  }
}

function keepBoundary(kept: Boundary[], boundary: Boundary): void {
  const last = kept.at(-1);
  if (last !== undefined && last.number >= boundary.number) return;
  if (last?.verb === boundary.verb) kept.pop();
  kept.push(boundary);
}
