import type { Frame } from "../codec/mod.ts";
import { quoted, UsageError } from "../errors.ts";
import type { AckMode } from "../session/client_session.ts";
import type { Arrival, Connection } from "./connection.ts";

/** How a message is settled. */
export type Verb = "ack" | "nack";

/** One delivery of one message, and what has become of it. */
export interface Delivery {
  /** The connection that it came through. */
  readonly connection: Connection;
  /** What it came for; `undefined`: no subscription of ours. */
  readonly subscription: string | undefined;
  readonly ack: AckMode;
  /** Deliveries are counted, from 1. */
  readonly number: number;
  settled: Verb | undefined;
}

/** Remembers which frames were handed out, and what was done with them. */
export class Deliveries {
  readonly #known = new WeakMap<Frame, Delivery>();
  /**
   * In `client` mode an ACK covers what came before it: the number up to which
   * that is so, by subscription.
   */
  readonly #covered = new WeakMap<Connection, Map<string, number>>();
  #last = 0;

  /** A message is handed out. */
  add({ frame, subscription }: Arrival, connection: Connection): Frame {
    this.#known.set(frame, {
      connection,
      subscription: subscription?.id,
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
    const { settled } = delivery;
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
    const { connection, subscription, number, settled } = delivery;
    if (settled !== undefined) return true;
    const covered = this.#covered.get(connection)?.get(subscription!) ?? 0;
    return number <= covered;
  }

  /** A delivery is settled. Returns how to take that back. */
  settle(delivery: Delivery, verb: Verb): () => void {
    delivery.settled = verb;
    const uncover = delivery.ack === "client"
      ? this.#cover(delivery)
      : undefined;
    return () => {
      delivery.settled = undefined;
      uncover?.();
    };
  }

  /** Returns how to take it back. */
  #cover({ connection, subscription, number }: Delivery): () => void {
    let covered = this.#covered.get(connection);
    if (covered === undefined) {
      this.#covered.set(connection, covered = new Map());
    }
    const id = subscription!;
    const before = covered.get(id) ?? 0;
    covered.set(id, Math.max(before, number));
    return () => covered.set(id, before);
  }
}
