import { Frame, type Version } from "../codec/mod.ts";
import type { AckMode } from "../session/events.ts";
import type { StoredMessage } from "./message.ts";
import type { Outcome } from "./outcome.ts";
import type { Consumer, Queue } from "./queue.ts";
import { type Claim, type Delivery, Unsettled } from "./unsettled.ts";

/** Who is told what is delivered and what is settled. */
export interface DeliveryWatch {
  added(delivery: Delivery, subscription: BrokerSubscription): void;
  removed(delivery: Delivery): void;
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
  readonly watch: DeliveryWatch;
  /** Whether the client's connection takes more octets. */
  isWritable(): boolean;
  /** Sends a frame to the client. */
  send(frame: Frame): void;
}

/** A client's subscription: a consumer of one queue. */
export class BrokerSubscription implements Consumer {
  /** What it goes by on its connection. */
  readonly key: string;
  /** The destination that the client named. */
  readonly destination: string;
  readonly #init: BrokerSubscriptionInit;
  readonly #unsettled: Unsettled;

  /** It consumes once it is attached to its queue. */
  constructor(init: BrokerSubscriptionInit) {
    this.key = init.key;
    this.destination = init.destination;
    this.#init = init;
    this.#unsettled = new Unsettled(init.ack === "client");
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
    const { id, key, ack, version, watch } = this.#init;
    const isAwaited = ack !== "auto";
    const redelivered = message.deliveries++ > 0;
    const headers: (readonly [string, string])[] = [];
    if (id !== undefined) headers.push(["subscription", id]);
    headers.push(["message-id", message.id]);
    headers.push(["destination", message.destination]);
    if (isAwaited) {
      watch.added(this.#unsettled.add(message), this);
      if (version === "1.2") headers.push(["ack", `${message.id}@${key}`]);
    }
    if (redelivered || this.#init.saysRedelivered) {
      headers.push(["redelivered", String(redelivered)]);
    }
    headers.push(...message.headers);
    this.#init.send(new Frame("MESSAGE", headers, message.body));
    return isAwaited;
  }

  /** The unsettled delivery of a message. */
  unsettled(messageId: string): Delivery | undefined {
    return this.#unsettled.get(messageId);
  }

  /** All that is unsettled, in the order of delivery. */
  allUnsettled(): Iterable<Delivery> {
    return this.#unsettled.all();
  }

  /** Whether a delivery is unsettled and no open transaction has claimed it. */
  isFree(delivery: Delivery): boolean {
    return this.#unsettled.isFree(delivery);
  }

  /**
   * What an ACK or NACK of this delivery covers, to be settled or released: in
   * `client` mode everything that was delivered before it, too, unless the broker
   * does not take them together.
   */
  claim(delivery: Delivery, isTogether: boolean): Claim {
    return this.#unsettled.claim(delivery, isTogether);
  }

  /** The transaction that had claimed this has not settled it. */
  release(claim: Claim): void {
    this.#unsettled.release(claim);
  }

  /** The client has settled what was claimed. */
  settle(claim: Claim, outcome: Outcome): void {
    const messages = this.#settled(claim).map(({ message }) => message);
    const { queue } = this.#init;
    if (outcome === "accepted") queue.settle(messages);
    else if (outcome === "released") {
      for (const message of messages) message.failures++;
      queue.giveBack(messages);
    } else {
      for (const message of messages) {
        queue.deadLetter(message, "refused by a consumer");
      }
    }
    queue.refresh(this);
  }

  #settled(claim: Claim): Delivery[] {
    const deliveries = this.#unsettled.settle(claim);
    for (const delivery of deliveries) this.#init.watch.removed(delivery);
    return deliveries;
  }

  /** There may be credit again. */
  refresh(): void {
    this.#init.queue.refresh(this);
  }

  /** Consumes no more. */
  detach(): void {
    this.#init.queue.detach(this);
  }

  /** Gives back what it has not acknowledged, as far as no transaction has claimed it. */
  giveBack(): void {
    this.giveBackClaimed(this.#unsettled.claimFree());
  }

  /**
   * Gives back what a transaction had claimed whose subscription has ended. What
   * had only waited behind other messages was not delivered in vain: who crashes
   * on one message again and again does not take its neighbours with it.
   */
  giveBackClaimed(claims: readonly Claim[]): void {
    const { lastBegun } = this.#unsettled;
    for (const claim of claims) {
      const messages = this.#settled(claim).map(({ sequence, message }) => {
        if (sequence <= lastBegun) message.failures++;
        return message;
      });
      this.#init.queue.giveBack(messages);
    }
  }
}
