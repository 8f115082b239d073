import { Frame, type Version } from "../codec/mod.ts";
import type { AckMode } from "../session/events.ts";
import type { StoredMessage } from "./message.ts";
import type { Consumer, Queue } from "./queue.ts";

/**
 * What a client says of a message: it is done with it; it is to be delivered
 * again; it is to be given up.
 */
export type Verdict = "done" | "undone" | "refused";

/** A message that was delivered and awaits its acknowledgement. */
export interface Delivery {
  readonly message: StoredMessage;
  readonly subscription: BrokerSubscription;
  /** Whether it was settled in a transaction, whose end will decide. */
  isClaimed: boolean;
}

/** What a subscription is made with. */
export interface BrokerSubscriptionInit {
  /** The client's id; 1.0 clients may give none. */
  readonly id: string | undefined;
  readonly destination: string;
  readonly ack: AckMode;
  /** How many unacknowledged messages it may have. */
  readonly prefetch: number;
  readonly version: Version;
  readonly queue: Queue;
  /** Whether messages say that they were not delivered before. */
  readonly saysRedelivered: boolean;
  /** Whether the client's connection takes more octets. */
  isWritable(): boolean;
  /** Sends a frame to the client. */
  send(frame: Frame): void;
}

/** A client's subscription: a consumer of one queue. */
export class BrokerSubscription implements Consumer {
  /** The client's id for it, if it gave one. */
  readonly id: string | undefined;
  /** The destination that the client named. */
  readonly destination: string;
  readonly #init: BrokerSubscriptionInit;
  /** By message id, in the order of delivery. */
  readonly #unsettled = new Map<string, Delivery>();

  /** It consumes once it is attached to its queue. */
  constructor(init: BrokerSubscriptionInit) {
    this.id = init.id;
    this.destination = init.destination;
    this.#init = init;
  }

  /** Whether it may be given another message now. */
  get hasCredit(): boolean {
    return this.#unsettled.size < this.#init.prefetch &&
      this.#init.isWritable();
  }

  /** How many messages it has and has not acknowledged. */
  get unacknowledged(): number {
    return this.#unsettled.size;
  }

  /** Begins to consume. */
  attach(): void {
    this.#init.queue.attach(this);
  }

  /** Sends a message to the client. */
  deliver(message: StoredMessage): void {
    const { ack, version } = this.#init;
    const redelivered = message.deliveries++ > 0;
    const headers: (readonly [string, string])[] = [];
    if (this.id !== undefined) headers.push(["subscription", this.id]);
    headers.push(["message-id", message.id]);
    headers.push(["destination", message.destination]);
    if (ack !== "auto") {
      this.#unsettled.set(message.id, {
        message,
        subscription: this,
        isClaimed: false,
      });
      if (version === "1.2") {
        headers.push(["ack", `${message.id}@${this.id}`]);
      }
    }
    if (redelivered || this.#init.saysRedelivered) {
      headers.push(["redelivered", String(redelivered)]);
    }
    headers.push(...message.headers);
    this.#init.send(new Frame("MESSAGE", headers, message.body));
  }

  /** The unsettled delivery of a message. */
  unsettled(messageId: string): Delivery | undefined {
    return this.#unsettled.get(messageId);
  }

  /**
   * What an ACK or NACK of this delivery covers: in `client` mode everything
   * that was delivered before it, too (STOMP 1.2, "ack Header"), unless the
   * broker does not take them together.
   */
  covered(delivery: Delivery, isTogether: boolean): Delivery[] {
    if (this.#init.ack !== "client" || !isTogether) return [delivery];
    const covered: Delivery[] = [];
    for (const earlier of this.#unsettled.values()) {
      if (!earlier.isClaimed) covered.push(earlier);
      if (earlier === delivery) break;
    }
    return covered;
  }

  /** The client has settled these. */
  settle(deliveries: readonly Delivery[], verdict: Verdict): void {
    const mine = deliveries.filter(({ message }) =>
      this.#unsettled.delete(message.id)
    );
    const { queue } = this.#init;
    if (verdict === "undone") {
      queue.giveBack(mine.map(({ message }) => message));
    } else if (verdict === "refused") {
      for (const { message } of mine) {
        queue.deadLetter(message, "refused by a consumer");
      }
    }
    queue.refresh(this);
  }

  /** There may be credit again. */
  refresh(): void {
    this.#init.queue.refresh(this);
  }

  /** The messages that it has and has not acknowledged. */
  unsettledIds(): Iterable<string> {
    return this.#unsettled.keys();
  }

  /** Consumes no more. */
  detach(): void {
    this.#init.queue.detach(this);
  }

  /** Gives back what it has not acknowledged. */
  giveBack(): void {
    const messages = [...this.#unsettled.values()].map(({ message }) =>
      message
    );
    this.#unsettled.clear();
    this.#init.queue.giveBack(messages);
  }
}
