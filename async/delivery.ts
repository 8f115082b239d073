import type { Frame } from "../codec/mod.ts";
import type { Connection } from "./connection.ts";
import { type AckOptions, Message, type Settlement } from "./message.ts";

/** How a message is settled. */
export type Verb = "ack" | "nack";

/** Settles a delivery: the subscription that it came through. */
export type Settle = (
  delivery: Delivery,
  verb: Verb,
  options: AckOptions | undefined,
) => Promise<boolean>;

/** One delivery of one message, and what has become of it. */
export class Delivery implements Settlement {
  /** The message, as the program gets it. */
  readonly message: Message;
  /** What the program did with it. */
  settled: Verb | undefined;
  /** Whether the loop that it was handed to has gone on or was left. */
  left = false;
  /** The connection that it came over: it can be settled there or not at all. */
  readonly connection: Connection;
  readonly #settle: Settle;

  /** Comes with a frame of the broker's. */
  constructor(frame: Frame, connection: Connection, settle: Settle) {
    this.message = new Message(frame, this);
    this.connection = connection;
    this.#settle = settle;
  }

  /** What `message.ack()` and `message.nack()` do. */
  settle(verb: Verb, options: AckOptions | undefined): Promise<boolean> {
    return this.#settle(this, verb, options);
  }

  /** About how many octets it holds on to. */
  get weight(): number {
    return this.message.body.length + 256;
  }
}
