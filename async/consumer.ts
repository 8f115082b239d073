import { BrokerError, ConnectionError, StompError } from "../errors.ts";
import { checkOptions } from "../session/option_checks.ts";
import { errorCopy } from "../session/error_copy.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { deliveryOf, type Message } from "./message.ts";
import { UNSUBSCRIBE_CHECKS, type UnsubscribeOptions } from "./options.ts";
import { putSend } from "./sending.ts";
import type { SubscriptionCore } from "./subscription_core.ts";

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
  readonly #life: Lifecycle;
  readonly #core: SubscriptionCore;
  readonly #init: ConsumerInit;
  readonly #context: ConsumeContext;
  readonly #done: Promise<void>;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;
  /** Why it has shut the client down, if it has. */
  #failure: { readonly cause: unknown } | undefined;

  /** Made by `client.consume()`. */
  constructor(life: Lifecycle, core: SubscriptionCore, init: ConsumerInit) {
    this.#life = life;
    this.#core = core;
    this.#init = init;
    this.#context = {
      signal: AbortSignal.any([
        life.shutdown,
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
    this.#done.catch((error) => life.shutDown(error));
  }

  /** The id of its subscription. */
  get id(): string {
    return this.#core.init.id;
  }

  /** Where its messages were sent to. */
  get destination(): string {
    return this.#core.init.destination;
  }

  /** Resolves when the broker has confirmed the subscription. */
  get ready(): Promise<void> {
    return this.#core.ready;
  }

  /**
   * Resolves when it handles no more messages; rejects with the reason if that
   * is because a handler has failed for good, or the subscription or the
   * connection was lost.
   */
  get done(): Promise<void> {
    this.#life.context.noteEnd();
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
      ending = this.#core.unsubscribe(options);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#closed === undefined) {
      this.#closing.abort();
      // Who has not finished in time is not waited for any longer.
      this.#closed = ending.then(() =>
        this.#core.unsettled.inHand > 0 ? undefined : this.#done
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
    const messages = this.#core.iterate();
    for (;;) {
      const { done, value } = await messages.next();
      if (done) return;
      await this.#handle(value);
    }
  }

  async #handle(message: Message): Promise<void> {
    const delivery = deliveryOf(message);
    try {
      await this.#init.handler(message, this.#context);
    } catch (thrown) {
      const error = thrown === undefined ? thrownNothing() : thrown;
      this.#life.handlerFailed(message, error);
      // It is handled as if this had never been.
      if (this.#comesAgain(message)) return;
      if (!await this.#copy(message, error)) return;
      if (this.#init.onFailure === "shutdown") this.#shutDown(error);
    }
    try {
      this.#core.unsettled.finish(delivery);
    } catch (error) {
      // If the connection is gone, the message comes again.
      if (error instanceof ConnectionError) return;
      if (error instanceof StompError) this.#life.shutDown(error);
    }
  }

  /** Whether the broker delivers it again, because its connection is gone. */
  #comesAgain(message: Message): boolean {
    return message.isStale && message.settled === undefined &&
      this.#core.unsettled.ack !== "auto";
  }

  /** Whether the message may be acknowledged, though its handler failed. */
  async #copy(message: Message, error: unknown): Promise<boolean> {
    const { errorDestination } = this.#init;
    if (errorDestination === undefined) {
      this.#shutDown(error);
      return false;
    }
    // The handler has left it to the broker what becomes of it.
    if (message.settled === "nack") return true;
    try {
      const { body, headers, isText } = errorCopy(message, error);
      await this.#life.use("send", undefined, (connection) => {
        const { text } = connection.session.dialect;
        return putSend(connection, errorDestination, body, {
          headers,
          contentLength: !isText || text === "nothing tells",
          receipt: true,
        });
      });
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
    this.#life.shutDown(cause);
  }
}

function thrownNothing(): StompError {
  return new StompError(
    "The handler has failed without a reason: it has thrown undefined.",
  );
}
