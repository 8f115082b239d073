import type { Version } from "../codec/mod.ts";
import { ConnectionError, quoted, UsageError } from "../errors.ts";
import type { ClientSession } from "../session/client_session.ts";
import type { HeartBeat } from "../session/heart_beat.ts";
import { checkOptions } from "../session/option_checks.ts";
import { Consumer, type MessageHandler } from "./consumer.ts";
import type { CloseReport, Lifecycle } from "./lifecycle.ts";
import type { Message } from "./message.ts";
import {
  BEGIN_CHECKS,
  type BeginOptions,
  CLOSE_CHECKS,
  type CloseOptions,
  CONSUME_CHECKS,
  type ConsumeOptions,
  DEFAULTS,
  REQUEST_CHECKS,
  type RequestOptions,
  SEND_CHECKS,
  type SendOptions,
  SUBSCRIBE_CHECKS,
  type SubscribeOptions,
} from "./options.ts";
import { requireFreeHeaders } from "./requests.ts";
import { putSend } from "./sending.ts";
import { fromCall } from "./stack_trace.ts";
import type { ClientStats } from "./stats.ts";
import type { StatusEvent } from "./status.ts";
import { Subscription } from "./subscription.ts";
import { Transaction } from "./transaction.ts";

/** What runtimes call when a client is printed. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/**
 * A client of one broker, or of several that stand in for each other. It is
 * made by `connect()`, and owns its connection: close it, or declare it with
 * `await using`.
 */
export class Client implements AsyncDisposable {
  static {
    Object.defineProperty(this.prototype, INSPECT, {
      value(this: Client): string {
        return `Client { ${this.#life.shown()} }`;
      },
    });
  }

  readonly #life: Lifecycle;

  /** Made by `connect()`. */
  constructor(life: Lifecycle) {
    this.#life = life;
  }

  get #session(): ClientSession {
    return this.#life.reconnector.connection.session;
  }

  /** The version of STOMP that the latest connection has settled on. */
  get version(): Version {
    return this.#session.version!;
  }

  /** What the broker calls itself, such as `"RabbitMQ/3.10.8"`. */
  get server(): string | undefined {
    return this.#session.server;
  }

  /** The broker's name for the session. */
  get session(): string | undefined {
    return this.#session.session;
  }

  /** The negotiated periods in ms: how often we send, how often the broker. */
  get heartBeat(): HeartBeat {
    return this.#session.heartBeat;
  }

  /**
   * Resolves when the client has come to its end, whatever that was. It never
   * rejects: the report says what happened.
   */
  get closed(): Promise<CloseReport> {
    this.#life.context.noteEnd();
    return this.#life.closed;
  }

  /** What happens to the connection from now on, until the client is closed. */
  status(): AsyncIterableIterator<StatusEvent> {
    this.#life.context.noteEnd();
    return this.#life.context.status.listen();
  }

  /** What the client has done and is about, at this moment. */
  stats(): ClientStats {
    return this.#life.stats();
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
    const { signal } = options;
    signal?.throwIfAborted();
    const { pace } = this.#life.context;
    try {
      const sent = this.#life.use(
        "send",
        signal,
        (connection) => putSend(connection, destination, body, options),
      );
      if (sent !== undefined) await sent;
      // Whoever computes between two sends lets the first one go out.
      else if (pace.isOver) await pace.next();
    } catch (error) {
      throw fromCall(error);
    }
  }

  /**
   * Asks a service and waits for its answer: sends a message with `reply-to`
   * and `correlation-id`, and resolves with the first message that comes back.
   * The service sends it to the destination that `reply-to` names, with the same
   * `correlation-id`. The queue for answers is the connection's own.
   *
   * @throws {TimeoutError} if none comes in time, {BrokerError} if the request
   * is refused, {ConnectionError} if the connection is lost; its `unknown` tells
   * that the request may have been heard. It is never repeated by itself.
   * {UsageError} if it cannot be sent.
   *
   * @example
   * ```ts
   * import { connect } from "@stompest/core";
   * import { serve } from "@stompest/core/broker";
   * import { assertEquals } from "@std/assert";
   *
   * await using broker = await serve();
   * await using client = await connect(broker.url);
   * client.consume("/queue/double", async (message) => {
   *   const { headers } = message;
   *   await client.send(headers.get("reply-to")!, String(2 * Number(message.text())), {
   *     headers: { "correlation-id": headers.get("correlation-id")! },
   *   });
   * });
   * const answer = await client.request("/queue/double", "21", { timeout: 5000 });
   * assertEquals(answer.text(), "42");
   * ```
   */
  async request(
    destination: string,
    body: string | Uint8Array = "",
    options: RequestOptions = {},
  ): Promise<Message> {
    checkOptions("request()", options, REQUEST_CHECKS);
    requireFreeHeaders(options.headers);
    options.signal?.throwIfAborted();
    const { requests } = this.#life;
    try {
      return await requests.ask(
        destination,
        options,
        async (headersOn) =>
          await this.#life.use("request", options.signal, (connection) => {
            const headers = headersOn(connection);
            if (headers === undefined) return;
            return putSend(connection, destination, body, {
              ...options,
              headers: { ...options.headers, ...headers },
              receipt: true,
            });
          }),
      );
    } catch (error) {
      throw fromCall(error);
    }
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
    const { subscriptions } = this.#life;
    this.#life.requireStage("begins", "subscribe");
    const settledBy = options.manualAck ? "program" : "loop";
    return new Subscription(subscriptions.add(destination, options, settledBy));
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
    const { prefetch = Math.max(DEFAULTS.prefetch, concurrency ?? 1) } = rest;
    if (prefetch < (concurrency ?? 1)) {
      throw new UsageError(
        `A prefetch of ${prefetch} never lets ${concurrency} messages be ` +
          'handled at once: raise "prefetch", or lower "concurrency".',
      );
    }
    if (errorDestination === destination) {
      throw new UsageError(
        `The error destination ${
          quoted(destination)
        } is the source itself: a ` +
          "message that fails would come back for ever. Choose another one.",
      );
    }
    this.#life.requireStage("begins", "subscribe");
    const core = this.#life.subscriptions.add(
      destination,
      rest.ack === "auto" ? rest : { ...rest, prefetch },
      (concurrency ?? 1) > 1 ? "handlers" : "handler",
    );
    return new Consumer(this.#life, core, {
      handler,
      concurrency: concurrency ?? 1,
      errorDestination,
      onFailure: onFailure ?? "continue",
      signal: rest.signal,
    });
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
    const requireClient = () => this.#life.requireStage("finishes", "send");
    try {
      return await this.#life.use(
        "begin a transaction",
        options.signal,
        (connection) => new Transaction(connection, requireClient),
      );
    } catch (error) {
      throw fromCall(error);
    }
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
    if (typeof work !== "function") {
      throw new UsageError(
        `transaction() takes a function, not ${quoted(work)}.`,
      );
    }
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
    this.#life.context.noteEnd();
    return this.#life.close(options.timeout);
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
    this.#life.context.noteEnd();
    this.#life.drop(
      new ConnectionError("The client was aborted.", { cause: reason }),
    );
  }
}
