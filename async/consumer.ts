import { BrokerError, ConnectionError, StompError } from "../errors.ts";
import { checkOptions } from "../session/option_checks.ts";
import { type FailureCopy, failureCopy } from "./error_copy.ts";
import type { Feed } from "./feed.ts";
import type { Message } from "./message.ts";
import { UNSUBSCRIBE_CHECKS, type UnsubscribeOptions } from "./options.ts";

/** What a handler is told beside the message. */
export interface ConsumeContext {
  /** Aborts when a shutdown begins: finish soon, or give up. */
  readonly signal: AbortSignal;
}

/**
 * Handles one message. It succeeds when it returns, or when the promise that it
 * returns resolves; it fails when it throws or that rejects.
 */
export type MessageHandler = (
  message: Message,
  context: ConsumeContext,
) => unknown;

/** What the client lends to its consumers. */
export interface ConsumerHost {
  /** Sends a message and waits until the broker has confirmed it. */
  sendConfirmed(destination: string, copy: FailureCopy): Promise<void>;
  /** A handler has failed. */
  failed(message: Message, cause: unknown): void;
  /** Closes the client gracefully, because of this. */
  shutDown(cause: unknown): void;
  /** Aborts when the client begins to shut down. */
  readonly signal: AbortSignal;
}

/** How a consumer is made. */
export interface ConsumerInit {
  readonly handler: MessageHandler;
  readonly concurrency: number;
  readonly errorDestination: string | undefined;
  readonly onFailure: "continue" | "shutdown";
  /** The consumer's own signal. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Messages that are handled by a function, some at a time. It is made by
 * `client.consume()` and works until it or the client is closed.
 *
 * ```text
 *  handler succeeds ───────────────────────────────────────────▶ ACK
 *  handler fails ─┬─ errorDestination: SEND a copy ── receipt ──▶ ACK, and
 *                 │                         │                    onFailure
 *                 │                         └─ none: no ACK, shut down
 *                 └─ none: no ACK, shut down; the broker redelivers
 * ```
 *
 * Where the connection of a message is gone by the time its handler fails, that
 * ends nothing, and no copy is sent: the broker delivers it again anyway. In ack
 * mode `auto` it does not, and a failure is one as above.
 */
export class Consumer implements AsyncDisposable {
  readonly #host: ConsumerHost;
  readonly #init: ConsumerInit;
  readonly #feed: Feed;
  readonly #context: ConsumeContext;
  readonly #done: Promise<void>;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;
  /** Why it has shut the client down, if it has. */
  #failure: { readonly cause: unknown } | undefined;

  /** Made by `client.consume()`. */
  constructor(
    host: ConsumerHost,
    feed: Feed,
    init: ConsumerInit,
  ) {
    this.#host = host;
    this.#init = init;
    this.#feed = feed;
    this.#context = {
      signal: AbortSignal.any([
        host.signal,
        this.#closing.signal,
        ...init.signal === undefined ? [] : [init.signal],
      ]),
    };
    this.#done = Promise.all(
      Array.from({ length: init.concurrency }, () => this.#work()),
    ).then(() => {
      if (this.#failure !== undefined) throw this.#failure.cause;
    });
    // A subscription that fails must not go quiet while the client lives.
    this.#done.catch((error) => host.shutDown(error));
  }

  /** The id of its subscription. */
  get id(): string {
    return this.#feed.id;
  }

  /** Where its messages were sent to. */
  get destination(): string {
    return this.#feed.destination;
  }

  /** Resolves when the broker has confirmed the subscription. */
  get ready(): Promise<void> {
    return this.#feed.ready;
  }

  /**
   * Resolves when it handles no more messages; rejects with the reason if that
   * is because a handler has failed for good, or the subscription or the
   * connection was lost.
   */
  get done(): Promise<void> {
    return this.#done;
  }

  /**
   * Ends it gracefully: running handlers finish and their messages are
   * acknowledged; then comes UNSUBSCRIBE. A durable subscription goes on to
   * gather messages at the broker, unless it is deleted. Idempotent. A handler
   * must not await it, because it waits for the handler.
   *
   * @throws {UsageError} if something is to be deleted that is not durable.
   */
  close(options: UnsubscribeOptions = {}): Promise<void> {
    let ending: Promise<void>;
    try {
      checkOptions("close()", options, UNSUBSCRIBE_CHECKS);
      ending = this.#feed.unsubscribe(options);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#closed === undefined) {
      this.#closing.abort();
      // Who has not finished in time is not waited for any longer.
      this.#closed = ending.then(() =>
        this.#feed.inHand > 0 ? undefined : this.#done
      );
      // Nobody need wait for it.
      this.#closed.catch(() => {});
    }
    return this.#closed;
  }

  /** The same as {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #work(): Promise<void> {
    for await (const message of this.#feed) await this.#handle(message);
  }

  async #handle(message: Message): Promise<void> {
    try {
      await this.#init.handler(message, this.#context);
    } catch (error) {
      this.#host.failed(message, error);
      // It is handled as if this had never been.
      if (this.#comesAgain(message)) return;
      if (!await this.#copy(message, error)) return;
      if (this.#init.onFailure === "shutdown") this.#shutDown(error);
    }
    this.#feed.finished(message);
    // Cumulative: nothing may be covered that is not finished.
    const last = this.#feed.ack === "client"
      ? this.#feed.lastFinished
      : message;
    if (last !== undefined && this.#feed.ack !== "auto") this.#settle(last);
  }

  /** Whether the broker delivers it again, because its connection is gone. */
  #comesAgain(message: Message): boolean {
    return message.isStale && message.settled === undefined &&
      this.#feed.ack !== "auto";
  }

  /** Whether the message may be acknowledged, though its handler failed. */
  async #copy(message: Message, error: unknown): Promise<boolean> {
    const { errorDestination } = this.#init;
    if (errorDestination === undefined) {
      this.#shutDown(error);
      return false;
    }
    try {
      await this.#host.sendConfirmed(
        errorDestination,
        failureCopy(message, error),
      );
      return true;
    } catch (copyError) {
      // If the message comes again, so does this; but what the broker has refused
      // it would refuse again.
      if (!this.#comesAgain(message) || copyError instanceof BrokerError) {
        this.#shutDown(
          new AggregateError(
            [error, copyError],
            `The handler failed, and the copy of its message to ` +
              `${errorDestination} could not be confirmed.`,
          ),
        );
      }
      return false;
    }
  }

  #shutDown(cause: unknown): void {
    this.#failure ??= { cause };
    this.#host.shutDown(cause);
  }

  #settle(message: Message): void {
    if (message.settled !== undefined) return;
    message.ack().catch((error) => {
      // If the connection is gone, the message comes again.
      if (error instanceof ConnectionError) return;
      if (error instanceof StompError) this.#host.shutDown(error);
    });
  }
}
