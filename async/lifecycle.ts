import { ConnectionError, type FrameError, UsageError } from "../errors.ts";
import { counted } from "../session/wording.ts";
import type { ClientContext } from "./client_context.ts";
import type { Connection } from "./connection.ts";
import type { Message } from "./message.ts";
import { Reconnector, type ReconnectorInit } from "./reconnector.ts";
import { Requests } from "./requests.ts";
import { type Stage, STAGES } from "./stages.ts";
import type { ClientStats } from "./stats.ts";
import { Subscriptions } from "./subscriptions.ts";
import { within } from "./time_limit.ts";

/** How a client came to its end. */
export interface CloseReport {
  /**
   * Whether everything was finished: all messages that were handed out are
   * settled, and the broker was told that we leave.
   */
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

/**
 * The life of a client, from its first connection to its end. While a lost
 * connection is made again it is open, too: whoever needs one waits.
 *
 * Draining: loops and handlers finish and settle, and may send for that;
 * UNSUBSCRIBE. Leaving: receipts; DISCONNECT. Each step waits for the one before,
 * and one time-out limits all.
 */
export class Lifecycle {
  readonly reconnector: Reconnector;
  readonly subscriptions: Subscriptions;
  readonly requests: Requests;
  readonly context: ClientContext;
  readonly #closed = Promise.withResolvers<CloseReport>();
  #stage: Stage = "open";
  #closing: Promise<CloseReport> | undefined;
  /** Why the connection was lost for good. */
  #cause: ConnectionError | undefined;
  /** Why the client shuts itself down, if it does. */
  #failure: { readonly cause: unknown } | undefined;
  readonly #shutdown = new AbortController();
  #failed = 0;
  #forgetSignal: (() => void) | undefined;

  /** It begins with {@linkcode start}. */
  constructor(init: ReconnectorInit, context: ClientContext) {
    this.context = context;
    this.requests = new Requests(context);
    this.subscriptions = new Subscriptions(context, this.requests);
    this.reconnector = new Reconnector(
      init,
      context,
      this,
      (cause, isGoodBye) => this.#end(cause, isGoodBye),
    );
  }

  /** What it has done and is about. */
  stats(): ClientStats {
    const { clock, traffic } = this.context;
    const { receivedAt, ...counts } = traffic;
    const { waiting, inHand, oldestSince } = this.subscriptions.count();
    const now = clock.now();
    return {
      ...counts,
      pendingReceipts: this.reconnector.connection.pendingReceipts,
      waiting,
      inHand,
      oldestInHand: oldestSince === undefined ? undefined : now - oldestSince,
      failed: this.#failed,
      reconnects: this.reconnector.reconnects,
      silence: now - receivedAt,
    };
  }

  /** How far it has come, and with what, for whoever prints the client. */
  shown(): string {
    const { inHand, waiting, pendingReceipts, reconnects } = this.stats();
    const { server = "a broker without a name", version } =
      this.reconnector.connection.session;
    return [
      this.#stage,
      server,
      `STOMP ${version}`,
      `${counted(inHand, "message")} in hand`,
      `${waiting} waiting`,
      `${counted(pendingReceipts, "receipt")} outstanding`,
      counted(reconnects, "reconnect"),
    ].join(", ");
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
    await this.reconnector.start(signal);
    if (signal === undefined) return;
    const abort = () => {
      this.context.noteEnd();
      void this.close();
    };
    this.#forgetSignal = this.context.signals.on(signal, abort);
    if (signal.aborted) abort();
  }

  /**
   * Does something with the connection: at once, or as soon as there is one
   * again.
   *
   * @throws {UsageError} if it is too late, {ConnectionError} if there will be
   * none any more; the signal's reason if it aborts before.
   */
  use<T>(
    what: string,
    signal: AbortSignal | undefined,
    work: (connection: Connection) => T | Promise<T>,
  ): T | Promise<T> {
    this.requireStage("finishes", what);
    const { reconnector } = this;
    if (!reconnector.isWaiting) return work(reconnector.connection);
    return reconnector.use(signal, (connection) => {
      this.requireStage("finishes", what);
      return work(connection);
    });
  }

  /**
   * Refuses what comes too late.
   *
   * @throws {UsageError} if it is closing or closed, {ConnectionError} if the
   * connection was lost for good.
   */
  requireStage(wanted: "begins" | "finishes", what: string): void {
    if (STAGES[this.#stage][wanted]) return;
    if (this.#cause === undefined) {
      const how = this.#stage === "closed" ? "closed" : "closing";
      throw new UsageError(`Cannot ${what}: the client is ${how}.`);
    }
    throw new ConnectionError(`Cannot ${what}: the connection is gone.`, {
      cause: this.#cause,
    });
  }

  /** Closes gracefully within so many milliseconds. Idempotent. */
  close(timeout: number = this.context.drainTimeout): Promise<CloseReport> {
    this.#closing ??= this.#close(timeout);
    return this.#closing;
  }

  /** A handler has failed. */
  handlerFailed({ destination, id }: Message, cause: unknown): void {
    this.#failed++;
    this.context.status.post({
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
    this.reconnector.stop(cause);
    this.reconnector.connection.fail(cause);
  }

  async #close(timeout: number): Promise<CloseReport> {
    if (this.#stage === "open") {
      this.#stage = "draining";
      this.context.isClosing = true;
      this.#shutdown.abort();
      this.reconnector.stop();
      try {
        await within(
          this.context.clock,
          timeout,
          "A graceful close",
          undefined,
          () => this.#drain(),
        );
      } catch (cause) {
        this.drop(this.#unfinished(timeout, cause));
      }
    }
    return await this.closed;
  }

  async #drain(): Promise<void> {
    await this.subscriptions.unsubscribe();
    if (this.#stage === "closed") return;
    // Whoever goes on sending would never let the receipts come to an end.
    this.#stage = "leaving";
    const { reconnector } = this;
    if (!reconnector.isOnline) return;
    await reconnector.connection.receiptsCame();
    if (reconnector.isOnline) await reconnector.connection.disconnect();
  }

  #unfinished(timeout: number, cause: unknown): ConnectionError {
    const { inHand, pendingReceipts } = this.stats();
    return new ConnectionError(
      `The client could not be closed gracefully within ${timeout} ms: ` +
        `${
          inHand === 1 ? "1 message is" : `${inHand} messages are`
        } still in ` +
        `hand, ${
          pendingReceipts === 1 ? "1 receipt" : `${pendingReceipts} receipts`
        } outstanding. Handlers should heed their signal, and nobody should ` +
        "await close() inside a loop or a handler.",
      { cause },
    );
  }

  #end(cause: ConnectionError, isGoodBye: boolean): void {
    this.#stage = "closed";
    this.#shutdown.abort();
    this.#forgetSignal?.();
    if (!isGoodBye) this.#cause = cause;
    if (this.subscriptions.haveLoops) this.context.noteEnd();
    // Who reads is told what could not be read.
    const reason = this.reconnector.unreadable ?? cause;
    this.subscriptions.fail(reason);
    this.requests.lost(cause);
    this.context.status.close();
    const { totals, overdue } = this.subscriptions;
    const report: CloseReport = {
      graceful: isGoodBye && totals.unfinished === 0,
      ...totals,
      ...this.#failure ?? this.#causeOfEnd(reason, isGoodBye, overdue),
    };
    void this.#settle(report);
  }

  #causeOfEnd(
    cause: ConnectionError | FrameError,
    isGoodBye: boolean,
    overdue: unknown,
  ): { readonly cause?: unknown } {
    if (!isGoodBye) return { cause };
    return overdue === undefined ? {} : { cause: overdue };
  }

  async #settle(report: CloseReport): Promise<void> {
    await this.reconnector.connection.finished;
    this.#closed.resolve(report);
    if ("cause" in report) this.context.failed(report.cause);
  }
}
