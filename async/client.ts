import type { Version } from "../codec/mod.ts";
import { ConnectionError, quoted, UsageError } from "../errors.ts";
import type { HeartBeat } from "../session/heart_beat.ts";
import { checkOptions } from "../session/options.ts";
import type { Clock } from "../transport/clock.ts";
import type { Connection, ConnectionEvents } from "./connection.ts";
import {
  CLOSE_CHECKS,
  type CloseOptions,
  DEFAULTS,
  SEND_CHECKS,
  type SendOptions,
  SUBSCRIBE_CHECKS,
  type SubscribeOptions,
} from "./options.ts";
import { Subscription, type SubscriptionHost } from "./subscription.ts";
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
export interface ClientInit {
  readonly clock: Clock;
  readonly drainTimeout: number;
  readonly receiveBuffer: number;
  readonly signal: AbortSignal | undefined;
  /** Opens the connection, with the client listening. */
  open(events: ConnectionEvents): Promise<Connection>;
}

const TEXT: Readonly<Record<string, string>> = {
  "content-type": "text/plain;charset=utf-8",
};

/**
 * A client of one broker. It is made by `connect()`, and owns its connection:
 * close it, or declare it with `await using`.
 */
export class Client implements AsyncDisposable {
  readonly #init: ClientInit;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #closed = Promise.withResolvers<CloseReport>();
  readonly #host: SubscriptionHost;
  #connection!: Connection;
  /** open → draining: no new work → closed */
  #state: "open" | "draining" | "closed" = "open";
  #closing: Promise<CloseReport> | undefined;
  #cause: unknown;
  /** Octets that wait to be handed out. */
  #fed = 0;
  #detach: () => void = () => {};
  /** Of the subscriptions that have ended. */
  #totals = { handled: 0, unfinished: 0, redeliverable: 0 };

  /** Made by `connect()`. */
  constructor(init: ClientInit) {
    this.#init = init;
    const connection = () => this.#connection;
    this.#host = {
      get connection() {
        return connection();
      },
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
        if (octets < 0) this.#connection.readOn();
      },
      ended: (subscription) => this.#forget(subscription),
    };
  }

  /** Connects a client: what `connect()` does once it has read its options. */
  static async open(init: ClientInit): Promise<Client> {
    const client = new Client(init);
    client.#connection = await init.open({
      message: (frame, id) => client.#subscriptions.get(id)?.deliver(frame),
      subscriptionFailed: (id, error) =>
        client.#subscriptions.get(id)?.fail(error),
      lost: (cause, isGoodBye) => client.#lost(cause, isGoodBye),
      isOverfed: () => client.#fed > init.receiveBuffer,
    });
    const { signal } = init;
    if (signal !== undefined) {
      const abort = () => void client.close();
      signal.addEventListener("abort", abort, { once: true });
      client.#detach = () => signal.removeEventListener("abort", abort);
    }
    return client;
  }

  /** The version of STOMP that was settled on. */
  get version(): Version {
    return this.#connection.session.version!;
  }

  /** What the broker calls itself, such as `"RabbitMQ/3.10.8"`. */
  get server(): string | undefined {
    return this.#connection.session.server;
  }

  /** The broker's name for the session. */
  get session(): string | undefined {
    return this.#connection.session.session;
  }

  /** The negotiated periods in ms: how often we send, how often the broker. */
  get heartBeat(): HeartBeat {
    return this.#connection.session.heartBeat;
  }

  /**
   * Resolves when the client has come to its end, whatever that was. It never
   * rejects: the report says what happened.
   */
  get closed(): Promise<CloseReport> {
    return this.#closed.promise;
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
   * @throws {UsageError} if it cannot be sent: nothing is written.
   * {BrokerError} if the broker says so, {TimeoutError} if the receipt is late,
   * {ConnectionError} if the connection is lost; its `unknown` tells that the
   * broker may have the message nevertheless.
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
    const connection = this.#usable("send()");
    const { session } = connection;
    const receipt = options.receipt ? session.newReceipt() : undefined;
    const headers = typeof body === "string" && body !== ""
      ? { ...TEXT, ...options.headers }
      : options.headers;
    connection.append(
      session.send(destination, body, { headers, receipt }),
      { contentLength: options.contentLength },
    );
    if (receipt !== undefined) {
      const operation = `the SEND to ${destination}`;
      await connection.confirmed(receipt, operation, options);
    } else {
      await connection.room(options.signal);
    }
  }

  /**
   * Subscribes to a destination (STOMP 1.2, "SUBSCRIBE"). The broker begins to
   * send at once; iterate the subscription to get the messages.
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
    options.signal?.throwIfAborted();
    if (this.#state === "draining") {
      throw new UsageError(
        `Cannot subscribe to ${quoted(destination)}: the client is closing.`,
      );
    }
    const connection = this.#usable("subscribe()");
    const { session } = connection;
    const ack = options.ack ??
      (this.version === "1.0" ? "client" : "client-individual");
    const receipt = session.newReceipt();
    const frame = session.subscribe(destination, {
      ack,
      receipt,
      id: options.id,
      prefetch: options.prefetch ??
        (ack === "auto" ? undefined : DEFAULTS.prefetch),
      headers: options.headers,
    });
    connection.append(frame);
    const subscription = new Subscription(this.#host, {
      id: frame.headers.get("id")!,
      destination,
      ack,
      manualAck: options.manualAck ?? false,
      ready: connection.confirmed(receipt, `the SUBSCRIBE to ${destination}`),
      signal: options.signal,
    });
    this.#subscriptions.set(subscription.id, subscription);
    return subscription;
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
   * Drops the connection now. Whatever waits for the broker rejects with a
   * `ConnectionError` whose cause is the reason; loops throw it.
   */
  abort(reason?: unknown): void {
    this.#connection.fail(
      new ConnectionError("The client was aborted.", { cause: reason }),
    );
  }

  async #close(timeout: number): Promise<CloseReport> {
    if (this.#state === "open") {
      this.#state = "draining";
      try {
        await within(
          this.#init.clock,
          timeout,
          "A graceful close",
          undefined,
          () => this.#drain(),
        );
      } catch (cause) {
        this.#connection.fail(cause);
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
    await this.#connection.settled();
    if (this.#state === "closed") return;
    await this.#connection.disconnect();
  }

  #usable(what: string): Connection {
    if (this.#state !== "closed") return this.#connection;
    if (this.#cause === undefined) {
      throw new UsageError(
        `Cannot ${what.replace("()", "")}: the client is closed.`,
      );
    }
    throw new ConnectionError(
      `Cannot ${what.replace("()", "")}: the connection is gone.`,
      { cause: this.#cause },
    );
  }

  #lost(cause: ConnectionError, isGraceful: boolean): void {
    this.#state = "closed";
    this.#detach();
    if (!isGraceful) this.#cause = cause;
    for (const subscription of [...this.#subscriptions.values()]) {
      subscription.fail(cause);
    }
    const report: CloseReport = {
      graceful: isGraceful,
      ...this.#totals,
      ...(isGraceful ? {} : { cause }),
    };
    // During connect() there is no connection yet, and nobody to tell.
    const finished = this.#connection?.finished ?? Promise.resolve();
    void finished.then(() => this.#closed.resolve(report));
  }

  #forget(subscription: Subscription): void {
    this.#subscriptions.delete(subscription.id);
    this.#totals.handled += subscription.handled;
    this.#totals.unfinished += subscription.unfinished;
    this.#totals.redeliverable += subscription.redeliverable;
  }
}
