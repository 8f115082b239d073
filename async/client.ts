import type { Version } from "../codec/mod.ts";
import { ConnectionError, quoted, UsageError } from "../errors.ts";
import type { HeartBeat } from "../session/heart_beat.ts";
import { checkOptions } from "../session/options.ts";
import type { Clock } from "../transport/clock.ts";
import type { Connection } from "./connection.ts";
import { Consumer, type MessageHandler } from "./consumer.ts";
import type { SettledBy } from "./hand.ts";
import {
  BEGIN_CHECKS,
  type BeginOptions,
  CLOSE_CHECKS,
  type CloseOptions,
  CONSUME_CHECKS,
  type ConsumeOptions,
  SEND_CHECKS,
  type SendOptions,
  SUBSCRIBE_CHECKS,
  type SubscribeOptions,
} from "./options.ts";
import { StatusBoard, type StatusEvent } from "./status.ts";
import { Subscription, type SubscriptionHost } from "./subscription.ts";
import { Transaction } from "./transaction.ts";
import { Upkeep, type UpkeepOptions } from "./upkeep.ts";
import { within } from "./waiting.ts";

/** How a client came to its end. */
export interface CloseReport {
  /** Whether all that was in hand was finished and the broker was told. */
  readonly graceful: boolean;
  /** Messages that were settled; in ack mode `auto`, handed out and gone on from. */
  readonly handled: number;
  /** Messages that were handed out and not settled; the broker redelivers them. */
  readonly unfinished: number;
  /** Messages that came and were never handed out; the broker redelivers them. */
  readonly redeliverable: number;
  /** Why it ended, unless it was closed gracefully by the program. */
  readonly cause?: unknown;
}

/** What a client is made with. */
export interface ClientInit extends UpkeepOptions {
  readonly clock: Clock;
  readonly drainTimeout: number;
  readonly receiveBuffer: number;
}

const TEXT: Readonly<Record<string, string>> = {
  "content-type": "text/plain;charset=utf-8",
};

/**
 * A client of one broker, or of several that stand in for each other. It is
 * made by `connect()`, and owns its connection: close it, or declare it with
 * `await using`.
 *
 * ```text
 *           close(), signal, await using
 *   open ──────────────────────────────────▶ draining ──▶ closed
 *    │  ▲                                        │ time-out,  ▲
 *    ▼  │ reconnect                              │ loss       │
 *  offline ──────────────────────────────────────┴────────────┘
 *             gives up, abort()
 * ```
 */
export class Client implements AsyncDisposable {
  readonly #init: ClientInit;
  readonly #upkeep: Upkeep;
  readonly #board = new StatusBoard();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #closed = Promise.withResolvers<CloseReport>();
  readonly #host: SubscriptionHost;
  /** Offline is open, too: there, whoever needs a connection waits for one. */
  #state: "open" | "draining" | "closed" = "open";
  #closing: Promise<CloseReport> | undefined;
  #cause: ConnectionError | undefined;
  /** Why it shuts itself down, if it does. */
  #failure: { readonly cause: unknown } | undefined;
  /** Aborts when a shutdown begins. */
  readonly #shutdown = new AbortController();
  /** Octets that wait to be handed out. */
  #fed = 0;
  #lastSubscription = 0;
  #detach: () => void = () => {};
  /** Of the subscriptions that have ended. */
  #totals = { handled: 0, unfinished: 0, redeliverable: 0 };

  /** Made by `connect()`. */
  constructor(init: ClientInit) {
    this.#init = init;
    this.#upkeep = new Upkeep(init, {
      connected: (connection) => this.#replay(connection),
      disconnected: () => {
        for (const subscription of this.#subscriptions.values()) {
          subscription.detach();
        }
      },
      ended: (cause, isGoodBye) => this.#end(cause, isGoodBye),
      status: (event) => this.#board.post(event),
      message: (frame, id) => this.#subscriptions.get(id)?.deliver(frame),
      subscriptionFailed: (id, error) =>
        this.#subscriptions.get(id)?.fail(error),
      isOverfed: () => this.#fed > init.receiveBuffer,
    });
    this.#host = {
      drainTimeout: init.drainTimeout,
      drained: (promise) =>
        within(
          init.clock,
          init.drainTimeout,
          "Draining",
          undefined,
          () => promise,
        ).catch(() => {}),
      fed: (octets) => {
        this.#fed += octets;
        if (octets < 0) this.#upkeep.connection.readOn();
      },
      ended: (subscription) => this.#forget(subscription),
    };
  }

  /** Connects; what `connect()` does once it has read its options. */
  async open(signal: AbortSignal | undefined): Promise<this> {
    await this.#upkeep.start(signal);
    if (signal !== undefined) {
      const abort = () => void this.close();
      signal.addEventListener("abort", abort, { once: true });
      this.#detach = () => signal.removeEventListener("abort", abort);
    }
    return this;
  }

  /** The version of STOMP that the latest connection has settled on. */
  get version(): Version {
    return this.#upkeep.connection.session.version!;
  }

  /** What the broker calls itself, such as `"RabbitMQ/3.10.8"`. */
  get server(): string | undefined {
    return this.#upkeep.connection.session.server;
  }

  /** The broker's name for the session. */
  get session(): string | undefined {
    return this.#upkeep.connection.session.session;
  }

  /** The negotiated periods in ms: how often we send, how often the broker. */
  get heartBeat(): HeartBeat {
    return this.#upkeep.connection.session.heartBeat;
  }

  /**
   * Resolves when the client has come to its end, whatever that was. It never
   * rejects: the report says what happened.
   */
  get closed(): Promise<CloseReport> {
    return this.#closed.promise;
  }

  /** What happens to the connection from now on, until the client is closed. */
  status(): AsyncIterableIterator<StatusEvent> {
    return this.#board.listen();
  }

  /**
   * Sends a message (STOMP 1.2, "SEND").
   *
   * With `receipt: true` the promise resolves when the broker has confirmed
   * that it has the message. Many such sends can be under way at once, so
   * confirm them together rather than one by one. Without it the promise
   * resolves when the message is accepted for writing, or, if the broker takes
   * octets more slowly than they come, when there is room again: await it to
   * not pile them up. Such a message is lost if the connection dies.
   *
   * While a lost connection is made again, it waits; the `signal` ends that.
   *
   * @throws {UsageError} if it cannot be sent: nothing is written.
   * {BrokerError} if the broker says so, {TimeoutError} if the receipt is late,
   * {ConnectionError} if the connection is lost; its `unknown` tells that the
   * broker may have the message nevertheless. It is never sent again by itself.
   *
   * @example
   * ```ts
   * import { connect } from "@stompest/core";
   * import { serve } from "@stompest/core/broker";
   *
   * await using broker = await serve();
   * await using client = await connect(broker.url);
   * await client.send("/queue/a", JSON.stringify({ count: 1 }), {
   *   headers: { "content-type": "application/json", persistent: "true" },
   *   receipt: true,
   * });
   * ```
   */
  async send(
    destination: string,
    body: string | Uint8Array = "",
    options: SendOptions = {},
  ): Promise<void> {
    checkOptions("send()", options, SEND_CHECKS);
    options.signal?.throwIfAborted();
    this.#requireOpen("send");
    const online = this.#upkeep.online(options.signal);
    const connection = online instanceof Promise ? await online : online;
    await this.#send(connection, destination, body, options);
  }

  /**
   * Subscribes to a destination (STOMP 1.2, "SUBSCRIBE"). The broker begins to
   * send at once; iterate the subscription to get the messages. If the
   * connection is lost and made again, so is the subscription.
   *
   * @throws {UsageError} if an option or the destination is none, or the id is
   * taken.
   *
   * @example
   * ```ts
   * import { connect } from "@stompest/core";
   * import { serve } from "@stompest/core/broker";
   * import { assertEquals } from "@std/assert";
   *
   * await using broker = await serve();
   * await using client = await connect(broker.url);
   * await client.send("/queue/a", "hello");
   * for await (const message of client.subscribe("/queue/a")) {
   *   assertEquals(message.text(), "hello");
   *   await message.ack();
   *   break;
   * }
   * ```
   */
  subscribe(
    destination: string,
    options: SubscribeOptions = {},
  ): Subscription {
    checkOptions("subscribe()", options, SUBSCRIBE_CHECKS);
    const settledBy = options.manualAck ? "program" : "loop";
    return this.#subscribe(destination, options, settledBy);
  }

  #subscribe(
    destination: string,
    options: SubscribeOptions,
    settledBy: SettledBy,
  ): Subscription {
    options.signal?.throwIfAborted();
    this.#requireOpen("subscribe");
    if (this.#state === "draining") {
      throw new UsageError(
        `Cannot subscribe to ${quoted(destination)}: the client is closing.`,
      );
    }
    const id = options.id ?? `subscription-${++this.#lastSubscription}`;
    if (this.#subscriptions.has(id)) {
      throw new UsageError(
        `There is a subscription with the id ${quoted(id)} already: choose ` +
          "another, or leave the id out.",
      );
    }
    const subscription = new Subscription(this.#host, {
      id,
      destination,
      ack: options.ack,
      prefetch: options.prefetch,
      headers: options.headers,
      settledBy,
      signal: options.signal,
    });
    if (this.#upkeep.isOnline) subscription.attach(this.#upkeep.connection);
    this.#subscriptions.set(id, subscription);
    return subscription;
  }

  /**
   * Has a function handle the messages of a destination. Its success is what
   * acknowledges a message; what becomes of a failure, see
   * {@linkcode ConsumeOptions.errorDestination}.
   *
   * @throws {UsageError} if the handler is no function, an option is wrong, or
   * the error destination is the source.
   *
   * @example
   * ```ts
   * import { connect } from "@stompest/core";
   * import { serve } from "@stompest/core/broker";
   *
   * await using broker = await serve();
   * await using client = await connect(broker.url);
   * await using consumer = client.consume("/queue/a", (message) => {
   *   console.log(message.text());
   * }, { concurrency: 4, errorDestination: "/queue/a.failed" });
   * await consumer.ready;
   * ```
   */
  consume(
    destination: string,
    handler: MessageHandler,
    options: ConsumeOptions = {},
  ): Consumer {
    checkOptions("consume()", options, CONSUME_CHECKS);
    if (typeof handler !== "function") {
      throw new UsageError(
        `The handler of consume() must be a function, not ${quoted(handler)}.`,
      );
    }
    const { concurrency, errorDestination, onFailure, ...rest } = options;
    if (errorDestination === destination) {
      throw new UsageError(
        `The error destination ${
          quoted(destination)
        } is the source itself: a ` +
          "message that fails would come back for ever. Choose another one.",
      );
    }
    const subscription = this.#subscribe(destination, rest, "consumer");
    return new Consumer(
      {
        signal: this.#shutdown.signal,
        sendConfirmed: (destination, body, headers) =>
          this.send(destination, body, { headers, receipt: true }),
        shutDown: (cause) => {
          this.#failure ??= { cause };
          void this.close();
        },
      },
      subscription,
      {
        handler,
        concurrency: concurrency ?? 1,
        errorDestination,
        onFailure: onFailure ?? "continue",
      },
    );
  }

  /**
   * Begins a transaction (STOMP 1.2, "BEGIN"). While a lost connection is made
   * again, it waits; the `signal` ends that.
   *
   * @throws {ConnectionError} if there will be no connection any more.
   */
  async begin(options: BeginOptions = {}): Promise<Transaction> {
    checkOptions("begin()", options, BEGIN_CHECKS);
    options.signal?.throwIfAborted();
    this.#requireOpen("begin a transaction");
    const connection = await this.#upkeep.online(options.signal);
    const frame = connection.session.begin();
    connection.append(frame);
    return new Transaction({
      connection,
      send: (destination, body, options) =>
        this.#send(connection, destination, body, options),
    }, frame.headers.get("transaction")!);
  }

  /**
   * Does work in a transaction: commits it when the work is done, aborts it when
   * that throws, and throws on.
   *
   * @throws What the work throws, and what {@linkcode Transaction.commit} does.
   *
   * @example
   * ```ts
   * import { connect } from "@stompest/core";
   * import { serve } from "@stompest/core/broker";
   *
   * await using broker = await serve();
   * await using client = await connect(broker.url);
   * await client.transaction(async (transaction) => {
   *   await transaction.send("/queue/a", "both");
   *   await transaction.send("/queue/b", "or neither");
   * });
   * ```
   */
  async transaction<T>(
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<T> {
    await using transaction = await this.begin();
    const result = await work(transaction);
    await transaction.commit();
    return result;
  }

  /**
   * Closes the client gracefully. Nothing more is handed out; loop bodies that
   * are running finish and acknowledge, and may still send; then come
   * UNSUBSCRIBE, the outstanding receipts and DISCONNECT with a receipt (STOMP
   * 1.2, "DISCONNECT"). Loops end as if there were no more messages. All of
   * this happens within one time-out, after which the connection is dropped.
   *
   * Idempotent. It never rejects; the report says what was left unfinished.
   * Inside a loop do not await it: it waits for the loop.
   */
  close(options: CloseOptions = {}): Promise<CloseReport> {
    try {
      checkOptions("close()", options, CLOSE_CHECKS);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#closing ??= this.#close(options.timeout ?? this.#init.drainTimeout);
    return this.#closing;
  }

  /** The same as {@linkcode close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Drops the connection now, and makes no other. Whatever waits for the broker
   * rejects with a `ConnectionError` whose cause is the reason; loops throw it.
   */
  abort(reason?: unknown): void {
    this.#drop(
      new ConnectionError("The client was aborted.", { cause: reason }),
    );
  }

  async #send(
    connection: Connection,
    destination: string,
    body: string | Uint8Array,
    options: SendOptions & { transaction?: string },
  ): Promise<void> {
    const { session } = connection;
    const { transaction } = options;
    const receipt = options.receipt ? session.newReceipt() : undefined;
    const headers = typeof body === "string" && body !== ""
      ? { ...TEXT, ...options.headers }
      : options.headers;
    connection.append(
      session.send(destination, body, { headers, receipt, transaction }),
      { contentLength: options.contentLength },
    );
    if (receipt === undefined) await connection.room(options.signal);
    else {
      const operation = `the SEND to ${destination}`;
      await connection.confirmed(receipt, operation, options);
    }
  }

  #drop(cause: unknown): void {
    this.#upkeep.stop();
    this.#upkeep.connection.fail(cause);
  }

  async #close(timeout: number): Promise<CloseReport> {
    if (this.#state === "open") {
      this.#state = "draining";
      this.#shutdown.abort();
      this.#upkeep.stop();
      try {
        await within(
          this.#init.clock,
          timeout,
          "A graceful close",
          undefined,
          () => this.#drain(),
        );
      } catch (cause) {
        this.#drop(cause);
      }
    }
    return await this.closed;
  }

  async #drain(): Promise<void> {
    await Promise.allSettled(
      this.#subscriptions.values().map((subscription) =>
        subscription.unsubscribe()
      ),
    );
    if (!this.#upkeep.isOnline) return;
    await this.#upkeep.connection.settled();
    if (this.#upkeep.isOnline) await this.#upkeep.connection.disconnect();
  }

  #requireOpen(what: string): void {
    if (this.#state !== "closed") return;
    if (this.#cause === undefined) {
      throw new UsageError(`Cannot ${what}: the client is closed.`);
    }
    throw new ConnectionError(`Cannot ${what}: the connection is gone.`, {
      cause: this.#cause,
    });
  }

  /** Subscribes again what was subscribed before, in the same order. */
  #replay(connection: Connection): void {
    for (const subscription of [...this.#subscriptions.values()]) {
      try {
        subscription.attach(connection);
        const { id, destination } = subscription;
        this.#board.post({ type: "replayed", subscription: id, destination });
      } catch (error) {
        // Another version, perhaps, which cannot express it.
        subscription.fail(error);
      }
    }
  }

  #end(cause: ConnectionError, isGraceful: boolean): void {
    this.#state = "closed";
    this.#shutdown.abort();
    this.#detach();
    if (!isGraceful) this.#cause = cause;
    for (const subscription of [...this.#subscriptions.values()]) {
      subscription.fail(cause);
    }
    const report: CloseReport = {
      graceful: isGraceful,
      ...this.#totals,
      ...(isGraceful ? this.#failure : { cause }),
    };
    this.#board.close();
    void this.#upkeep.connection.finished.then(() =>
      this.#closed.resolve(report)
    );
  }

  #forget(subscription: Subscription): void {
    this.#subscriptions.delete(subscription.id);
    this.#totals.handled += subscription.handled;
    this.#totals.unfinished += subscription.unfinished;
    this.#totals.redeliverable += subscription.redeliverable;
  }
}
