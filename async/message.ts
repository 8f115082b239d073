import { Frame } from "../codec/mod.ts";
import { UsageError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import type { ReceiptOptions } from "./options.ts";
import type { Transaction } from "./transaction.ts";

/** Options of {@linkcode Message.ack} and {@linkcode Message.nack}. */
export interface AckOptions extends ReceiptOptions {
  /**
   * Settles the message when this transaction is committed. The receipt of
   * COMMIT covers it.
   */
  transaction?: Transaction | undefined;
}

/** Options of {@linkcode Message.nack}. */
export interface NackOptions extends AckOptions {
  /**
   * Whether the message is to be delivered again. RabbitMQ lets us choose:
   * `false` sends it to the dead-letter exchange of its queue, or drops it where
   * there is none. Other brokers do what they do, and to ask for something else
   * is a `UsageError`.
   *
   * @default {what the broker does}
   */
  requeue?: boolean | undefined;
}

/** What can be done with a message. */
export type Verb = "ack" | "nack";

/** What is thrown where there is nothing to settle. */
export function settledByBroker(verb: Verb): UsageError {
  return new UsageError(
    `A message in ack mode "auto" cannot be settled with ${verb}(): the ` +
      "broker has forgotten it already. Subscribe with another ack mode.",
  );
}

/** Who settles deliveries: what keeps account of them, and knows messages. */
export interface Settler {
  /** Where messages can be settled now; `undefined`: nowhere. */
  readonly connection: Connection | undefined;
  /** Acknowledges or refuses; `false`: the delivery is stale. */
  settle(
    delivery: Delivery,
    verb: Verb,
    options: NackOptions,
  ): Promise<boolean>;
}

/** One delivery of one message, and what has become of it. */
export class Delivery {
  readonly message: Message;
  /** The connection that it came over: it can be settled there or not at all. */
  readonly connection: Connection | undefined;
  readonly settler: Settler;
  /** What the program did with it. */
  settled: Verb | undefined;
  /** The broker's confirmation of that, where it was asked for. */
  confirmation: Promise<void> | undefined;
  /** The how-many-th of its subscription it was to be handed out. */
  position = 0;
  /** When it was handed out. */
  since = 0;
  /** Whether only the program settles it, not a loop that goes on. */
  isByHand = false;
  /** Whether nobody works on it any more: the loop has gone on, or was left. */
  isLeft = false;
  /** Whether it is to be acknowledged as soon as no other is covered by that. */
  isFinished = false;
  /** Whether nothing but its own ACK or NACK may settle it. */
  isAbandoned = false;
  /** Whether it was settled in a transaction that has not ended. */
  isUndecided = false;

  /** Comes with a frame of the broker's. */
  constructor(
    frame: Frame,
    connection: Connection | undefined,
    settler: Settler,
  ) {
    this.message = new Message(frame, this);
    this.connection = connection;
    this.settler = settler;
  }

  /** Whether it is too late to settle it. */
  get isStale(): boolean {
    return this.connection !== this.settler.connection;
  }
}

/** The delivery that a message belongs to. */
export let deliveryOf: (message: Message) => Delivery;

/**
 * A message as a subscription delivers it (STOMP 1.2, "MESSAGE"). Programs do
 * not make messages; they get them by iterating a subscription.
 */
export class Message extends Frame {
  static {
    deliveryOf = (message) => message.#delivery;
  }

  readonly #delivery: Delivery;

  /** Made by the subscription that hands it out. */
  constructor(frame: Frame, delivery: Delivery) {
    super(frame.command, frame.headers, frame.body);
    this.#delivery = delivery;
  }

  /** The destination that it was sent to. */
  get destination(): string {
    return this.headers.get("destination") ?? "";
  }

  /** The broker's id for it, the `message-id` header. */
  get id(): string {
    return this.headers.get("message-id") ?? "";
  }

  /** Whether it was delivered before, so that it may have been handled. */
  get redelivered(): boolean {
    return this.headers.get("redelivered") === "true";
  }

  /** How the message was settled; `undefined`: it is not. */
  get settled(): Verb | undefined {
    return this.#delivery.settled;
  }

  /**
   * Whether it is too late to settle the message, because its connection is
   * gone or its subscription has ended. If it is not settled, it comes again.
   */
  get isStale(): boolean {
    return this.#delivery.isStale;
  }

  /**
   * Acknowledges the message: the broker may forget it. In `client` mode this
   * covers all messages of the subscription before it, too. Acknowledging again
   * changes nothing.
   *
   * @returns `false` if the delivery is stale, because its connection is gone
   * or its subscription has ended: nothing is sent, and the broker delivers the
   * message anew.
   * @throws {UsageError} in ack mode `auto`, after {@linkcode nack}, or in a
   * handler in ack mode `client` where several handle messages at once: it would
   * cover what another has not finished. What a receipt throws, see
   * {@linkcode ReceiptOptions}.
   */
  ack(options: AckOptions = {}): Promise<boolean> {
    return this.#delivery.settler.settle(this.#delivery, "ack", options);
  }

  /**
   * Refuses the message. What that means is up to the broker: RabbitMQ delivers
   * it again at once, ActiveMQ moves it to its dead-letter queue, Artemis drops
   * it. The same rules hold as for {@linkcode ack}; STOMP 1.0 has no NACK.
   */
  nack(options: NackOptions = {}): Promise<boolean> {
    return this.#delivery.settler.settle(this.#delivery, "nack", options);
  }
}
