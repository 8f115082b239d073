import type { Frame } from "../codec/mod.ts";
import type { Connection } from "./connection.ts";
import {
  Message,
  type NackOptions,
  type Settlement,
  type Verb,
} from "./message.ts";

/** Who settles deliveries: the subscription that they came through. */
export interface DeliveryOwner {
  /** Whether it is too late to settle a delivery. */
  isStale(delivery: Delivery): boolean;
  /** Acknowledges or refuses; `false`: the delivery is stale. */
  settle(
    delivery: Delivery,
    verb: Verb,
    options: NackOptions | undefined,
  ): Promise<boolean>;
}

/** One delivery of one message, and what has become of it. */
export class Delivery implements Settlement {
  /** The message, as the program gets it. */
  readonly message: Message;
  /** The connection that it came over: it can be settled there or not at all. */
  readonly connection: Connection;
  /** What the program did with it. */
  settled: Verb | undefined;
  /** The how-many-th of its subscription it was to be handed out. */
  turn = 0;
  /** When it was handed out. */
  since = 0;
  /** The broker's confirmation of that, where it was asked for. */
  confirmation: Promise<void> | undefined;
  /** Whether the loop that it was handed to has gone on or was left. */
  left = false;
  /** Whether its handler has succeeded, or a copy was sent. */
  isFinished = false;
  /** Whether it was settled in a transaction that has not ended. */
  isUndecided = false;
  readonly #owner: DeliveryOwner;

  /** Comes with a frame of the broker's. */
  constructor(frame: Frame, connection: Connection, owner: DeliveryOwner) {
    this.message = new Message(frame, this);
    this.connection = connection;
    this.#owner = owner;
  }

  /** Whether it is too late to settle it. */
  get isStale(): boolean {
    return this.#owner.isStale(this);
  }

  /** What `message.ack()` and `message.nack()` do. */
  settle(verb: Verb, options: NackOptions | undefined): Promise<boolean> {
    return this.#owner.settle(this, verb, options);
  }

  /** About how many octets it holds on to. */
  get weight(): number {
    return this.message.body.length + 256;
  }
}
