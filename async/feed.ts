import type { Frame } from "../codec/mod.ts";
import { ConnectionError, TimeoutError, UsageError } from "../errors.ts";
import type { AckMode } from "../session/events.ts";
import { Fifo } from "../session/fifo.ts";
import type { Connection } from "./connection.ts";
import type { Delivery } from "./delivery.ts";
import type { FeedHost, FeedInit } from "./feed_init.ts";
import { Hand } from "./unsettled.ts";
import { Loop, type Taker } from "./message_iterator.ts";
import type { Message } from "./message.ts";
import { DEFAULTS, type UnsubscribeOptions } from "./options.ts";
import { Patience } from "./resubscribe_grace.ts";

/**
 * What stands behind a subscription: the messages that come, the loops that take
 * them, and the SUBSCRIBE that is made anew on each connection.
 */
export class Feed implements AsyncIterable<Message> {
  /** Its id, unique within the connection. */
  readonly id: string;
  /** Where its messages were sent to. */
  readonly destination: string;
  /** Resolves when the broker has confirmed it, or rejects if it refuses. */
  readonly ready: Promise<void>;

  readonly #host: FeedHost;
  readonly #init: FeedInit;
  readonly #ready = Promise.withResolvers<void>();
  readonly #hand: Hand;
  #ack: AckMode;
  /** Where it is subscribed; `undefined` while there is no connection. */
  #connection: Connection | undefined;
  /** Came, and nobody has asked for them yet. */
  readonly #waiting = new Fifo<Delivery>();
  /** Loops that have asked, while none has come. */
  readonly #takers = new Set<Taker>();
  #loops = 0;
  /**
   * open → stopping: nothing is handed out any more
   * → leaving: UNSUBSCRIBE is on its way, so nothing can be settled any more
   * → ended
   */
  #state: "open" | "stopping" | "leaving" | "ended" = "open";
  #failure: unknown;
  #idle: PromiseWithResolvers<void> | undefined;
  #ending: Promise<void> | undefined;
  #forgetSignal: () => void = () => {};
  #redeliverable = 0;
  readonly #patience = new Patience();
  /** Whether the broker is to forget it, though it is durable. */
  #isDeleted = false;
  /** Whether an UNSUBSCRIBE has been written. */
  #isGoodByeSaid = false;

  /** It begins with {@linkcode attach}. */
  constructor(host: FeedHost, init: FeedInit) {
    this.#host = host;
    this.#init = init;
    this.#ack = init.ack ?? "client-individual";
    this.id = init.id;
    this.destination = init.destination;
    this.ready = this.#ready.promise;
    // Whoever iterates is told as well.
    this.ready.catch(() => {});
    const ack = () => this.#ack;
    const connection = () => this.#settlesOn;
    this.#hand = new Hand({
      get ack() {
        return ack();
      },
      get connection() {
        return connection();
      },
      released: () => this.#checkIdle(),
      now: () => host.now(),
    }, init.settledBy);
    const { signal } = init;
    if (signal !== undefined) {
      const abort = () => void this.unsubscribe().catch(() => {});
      signal.addEventListener("abort", abort, { once: true });
      this.#forgetSignal = () => signal.removeEventListener("abort", abort);
    }
  }

  /** Who acknowledges what. */
  get ack(): AckMode {
    return this.#ack;
  }

  /** Messages that were settled, or in `auto` mode gone on from. */
  get handled(): number {
    return this.#hand.handled;
  }

  /** Messages that were handed out and are not settled. */
  get unfinished(): number {
    return this.#hand.unfinished;
  }

  /** Messages that wait to be handed out. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Messages that the program is not done with. */
  get inHand(): number {
    return this.#hand.size;
  }

  /** When it got the oldest of those. */
  get oldestSince(): number | undefined {
    return this.#hand.oldestSince;
  }

  /** Messages that came and were never handed out. */
  get redeliverable(): number {
    return this.#redeliverable;
  }

  /** What a loop does with the messages. */
  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    if (this.#ack === "client") this.#requireOneLoop(this.#loops + 1);
    this.#loops++;
    return new Loop({
      take: () => this.#takeWaiting(),
      wait: (taker) => this.#enqueue(taker),
      waitNoMore: (taker) => this.#takers.delete(taker),
      goOn: (delivery) => this.#hand.goOn(delivery),
      leave: (delivery) => this.#hand.leave(delivery),
      ended: () => this.#loops--,
    });
  }

  /** One loop would acknowledge what another has not finished. */
  #requireOneLoop(loops: number): void {
    if (loops < 2 || this.#init.settledBy !== "loop") return;
    throw new UsageError(
      `The subscription ${this.id} has several loops: in ack mode "client" one ` +
        "would acknowledge what another has not finished. Use " +
        '"client-individual", or "manualAck".',
    );
  }

  /** The handler of a message has succeeded, or a copy was sent. */
  finished(message: Message): void {
    this.#hand.finished(message);
  }

  /** In `client` mode: the last message that everything up to has been finished. */
  get lastFinished(): Message | undefined {
    return this.#hand.lastFinished;
  }

  /** Ends it gracefully. Idempotent. */
  unsubscribe(options: UnsubscribeOptions = {}): Promise<void> {
    if (options.delete) {
      if (this.#init.durable === undefined) {
        throw new UsageError(
          `The subscription ${this.id} is not durable, so that there is nothing ` +
            "to delete: just unsubscribe.",
        );
      }
      if (this.#isGoodByeSaid || this.#state === "ended") {
        throw new UsageError(
          `The subscription ${this.id} has ended without being deleted: ` +
            "subscribe under its name again to delete it.",
        );
      }
      this.#isDeleted = true;
    }
    if (this.#ending === undefined) {
      this.#ending = this.#end();
      // Nobody need wait for it: inside a loop nobody should.
      this.#ending.catch(() => {});
    }
    return this.#ending;
  }

  /** Whether the broker has confirmed it on a connection before. */
  get hasWorked(): boolean {
    return this.#patience.hasWorked;
  }

  /**
   * Subscribes on a connection, for the first time or again, and resolves when
   * the broker has answered: whether it has confirmed. Called by the client.
   *
   * @throws {UsageError} if the SUBSCRIBE cannot be expressed there, at once.
   */
  attach(connection: Connection): Promise<boolean> | undefined {
    if (this.#state !== "open" || this.#ending !== undefined) return undefined;
    const { session } = connection;
    const { ack, prefetch, headers, durable } = this.#init;
    this.#ack = ack ??
      (session.version === "1.0" ? "client" : "client-individual");
    if (this.#ack === "client") this.#requireOneLoop(this.#loops);
    const receipt = session.newReceipt();
    const frame = session.subscribe(this.destination, {
      id: this.id,
      ack: this.#ack,
      prefetch: prefetch ??
        (this.#ack === "auto" ? undefined : DEFAULTS.prefetch),
      headers,
      durable,
      receipt,
    });
    connection.append(frame, { receipt });
    this.#connection = connection;
    const operation = `the SUBSCRIBE to ${this.destination}`;
    return connection.confirmed(receipt, operation).then(
      () => {
        this.#patience.confirmed();
        this.#ready.resolve();
        return true;
      },
      (error) => {
        // What a loss means is for the client to say.
        if (error instanceof ConnectionError) return false;
        // The broker has said before that it has come to nothing.
        if (this.#state === "ended") return false;
        // It is late: the broker may send nevertheless.
        if (error instanceof TimeoutError) this.#giveUp(connection);
        session.withdraw(frame);
        const isOver = this.#ending !== undefined ||
          !this.#patience.refused(this.#host.now());
        // The next connection tries again.
        if (isOver) this.fail(error);
        else connection.fail(error);
        return false;
      },
    );
  }

  #giveUp(connection: Connection): void {
    const { session } = connection;
    const isThere = connection.failure === undefined &&
      session.state === "connected" &&
      session.subscription(this.id) !== undefined;
    if (isThere) connection.append(session.unsubscribe(this.id));
  }

  /**
   * The connection is lost. What came over it can no longer be settled, and
   * comes again. Called by the client.
   */
  detach(): void {
    this.#connection = undefined;
    if (this.#ack !== "auto") this.#discard();
    this.#redeliverable = 0;
    this.#hand.releaseStale();
    this.#hand.forgetUnfinished();
  }

  /** A message came. Called by the client. */
  deliver(frame: Frame): void {
    if (this.#state !== "open") {
      if (this.#state !== "ended") this.#redeliverable++;
      return;
    }
    const delivery = this.#hand.receive(frame);
    const [taker] = this.#takers;
    if (taker !== undefined) {
      this.#takers.delete(taker);
      this.#hand.take(delivery);
      taker.resolve(delivery);
    } else {
      this.#waiting.push(delivery);
      this.#host.fed(delivery.weight);
    }
  }

  /**
   * It ends now. Whoever waits is told why; without a reason the loops end as
   * if there were no more messages. Called by the client.
   */
  fail(failure: unknown): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#failure = failure;
    this.#ready.reject(
      failure ?? new UsageError(
        `The subscription to ${this.destination} was ended before the broker ` +
          "had confirmed it.",
      ),
    );
    this.#forgetSignal();
    this.#hand.releaseStale();
    // In auto mode the broker has forgotten them: they are still handed out.
    if (this.#ack !== "auto" || failure === undefined) this.#discard();
    this.#dismissTakers();
    this.#idle?.resolve();
    this.#host.ended(this);
  }

  async #end(): Promise<void> {
    try {
      // In auto mode nobody else will ever get what has been sent to us: first
      // no more is sent, then that is handed out, whatever came of the first.
      const farewell = this.#ack === "auto" ? this.#sayGoodBye() : undefined;
      await farewell?.catch(() => {});
      if (this.#ack !== "auto" || this.#loops === 0) this.#discard();
      if (this.#state === "open") this.#state = "stopping";
      if (this.#waiting.length === 0) this.#dismissTakers();
      await this.#host.drained(this.#untilIdle());
      await (farewell ?? this.#sayGoodBye());
    } finally {
      this.fail(undefined);
    }
  }

  async #sayGoodBye(): Promise<void> {
    const connection = this.#connection;
    if (this.#state === "ended" || connection === undefined) {
      if (!this.#isDeleted) return;
      throw new ConnectionError(
        `The subscription ${this.id} was not deleted: there was no connection. ` +
          "Subscribe under its name again to delete it.",
      );
    }
    const { session } = connection;
    const receipt = session.newReceipt();
    this.#isGoodByeSaid = true;
    const frames = this.#isDeleted
      ? session.deleteSubscription(this.id, { receipt })
      : [session.unsubscribe(this.id, { receipt })];
    const last = frames.at(-1);
    for (const frame of frames) {
      connection.append(frame, frame === last ? { receipt } : {});
    }
    // What is settled from now on would come too late for the broker.
    if (this.#ack !== "auto") this.#state = "leaving";
    await connection.confirmed(
      receipt,
      `the UNSUBSCRIBE from ${this.destination}`,
      { timeout: this.#host.drainTimeout },
    );
  }

  /** The delivery that waits longest, if any does. */
  #takeWaiting(): Delivery | undefined {
    const delivery = this.#waiting.shift();
    if (delivery === undefined) return undefined;
    this.#host.fed(-delivery.weight);
    this.#hand.take(delivery);
    // The last one: other loops wait in vain.
    if (this.#state !== "open" && this.#waiting.length === 0) {
      this.#dismissTakers();
    }
    return delivery;
  }

  #enqueue(taker: Taker): void {
    this.#takers.add(taker);
    if (this.#state !== "open") this.#dismissTakers();
  }

  /** Where messages can be settled now. */
  get #settlesOn(): Connection | undefined {
    return this.#state === "leaving" || this.#state === "ended"
      ? undefined
      : this.#connection;
  }

  get #isIdle(): boolean {
    return this.#hand.size === 0 && this.#waiting.length === 0;
  }

  #checkIdle(): void {
    if (this.#isIdle) this.#idle?.resolve();
  }

  async #untilIdle(): Promise<void> {
    if (this.#isIdle || this.#state === "ended") return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  #discard(): void {
    for (const delivery of this.#waiting.clear()) {
      this.#redeliverable++;
      this.#host.fed(-delivery.weight);
    }
  }

  #dismissTakers(): void {
    const takers = [...this.#takers];
    this.#takers.clear();
    for (const taker of takers) {
      if (this.#failure === undefined) taker.resolve(undefined);
      else taker.reject(this.#failure);
    }
  }
}
