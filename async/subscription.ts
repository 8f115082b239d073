import type { Frame } from "../codec/mod.ts";
import { ConnectionError, UsageError } from "../errors.ts";
import type { AckMode } from "../session/client_session.ts";
import { Fifo } from "../session/fifo.ts";
import { checkOptions } from "../session/options.ts";
import type { Connection } from "./connection.ts";
import { Delivery, type Settle, type Verb } from "./delivery.ts";
import type { AckOptions, Message } from "./message.ts";
import { DEFAULTS, RECEIPT_CHECKS } from "./options.ts";

/** What the client lends to its subscriptions. */
export interface SubscriptionHost {
  /** The most time that draining may take, in ms. */
  readonly drainTimeout: number;
  /** Waits for a promise, but not longer than `drainTimeout`. */
  drained(promise: Promise<void>): Promise<void>;
  /** So many octets more, or fewer, are waiting to be handed out. */
  fed(octets: number): void;
  /** The subscription has ended. */
  ended(subscription: Subscription): void;
}

/** How a subscription is made. */
export interface SubscriptionInit {
  readonly id: string;
  readonly destination: string;
  /** `undefined`: whatever the connection's version has. */
  readonly ack: AckMode | undefined;
  readonly prefetch: number | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly manualAck: boolean;
  readonly signal: AbortSignal | undefined;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * The messages of one destination. Iterate them:
 *
 * ```ts ignore
 * for await (const message of subscription) {
 *   await handle(message.json());
 * } // going on to the next message acknowledges this one
 * ```
 *
 * Going on acknowledges, unless the message was settled by hand, the mode is
 * `auto`, or `manualAck` is set. Leaving the loop by `break` or `throw` does
 * not acknowledge the message in hand; the subscription stays, and another loop
 * can go on with it. Several loops can share one, except in `client` mode,
 * where one loop's ACK would cover what another has not finished.
 *
 * The loop ends when the subscription or the client is closed. If the connection
 * is lost, it goes on with the next one, and throws if there is none. Messages
 * that were in hand then come again.
 */
export class Subscription implements AsyncIterable<Message>, AsyncDisposable {
  /** Its id, unique within the connection. */
  readonly id: string;
  /** Where its messages were sent to. */
  readonly destination: string;
  /**
   * Resolves when the broker has confirmed the subscription: from then on no
   * message to a topic is missed. Rejects if it refuses, as the loop does.
   */
  readonly ready: Promise<void>;

  readonly #host: SubscriptionHost;
  readonly #init: SubscriptionInit;
  readonly #ready = Promise.withResolvers<void>();
  /** Where it was last subscribed; `undefined` while there is no connection. */
  #connection: Connection | undefined;
  #ack: AckMode;
  /** Came, and nobody has asked for them yet. */
  readonly #waiting = new Fifo<Delivery>();
  /** Loops that have asked, while none has come. */
  readonly #takers = new Fifo<PromiseWithResolvers<Delivery | undefined>>();
  /** Handed out, and the program is not done with them. */
  readonly #inHand = new Set<Delivery>();
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
  #detach: () => void = () => {};
  #handedOut = 0;
  #handled = 0;
  #redeliverable = 0;

  /** Made by `client.subscribe()`. */
  constructor(host: SubscriptionHost, init: SubscriptionInit) {
    this.#host = host;
    this.#init = init;
    this.#ack = init.ack ?? "client-individual";
    this.id = init.id;
    this.destination = init.destination;
    this.ready = this.#ready.promise;
    // Whoever iterates is told as well.
    this.ready.catch(() => {});
    const { signal } = init;
    if (signal !== undefined) {
      const abort = () => void this.unsubscribe().catch(() => {});
      signal.addEventListener("abort", abort, { once: true });
      this.#detach = () => signal.removeEventListener("abort", abort);
    }
  }

  /** Who acknowledges what. */
  get ack(): AckMode {
    return this.#ack;
  }

  /** Messages that were settled, or in `auto` mode gone on from. */
  get handled(): number {
    return this.#handled;
  }

  /** Messages that were handed out and are not settled. */
  get unfinished(): number {
    return this.#handedOut - this.#handled;
  }

  /** Messages that came and were never handed out. */
  get redeliverable(): number {
    return this.#redeliverable;
  }

  /** Iterates the messages; see the class. */
  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    if (this.#ack === "client" && !this.#init.manualAck && this.#loops > 0) {
      throw new UsageError(
        `The subscription ${this.id} is iterated already: in ack mode ` +
          '"client" one loop would acknowledge what another has not finished. ' +
          'Use "client-individual", or "manualAck".',
      );
    }
    this.#loops++;
    let current: Delivery | undefined;
    let isOver = false;
    const end = () => {
      if (!isOver) this.#loops--;
      isOver = true;
      return DONE;
    };
    return {
      next: async () => {
        if (current !== undefined) {
          const done = current;
          current = undefined;
          this.#goOn(done);
          const room = done.connection.room(undefined);
          // A connection that is lost meanwhile is found out right below.
          if (room !== undefined) await room.catch(() => {});
        }
        if (isOver) return DONE;
        try {
          current = await this.#take();
        } catch (error) {
          end();
          throw error;
        }
        return current === undefined
          ? end()
          : { done: false, value: current.message };
      },
      return: () => {
        if (current !== undefined) this.#leave(current);
        current = undefined;
        return Promise.resolve(end());
      },
    };
  }

  /**
   * Ends the subscription gracefully: hands out nothing more, waits until the
   * messages in hand are settled and the loops have gone on, and tells the
   * broker (STOMP 1.2, "UNSUBSCRIBE"). Waiting ends after `drainTimeout`; what
   * is not settled by then is redelivered. In `auto` mode what has come is
   * handed out first, since nobody else will ever get it. Idempotent.
   *
   * Inside a loop, do not await it before the message in hand is settled and
   * the loop goes on: it waits for just that.
   *
   * @throws {ConnectionError} if the connection is lost before the broker has
   * confirmed, {TimeoutError} if it does not.
   */
  unsubscribe(): Promise<void> {
    return this.#ending ??= this.#end();
  }

  /** The same as {@linkcode unsubscribe}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.unsubscribe();
  }

  /**
   * Subscribes on a connection, for the first time or again. Called by the
   * client.
   *
   * @throws {UsageError} if the SUBSCRIBE cannot be expressed there.
   */
  attach(connection: Connection): void {
    if (this.#state !== "open") return;
    const { session } = connection;
    const { ack, prefetch, headers } = this.#init;
    this.#ack = ack ??
      (session.version === "1.0" ? "client" : "client-individual");
    const receipt = session.newReceipt();
    connection.append(session.subscribe(this.destination, {
      id: this.id,
      ack: this.#ack,
      prefetch: prefetch ??
        (this.#ack === "auto" ? undefined : DEFAULTS.prefetch),
      headers,
      receipt,
    }));
    this.#connection = connection;
    connection.confirmed(receipt, `the SUBSCRIBE to ${this.destination}`).then(
      () => this.#ready.resolve(),
      (error) => {
        // What a loss means is for the client to say.
        if (!(error instanceof ConnectionError)) this.fail(error);
      },
    );
  }

  /**
   * The connection is lost. What came over it can no longer be settled, and
   * comes again. Called by the client.
   */
  detach(): void {
    this.#connection = undefined;
    if (this.#ack !== "auto") this.#discard();
    for (const delivery of this.#inHand) this.#letGo(delivery);
  }

  /** A message came. Called by the client. */
  deliver(frame: Frame): void {
    if (this.#state !== "open") {
      if (this.#state !== "ended") this.#redeliverable++;
      return;
    }
    const delivery = new Delivery(frame, this.#connection!, this.#settle);
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker.resolve(this.#handOut(delivery));
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
    if (failure === undefined) this.#ready.resolve();
    else this.#ready.reject(failure);
    this.#detach();
    // In auto mode the broker has forgotten them: they are still handed out.
    if (this.#ack !== "auto" || failure === undefined) this.#discard();
    this.#dismissTakers();
    this.#idle?.resolve();
    this.#host.ended(this);
  }

  async #end(): Promise<void> {
    try {
      if (this.#ack === "auto") {
        await this.#sayGoodBye();
        if (this.#loops === 0) this.#discard();
      } else {
        this.#discard();
      }
      if (this.#state === "open") this.#state = "stopping";
      if (this.#waiting.length === 0) this.#dismissTakers();
      await this.#host.drained(this.#untilIdle());
      if (this.#ack !== "auto") await this.#sayGoodBye();
    } finally {
      this.fail(undefined);
    }
  }

  async #sayGoodBye(): Promise<void> {
    const connection = this.#connection;
    if (this.#state === "ended" || connection === undefined) return;
    const { session } = connection;
    const receipt = session.newReceipt();
    connection.append(session.unsubscribe(this.id, { receipt }));
    // What is settled from now on would come too late for the broker.
    if (this.#ack !== "auto") this.#state = "leaving";
    await connection.confirmed(
      receipt,
      `the UNSUBSCRIBE from ${this.destination}`,
      { timeout: this.#host.drainTimeout },
    );
  }

  /** The next delivery as soon as there is one; `undefined` at the end. */
  #take(): Promise<Delivery | undefined> {
    const delivery = this.#waiting.shift();
    if (delivery !== undefined) {
      this.#host.fed(-delivery.weight);
      this.#handOut(delivery);
      // The last one: other loops wait in vain.
      if (this.#state !== "open" && this.#waiting.length === 0) {
        this.#dismissTakers();
      }
      return Promise.resolve(delivery);
    }
    const taker = Promise.withResolvers<Delivery | undefined>();
    this.#takers.push(taker);
    if (this.#state !== "open") this.#dismissTakers();
    return taker.promise;
  }

  #handOut(delivery: Delivery): Delivery {
    this.#inHand.add(delivery);
    this.#handedOut++;
    return delivery;
  }

  /** The loop asks for the next message and is done with this one. */
  #goOn(delivery: Delivery): void {
    try {
      if (this.#ack === "auto") this.#handled++;
      else if (
        delivery.settled === undefined && !this.#init.manualAck &&
        !this.#isStale(delivery)
      ) this.#write(delivery, "ack", undefined);
    } finally {
      this.#leave(delivery);
    }
  }

  #leave(delivery: Delivery): void {
    delivery.left = true;
    this.#letGo(delivery);
  }

  /** Whether the program is done with a delivery is looked at again. */
  #letGo(delivery: Delivery): void {
    const isPromised = this.#init.manualAck && this.#ack !== "auto" &&
      delivery.settled === undefined && !this.#isStale(delivery);
    if (!delivery.left || isPromised) return;
    this.#inHand.delete(delivery);
    if (this.#isIdle) this.#idle?.resolve();
  }

  readonly #settle: Settle = async (delivery, verb, options) => {
    checkOptions(`${verb}()`, options, RECEIPT_CHECKS);
    if (this.#ack === "auto") {
      throw new UsageError(
        `A message in ack mode "auto" cannot be settled with ${verb}(): the ` +
          "broker has forgotten it already. Subscribe with another ack mode.",
      );
    }
    options?.signal?.throwIfAborted();
    const { settled } = delivery;
    if (settled !== undefined && settled !== verb) {
      throw new UsageError(
        `This message was settled with ${settled}() before: ${verb}() comes ` +
          "too late.",
      );
    }
    if (settled !== undefined) return true;
    if (this.#isStale(delivery)) return false;
    await this.#confirm(delivery, verb, options);
    return true;
  };

  async #confirm(
    delivery: Delivery,
    verb: Verb,
    options: AckOptions | undefined,
  ): Promise<void> {
    if (!options?.receipt) {
      this.#write(delivery, verb, undefined);
      await delivery.connection.room(options?.signal);
      return;
    }
    const receipt = delivery.connection.session.newReceipt();
    this.#write(delivery, verb, receipt);
    await delivery.connection.confirmed(
      receipt,
      `the ${verb.toUpperCase()} of message ${delivery.message.id}`,
      options,
    );
  }

  #write(delivery: Delivery, verb: Verb, receipt: string | undefined): void {
    const { connection, message } = delivery;
    connection.append(connection.session[verb](message, { receipt }));
    if (this.#ack === "client") {
      for (const earlier of this.#inHand) {
        if (earlier === delivery) break;
        if (earlier.settled === undefined) this.#markSettled(earlier, verb);
      }
    }
    this.#markSettled(delivery, verb);
  }

  #markSettled(delivery: Delivery, verb: Verb): void {
    delivery.settled = verb;
    this.#handled++;
    this.#letGo(delivery);
  }

  /** Whether it is too late to settle a delivery. */
  #isStale(delivery: Delivery): boolean {
    return delivery.connection !== this.#connection ||
      this.#state === "leaving" || this.#state === "ended";
  }

  get #isIdle(): boolean {
    return this.#inHand.size === 0 && this.#waiting.length === 0;
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
    for (const taker of this.#takers.clear()) {
      if (this.#failure === undefined) taker.resolve(undefined);
      else taker.reject(this.#failure);
    }
  }
}
