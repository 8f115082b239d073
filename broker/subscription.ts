import { Frame, type Version } from "../codec/mod.ts";
import type { AckMode } from "../session/events.ts";
import type { StoredMessage } from "./message.ts";
import type { Outcome } from "./outcome.ts";
import { SequenceHeap } from "./sequence_heap.ts";
import type { Consumer, Queue } from "./queue.ts";

/** A message that was delivered and awaits its acknowledgement. */
export interface Delivery {
  /** Grows with each one of its subscription. */
  readonly sequence: number;
  readonly message: StoredMessage;
  readonly subscription: BrokerSubscription;
  /** Whether it was settled in a transaction, whose end will decide. */
  isClaimed: boolean;
}

/** What a subscription is made with. */
export interface BrokerSubscriptionInit {
  /** The client's id; 1.0 clients may give none. */
  readonly id: string | undefined;
  /** What it goes by on its connection. */
  readonly key: string;
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
  /**
   * In mode `client` those of them that no transaction has claimed, as far as an
   * acknowledgement may cover them with others. Some may be settled by now.
   */
  readonly #free = new SequenceHeap<Delivery>();
  #lastDelivery = 0;

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

  /** Sends a message to the client; `false`: that will not acknowledge it. */
  deliver(message: StoredMessage): boolean {
    const { ack, version } = this.#init;
    const isAwaited = ack !== "auto";
    const redelivered = message.deliveries++ > 0;
    const headers: (readonly [string, string])[] = [];
    if (this.id !== undefined) headers.push(["subscription", this.id]);
    headers.push(["message-id", message.id]);
    headers.push(["destination", message.destination]);
    if (isAwaited) {
      this.#await(message);
      if (version === "1.2") {
        headers.push(["ack", `${message.id}@${this.#init.key}`]);
      }
    }
    if (redelivered || this.#init.saysRedelivered) {
      headers.push(["redelivered", String(redelivered)]);
    }
    headers.push(...message.headers);
    this.#init.send(new Frame("MESSAGE", headers, message.body));
    return isAwaited;
  }

  #await(message: StoredMessage): void {
    const delivery = {
      sequence: ++this.#lastDelivery,
      message,
      subscription: this,
      isClaimed: false,
    };
    this.#unsettled.set(message.id, delivery);
    if (this.#init.ack === "client") this.#free.push(delivery);
  }

  /** The unsettled delivery of a message. */
  unsettled(messageId: string): Delivery | undefined {
    return this.#unsettled.get(messageId);
  }

  /**
   * What an ACK or NACK of this delivery covers, to be claimed or settled now:
   * in `client` mode everything that was delivered before it, too (STOMP 1.2,
   * "ack Header"), unless the broker does not take them together.
   */
  covered(delivery: Delivery, isTogether: boolean): Delivery[] {
    if (this.#init.ack !== "client" || !isTogether) return [delivery];
    const covered = new Set<Delivery>();
    for (;;) {
      const oldest = this.#free.peek();
      if (oldest === undefined || oldest.sequence > delivery.sequence) {
        return [...covered];
      }
      this.#free.shift();
      if (this.#isFree(oldest)) covered.add(oldest);
    }
  }

  #isFree(delivery: Delivery): boolean {
    return !delivery.isClaimed &&
      this.#unsettled.get(delivery.message.id) === delivery;
  }

  /** A transaction has ended that had claimed these. */
  free(deliveries: readonly Delivery[]): void {
    if (this.#init.ack !== "client") return;
    for (const delivery of deliveries) {
      if (this.#isFree(delivery)) this.#free.push(delivery);
    }
  }

  /** The client has settled these. */
  settle(deliveries: readonly Delivery[], outcome: Outcome): void {
    const messages = deliveries.map(({ message }) => message)
      .filter(({ id }) => this.#unsettled.delete(id));
    const { queue } = this.#init;
    if (outcome === "accepted") queue.settle(messages);
    else if (outcome === "released") queue.giveBack(messages);
    else {
      for (const message of messages) {
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

  /** Gives back what it has not acknowledged, as far as no transaction has claimed it. */
  giveBack(): void {
    const free = [...this.#unsettled.values()].filter(({ isClaimed }) =>
      !isClaimed
    );
    this.settle(free, "released");
  }
}
