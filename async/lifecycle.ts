import { ConnectionError, UsageError } from "../errors.ts";
import type { Clock } from "../transport/clock.ts";
import { Answers } from "./requests.ts";
import type { Connection } from "./connection.ts";
import type { Message } from "./message.ts";
import type { RequestHost } from "./sending.ts";
import type { ClientStats } from "./stats.ts";
import { StatusBoard } from "./status.ts";
import type { Feed } from "./feed.ts";
import type { FeedHost } from "./feed_init.ts";
import { Upkeep, type UpkeepOptions } from "./reconnector.ts";
import { within } from "./time_limit.ts";

/** How a client came to its end. */
export interface CloseReport {
  /** Whether all that was in hand was finished and the broker was told. */
  readonly graceful: boolean;
  /** Messages that were settled; in ack mode `auto`, handed out and gone on from. */
  readonly handled: number;
  /** Messages that were handed out and not settled; the broker redelivers them. */
  readonly unfinished: number;
  /**
   * Messages that came and were never handed out; the broker redelivers them. In
   * ack mode `auto` they are lost, as are those that are unfinished.
   */
  readonly redeliverable: number;
  /** Why it ended, unless it was closed gracefully by the program. */
  readonly cause?: unknown;
}

/** What a client is made with. */
export interface ClientInit extends UpkeepOptions {
  readonly clock: Clock;
  readonly drainTimeout: number;
  readonly receiptTimeout: number;
  readonly receiveBuffer: number;
}

/**
 * The life of a client: its connection, one after the other, its feeds,
 * and how all of that comes to an end.
 *
 * ```text
 *           close(), signal, await using
 *   open ──────────────────────────────────▶ draining ──▶ closed
 *    │  ▲                                        │ time-out,  ▲
 *    ▼  │ reconnect                              │ loss       │
 *  offline ──────────────────────────────────────┴────────────┘
 *             gives up, abort()
 * ```
 *
 * Draining: loops and handlers finish and settle; UNSUBSCRIBE; receipts;
 * DISCONNECT. Each step waits for the one before, and one time-out limits all.
 */
export class Life {
  /** The connection. */
  readonly upkeep: Upkeep;
  /** Where everything that happens is told. */
  readonly board: StatusBoard = new StatusBoard();
  /** What the feeds of subscriptions are lent. */
  readonly host: FeedHost;
  /** What requests are lent. */
  readonly requests: RequestHost;
  readonly #init: ClientInit;
  readonly #feeds = new Map<string, Feed>();
  readonly #answers = new Answers();
  readonly #closed = Promise.withResolvers<CloseReport>();
  /** Offline is open, too: there, whoever needs a connection waits for one. */
  #state: "open" | "draining" | "leaving" | "closed" = "open";
  /** A subscription has left messages in hand when it ended. */
  #overdue: { readonly cause: unknown } | undefined;
  #closing: Promise<CloseReport> | undefined;
  /** Why the connection was lost for good. */
  #cause: ConnectionError | undefined;
  /** Why the client shuts itself down, if it does. */
  #failure: { readonly cause: unknown } | undefined;
  readonly #shutdown = new AbortController();
  /** The connection on which feeds are subscribed one by one. */
  #replaying: Connection | undefined;
  #lastSubscription = 0;
  #failed = 0;
  /** Octets that wait to be handed out. */
  #fed = 0;
  #forgetSignal: () => void = () => {};
  /** Of the subscriptions that have ended. */
  readonly #totals = { handled: 0, unfinished: 0, redeliverable: 0 };

  /** It begins with {@linkcode start}. */
  constructor(init: ClientInit) {
    this.#init = init;
    this.upkeep = new Upkeep(init, {
      connected: (connection, isCautious) =>
        isCautious
          ? this.#replayOneByOne(connection)
          : this.#replay(connection),
      disconnected: (cause) => {
        for (const feed of this.#feeds.values()) feed.detach();
        this.#answers.lost(cause);
      },
      ended: (cause, isGoodBye) => this.#end(cause, isGoodBye),
      status: (event) => this.board.post(event),
      message: (frame, id) => {
        const feed = this.#feeds.get(id ?? "");
        if (feed !== undefined) feed.deliver(frame);
        else if (!this.#answers.take(frame, id)) {
          this.board.post({ type: "unroutable", subscription: id });
        }
      },
      subscriptionFailed: (id, error) => {
        this.#feeds.get(id)?.fail(error);
        this.#answers.subscriptionFailed(id, error);
      },
      // An answer may be behind what a handler has no time for until it comes.
      isOverfed: () =>
        this.#fed > init.receiveBuffer && !this.#answers.isAwaited,
    });
    this.requests = {
      clock: init.clock,
      answers: this.#answers,
      receiptTimeout: init.receiptTimeout,
      use: (signal, work) =>
        this.upkeep.use(signal, (connection) => {
          this.requireOpen("request");
          return work(connection);
        }),
    };
    this.host = {
      now: () => init.clock.now(),
      drainTimeout: init.drainTimeout,
      drained: (promise) => this.#drained(promise),
      fed: (octets) => {
        this.#fed += octets;
        if (octets < 0) this.upkeep.connection.readOn();
      },
      ended: (feed) => this.#forget(feed),
    };
  }

  /** What it has done and is about. */
  stats(): ClientStats {
    const { dialer, clock } = this.#init;
    const { receivedAt, ...traffic } = dialer.traffic;
    const feeds = [...this.#feeds.values()];
    const now = clock.now();
    const sinces = feeds.map((feed) => feed.oldestSince ?? Infinity);
    const oldest = Math.min(...sinces, Infinity);
    return {
      ...traffic,
      pendingReceipts: this.upkeep.connection.pendingReceipts,
      waiting: feeds.reduce((sum, { waiting }) => sum + waiting, 0),
      inHand: feeds.reduce((sum, { inHand }) => sum + inHand, 0),
      oldestInHand: oldest === Infinity ? undefined : now - oldest,
      failed: this.#failed,
      reconnects: this.upkeep.reconnects,
      silence: now - receivedAt,
    };
  }

  /** Resolves when it has come to its end, whatever that was. */
  get closed(): Promise<CloseReport> {
    return this.#closed.promise;
  }

  /** Aborts when a shutdown begins. */
  get shutdown(): AbortSignal {
    return this.#shutdown.signal;
  }

  /** Makes the first connection; afterwards the signal closes gracefully. */
  async start(signal: AbortSignal | undefined): Promise<void> {
    await this.upkeep.start(signal);
    if (signal === undefined) return;
    const abort = () => void this.close();
    signal.addEventListener("abort", abort, { once: true });
    this.#forgetSignal = () => signal.removeEventListener("abort", abort);
    if (signal.aborted) abort();
  }

  /**
   * Refuses what comes too late.
   *
   * @throws {UsageError} if it was closed, {ConnectionError} if the connection
   * was lost for good.
   */
  requireOpen(what: string): void {
    if (this.#state === "leaving") {
      throw new UsageError(`Cannot ${what}: the client is closing.`);
    }
    if (this.#state !== "closed") return;
    if (this.#cause === undefined) {
      throw new UsageError(`Cannot ${what}: the client is closed.`);
    }
    throw new ConnectionError(`Cannot ${what}: the connection is gone.`, {
      cause: this.#cause,
    });
  }

  /** An id for a subscription that nobody has yet. */
  newSubscriptionId(): string {
    let id: string;
    do id = `subscription-${++this.#lastSubscription}`; while (
      this.#feeds.has(id)
    );
    return id;
  }

  /**
   * Refuses new subscriptions that come too late, or whose id is taken.
   *
   * @throws {UsageError} and what {@linkcode requireOpen} throws.
   */
  requireRoomFor(id: string): void {
    this.requireOpen("subscribe");
    if (this.#state === "draining") {
      throw new UsageError("Cannot subscribe: the client is closing.");
    }
    if (this.#feeds.has(id)) {
      throw new UsageError(
        `There is a subscription with the id "${id}" already: choose another, ` +
          "or leave the id out.",
      );
    }
  }

  /** Takes on a feed; it is subscribed at once where there is a connection. */
  add(feed: Feed): void {
    const { isOnline, connection } = this.upkeep;
    // While others are replayed, it is going to be the last of them.
    if (isOnline && this.#replaying !== connection) {
      void feed.attach(connection);
    }
    this.#feeds.set(feed.id, feed);
  }

  /** Closes gracefully within so many milliseconds. Idempotent. */
  close(timeout: number = this.#init.drainTimeout): Promise<CloseReport> {
    this.#closing ??= this.#close(timeout);
    return this.#closing;
  }

  /** A handler has failed. */
  handlerFailed({ destination, id }: Message, cause: unknown): void {
    this.#failed++;
    this.board.post({
      type: "handler-failed",
      destination,
      message: id,
      cause,
    });
  }

  /** Closes gracefully, because of this. */
  shutDown(cause: unknown): void {
    this.#failure ??= { cause };
    void this.close();
  }

  /** Ends at once, because of this. */
  drop(cause: ConnectionError): void {
    this.upkeep.stop(cause);
    this.upkeep.connection.fail(cause);
  }

  async #close(timeout: number): Promise<CloseReport> {
    if (this.#state === "open") {
      this.#state = "draining";
      this.#shutdown.abort();
      this.upkeep.stop();
      try {
        await within(
          this.#init.clock,
          timeout,
          "A graceful close",
          undefined,
          () => this.#drain(),
        );
      } catch (cause) {
        const { inHand, pendingReceipts } = this.stats();
        this.drop(
          new ConnectionError(
            `The client could not be closed gracefully within ${timeout} ms: ` +
              `${inHand} messages are still in hand, ${pendingReceipts} ` +
              "receipts outstanding. Handlers should heed their signal, and " +
              "nobody should await close() inside a loop or a handler.",
            { cause },
          ),
        );
      }
    }
    return await this.closed;
  }

  get #isDraining(): boolean {
    return this.#state === "draining";
  }

  async #drained(promise: Promise<void>): Promise<void> {
    // A close has a time-out of its own for all of it.
    if (this.#isDraining) return await promise;
    const { clock, drainTimeout } = this.#init;
    try {
      await within(
        clock,
        drainTimeout,
        "The end of a subscription's loops and handlers",
        undefined,
        () => promise,
      );
    } catch (cause) {
      if (this.#isDraining) return await promise;
      this.#overdue ??= { cause };
    }
  }

  async #drain(): Promise<void> {
    await Promise.allSettled(
      this.#feeds.values().map((feed) => feed.unsubscribe()),
    );
    if (this.#state === "closed") return;
    // Whoever goes on sending would never let the receipts come to an end.
    this.#state = "leaving";
    if (!this.upkeep.isOnline) return;
    await this.upkeep.connection.settled();
    if (this.upkeep.isOnline) await this.upkeep.connection.disconnect();
  }

  /** Subscribes again what was subscribed before, in the same order. */
  #replay(connection: Connection): undefined {
    for (const feed of [...this.#feeds.values()]) {
      void this.#attach(feed, connection);
    }
  }

  /**
   * The same, but each only when the one before is confirmed. So an ERROR that
   * does not say what it is about is about the only one that it can be, and the
   * others live on without that.
   */
  async #replayOneByOne(connection: Connection): Promise<void> {
    this.#replaying = connection;
    connection.isReplaying = true;
    for (const feed of this.#feeds.values()) {
      await this.#attach(feed, connection);
      if (connection.failure !== undefined) return;
    }
    // In the turn in which the last one was looked for: none is left out.
    this.#replaying = undefined;
    connection.isReplaying = false;
  }

  /** Resolves when the broker has answered. */
  async #attach(feed: Feed, connection: Connection): Promise<void> {
    const { id, destination, hasWorked } = feed;
    try {
      if (await feed.attach(connection) !== true || !hasWorked) return;
      this.board.post({ type: "replayed", subscription: id, destination });
    } catch (error) {
      // Another version, perhaps, which cannot express it.
      feed.fail(error);
    }
  }

  #end(cause: ConnectionError, isGoodBye: boolean): void {
    const isGraceful = isGoodBye && this.#overdue === undefined;
    this.#state = "closed";
    this.#shutdown.abort();
    this.#forgetSignal();
    if (!isGoodBye) this.#cause = cause;
    for (const feed of [...this.#feeds.values()]) {
      feed.fail(cause);
    }
    const report: CloseReport = {
      graceful: isGraceful,
      ...this.#totals,
      ...(this.#failure ?? (isGoodBye ? this.#overdue : { cause })),
    };
    this.#answers.lost(cause);
    this.board.close();
    void this.upkeep.connection.finished.then(() =>
      this.#closed.resolve(report)
    );
  }

  #forget(feed: Feed): void {
    this.#feeds.delete(feed.id);
    this.#totals.handled += feed.handled;
    this.#totals.unfinished += feed.unfinished;
    this.#totals.redeliverable += feed.redeliverable;
  }
}
