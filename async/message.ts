import { Frame } from "../codec/mod.ts";
import { UsageError } from "../errors.ts";
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

/** What stands behind a message: how it reaches its subscription again. */
export interface Settlement {
  /** What the program did with it. */
  readonly settled: Verb | undefined;
  /** Whether it is too late to do anything with it. */
  readonly isStale: boolean;
  /** Acknowledges or refuses; `false`: the delivery is stale. */
  settle(verb: Verb, options: NackOptions | undefined): Promise<boolean>;
}

/**
 * A message as a subscription delivers it (STOMP 1.2, "MESSAGE"). Programs do
 * not make messages; they get them by iterating a subscription.
 */
export class Message extends Frame {
  readonly #settlement: Settlement;

  /** Made by the subscription that hands it out. */
  constructor(frame: Frame, settlement: Settlement) {
    super(frame.command, frame.headers, frame.body);
    this.#settlement = settlement;
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
    return this.#settlement.settled;
  }

  /**
   * Whether it is too late to settle the message, because its connection is
   * gone or its subscription has ended. If it is not settled, it comes again.
   */
  get isStale(): boolean {
    return this.#settlement.isStale;
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
  ack(options?: AckOptions): Promise<boolean> {
    return this.#settlement.settle("ack", options);
  }

  /**
   * Refuses the message. What that means is up to the broker: RabbitMQ delivers
   * it again at once, ActiveMQ moves it to its dead-letter queue, Artemis drops
   * it. The same rules hold as for {@linkcode ack}; STOMP 1.0 has no NACK.
   */
  nack(options?: NackOptions): Promise<boolean> {
    return this.#settlement.settle("nack", options);
  }
}
