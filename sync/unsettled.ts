import type { Frame } from "../codec/mod.ts";
import { quoted, UsageError } from "../errors.ts";
import type { AckMode, SessionSubscription } from "../session/events.ts";
import type { Connection } from "./connection.ts";
import type { Arrival } from "./inbox.ts";
import { CoverableMessages } from "./coverable_messages.ts";

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

/** Remembers which frames were handed out, and what was done with them. */
export class Unsettled {
  readonly #known = new WeakMap<Frame, Delivery>();
  /** In `client` mode an ACK covers what came before it. */
  readonly #coverable = new WeakMap<
    SessionSubscription,
    CoverableMessages<Delivery>
  >();
  #last = 0;

  /** A message is handed out. */
  add({ frame, subscription }: Arrival, connection: Connection): Frame {
    const delivery: Delivery = {
      connection,
      subscription,
      ack: subscription?.ack ?? "auto",
      number: ++this.#last,
      settled: undefined,
    };
    this.#known.set(frame, delivery);
    if (delivery.ack === "client") this.#coverableOf(delivery).add(delivery);
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
    const { settled } = delivery;
    if (settled !== undefined && settled !== verb) {
      throw new UsageError(
        `This message was settled with ${settled}() before: ${verb}() comes ` +
          "too late.",
      );
    }
    return delivery;
  }

  /** A delivery is settled, until that is taken back. */
  settle(delivery: Delivery, verb: Verb): Settlement {
    if (delivery.ack === "client") {
      return this.#coverableOf(delivery).settle(delivery, verb);
    }
    delivery.settled = verb;
    return {
      keep: () => {},
      undo: () => {
        delivery.settled = undefined;
      },
    };
  }

  #coverableOf({ subscription }: Delivery): CoverableMessages<Delivery> {
    let coverable = this.#coverable.get(subscription!);
    if (coverable === undefined) {
      coverable = new CoverableMessages();
      this.#coverable.set(subscription!, coverable);
    }
    return coverable;
  }
}
