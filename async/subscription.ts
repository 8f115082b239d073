import type { AckMode } from "../session/events.ts";
import { checkOptions } from "../session/option_checks.ts";
import type { Message } from "./message.ts";
import {
  RECEIVE_CHECKS,
  type ReceiveOptions,
  UNSUBSCRIBE_CHECKS,
  type UnsubscribeOptions,
} from "./options.ts";
import { fromCall } from "./stack_trace.ts";
import type { SubscriptionCore } from "./subscription_core.ts";

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
  readonly #core: SubscriptionCore;

  /** Made by `client.subscribe()`. */
  constructor(core: SubscriptionCore) {
    this.#core = core;
  }

  /** Its id, unique within the connection. */
  get id(): string {
    return this.#core.init.id;
  }

  /** Where its messages were sent to. */
  get destination(): string {
    return this.#core.init.destination;
  }

  /** Who acknowledges what. */
  get ack(): AckMode {
    return this.#core.unsettled.ack;
  }

  /**
   * Resolves when the broker has confirmed the subscription: from then on no
   * message to a topic is missed. Rejects if it refuses, as the loop does.
   */
  get ready(): Promise<void> {
    return this.#core.ready;
  }

  /**
   * Iterates the messages; see the class.
   *
   * @throws {UsageError} for a second loop in `client` mode.
   */
  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return this.#core.iterate();
  }

  /**
   * Takes the next message, or `null` if none comes in time, or because the
   * subscription is being ended. Nothing is lost where nobody waits any more, as
   * it would be with a `next()` that was given up. Whatever the ack mode is but
   * `auto`, the program settles it with `ack()` or `nack()`.
   *
   * ```ts ignore
   * const message = await subscription.receive({ timeout: 1000 });
   * if (message !== null) {
   *   await handle(message.json());
   *   await message.ack();
   * }
   * ```
   *
   * @throws {UsageError} if the subscription has ended; what it has failed with;
   * the signal's reason if that aborts.
   */
  async receive(options: ReceiveOptions = {}): Promise<Message | null> {
    checkOptions("receive()", options, RECEIVE_CHECKS);
    try {
      return await this.#core.receive(options);
    } catch (error) {
      throw fromCall(error);
    }
  }

  /**
   * Ends the subscription gracefully. One that is durable goes on to gather
   * messages at the broker, unless it is deleted. It hands out nothing more, waits until the
   * messages in hand are settled and the loops have gone on, and tells the
   * broker (STOMP 1.2, "UNSUBSCRIBE"). Waiting ends after `drainTimeout`; what
   * is not settled by then is redelivered. In `auto` mode what has come is
   * handed out first, since nobody else will ever get it. Idempotent.
   *
   * Inside a loop, do not await it before the message in hand is settled and
   * the loop goes on: it waits for just that.
   *
   * @throws {ConnectionError} if the connection is lost before the broker has
   * confirmed, {TimeoutError} if it does not. {UsageError} if something is to
   * be deleted that is not durable.
   */
  unsubscribe(options: UnsubscribeOptions = {}): Promise<void> {
    try {
      checkOptions("unsubscribe()", options, UNSUBSCRIBE_CHECKS);
      return this.#core.unsubscribe(options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The same as {@linkcode unsubscribe}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.unsubscribe();
  }
}
