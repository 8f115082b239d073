import type { Frame, Version } from "../codec/mod.ts";
import { BrokerError } from "../errors.ts";
import type { HeartBeat } from "../session/heart_beat.ts";
import { hasContentLength } from "../session/dialects.ts";
import { checkOptions } from "../session/option_checks.ts";
import { ClientCore, type ClientCoreOptions } from "./client_core.ts";
import {
  RECEIVE_CHECKS,
  SEND_CHECKS,
  SUBSCRIBE_CHECKS,
  type SyncAckOptions,
  type SyncNackOptions,
  type SyncReceiveOptions,
  type SyncSendOptions,
  type SyncSubscribeOptions,
  type SyncUnsubscribeOptions,
  UNSUBSCRIBE_CHECKS,
} from "./options.ts";
import { Settling } from "./settling.ts";

const TEXT: Readonly<Record<string, string>> = {
  "content-type": "text/plain;charset=utf-8",
};

/**
 * A client whose calls block the thread until they are done. No promise, no
 * callback: the program's event loop does not turn during a call. It is made by
 * `connectSync()`, and owns its connection: disconnect it, or declare it with
 * `using`.
 *
 * While a call blocks, nothing else of this thread runs, neither timers nor
 * handlers of signals.
 */
export class SyncClient implements Disposable {
  readonly #core: ClientCore;
  readonly #settling: Settling;

  /** Made by `connectSync()`, and connects. */
  constructor(options: ClientCoreOptions) {
    this.#core = new ClientCore(options);
    this.#settling = new Settling(this.#core);
  }

  /** The version of STOMP that the latest connection has settled on. */
  get version(): Version {
    return this.#core.connection.session.version!;
  }

  /** What the broker calls itself, such as `"RabbitMQ/3.10.8"`. */
  get server(): string | undefined {
    return this.#core.connection.session.server;
  }

  /** The broker's name for the session. */
  get session(): string | undefined {
    return this.#core.connection.session.session;
  }

  /** The negotiated periods in ms: how often we send, how often the broker. */
  get heartBeat(): HeartBeat {
    return this.#core.connection.session.heartBeat;
  }

  /**
   * Sends a message (STOMP 1.2, "SEND").
   *
   * With `receipt: true` it blocks until the broker has confirmed that it has
   * the message; messages that arrive meanwhile are kept for
   * {@linkcode receiveFrame}. Without it, it returns once the message is on its
   * way, which it also is if the program returns, throws or exits then: the end
   * waits for up to a second. It is lost if the connection dies, if a signal
   * that nobody handles kills the program, or if `terminate()` or `self.close()`
   * ends the program's own worker.
   *
   * @throws {UsageError} if it cannot be sent: nothing is written.
   * {BrokerError} if the broker says so. {TimeoutError} if the receipt is late,
   * or the broker takes nothing more; the client can go on, unless a part of
   * the message has left, as it can above 256 KiB: then the connection is given
   * up. {ConnectionError} if the connection is lost; its `unknown` tells that
   * the broker may have the message nevertheless. So it does where the broker
   * reports an error that may be about something else, which is the `cause`; the
   * client can go on. A message is never sent twice. In a
   * transaction that was lost with its connection nothing is written.
   */
  send(
    destination: string,
    body: string | Uint8Array = "",
    options: SyncSendOptions = {},
  ): void {
    checkOptions("send()", options, SEND_CHECKS);
    const { transaction, receipt } = options;
    const headers = typeof body === "string" && body !== ""
      ? { ...TEXT, ...options.headers }
      : options.headers;
    this.#core.perform({
      verb: "send",
      name: `the SEND to ${destination}`,
      receipt,
      timeout: options.timeout,
      check: () => this.#settling.checkTransaction(transaction, receipt),
      contentLength: (session) =>
        options.contentLength ?? hasContentLength(session.dialect, body),
      frames: (session, receipt) => [
        session.send(destination, body, { headers, receipt, transaction }),
      ],
    });
  }

  /**
   * Subscribes to a destination (STOMP 1.2, "SUBSCRIBE"). Its messages, and
   * those of other subscriptions, come from {@linkcode receiveFrame}.
   *
   * @returns the subscription's id, which its messages have as `subscription`.
   * @throws {UsageError} if an option or the destination is none, or the id is
   * taken; {BrokerError} if the broker refuses. What a receipt throws, see
   * {@linkcode send}.
   */
  subscribe(destination: string, options: SyncSubscribeOptions = {}): string {
    checkOptions("subscribe()", options, SUBSCRIBE_CHECKS);
    return this.#core.subscribe(destination, options);
  }

  /**
   * Ends a subscription (STOMP 1.2, "UNSUBSCRIBE"). Its messages that have come
   * and were not asked for are dropped, and the broker redelivers them; in
   * `auto` mode they can still be received, since nobody else will ever get
   * them. A durable subscription goes on to gather messages at the broker,
   * unless it is deleted. One that the broker has ended, or that has ended with
   * its connection, is just forgotten: no reconnect makes it again.
   *
   * @throws {UsageError} if there is no such subscription, or what is to be
   * deleted is not durable. What a receipt throws, see {@linkcode send}; the
   * subscription has ended all the same, unless nothing could be written.
   */
  unsubscribe(id: string, options: SyncUnsubscribeOptions = {}): void {
    checkOptions("unsubscribe()", options, UNSUBSCRIBE_CHECKS);
    this.#core.unsubscribe(id, options);
  }

  /**
   * The next message of any subscription. Waits for it, for ever or for
   * `timeout` milliseconds.
   *
   * A message with flaws that can be mended, such as an escape that the version
   * lacks, is handed out, and `frame.flaws` says what they were.
   *
   * @returns `null` if none came in time. What has come of a message by then is
   * not lost.
   * @throws {BrokerError} if the broker reports something that belongs to no
   * operation, such as the end of a subscription; {FrameError} in the place of a
   * message that is over a limit or damaged where that decides, and if the third
   * connection within a minute has ended with the same octets that cannot be
   * read; {ConnectionError} if the connection is lost: after the messages that
   * came before.
   */
  receiveFrame(options: SyncReceiveOptions = {}): Frame | null {
    checkOptions("receiveFrame()", options, RECEIVE_CHECKS);
    const { timeout = Infinity } = options;
    const connection = this.#core.arrival("receive", timeout);
    const arrival = connection?.inbox.shift();
    if (arrival === undefined) return null;
    if (arrival instanceof BrokerError) throw arrival;
    if (arrival.type === "damaged") throw arrival.error;
    return this.#settling.handOut(arrival, connection!);
  }

  /**
   * Whether {@linkcode receiveFrame} would return or throw at once. Waits for
   * that for `timeout` milliseconds, by default not at all.
   *
   * @throws {ConnectionError} if the connection is lost.
   */
  canRead(options: SyncReceiveOptions = {}): boolean {
    checkOptions("canRead()", options, RECEIVE_CHECKS);
    return this.#core.arrival("read", options.timeout ?? 0) !== undefined;
  }

  /**
   * Messages, until none comes within `timeout` milliseconds; by default for
   * ever. They are not acknowledged by going on.
   *
   * @throws What {@linkcode receiveFrame} throws.
   */
  *messages(options: SyncReceiveOptions = {}): Generator<Frame, void> {
    checkOptions("messages()", options, RECEIVE_CHECKS);
    for (
      let frame = this.receiveFrame(options);
      frame !== null;
      frame = this.receiveFrame(options)
    ) yield frame;
  }

  /**
   * Acknowledges a message (STOMP 1.2, "ACK"): the broker may forget it. In
   * `client` mode this covers all messages of the subscription before it, too.
   * Acknowledging again changes nothing.
   *
   * @returns `false` if the delivery is stale, because its connection is gone
   * or its subscription has ended: nothing is written, and the broker delivers
   * the message anew.
   * @throws {UsageError} in ack mode `auto`, after {@linkcode nack}, or if it
   * is no message of this client's. {BrokerError} if the broker refuses: then it
   * can be acknowledged again. What a receipt throws, and what happens in a
   * transaction that is lost, see {@linkcode send}.
   */
  ack(frame: Frame, options: SyncAckOptions = {}): boolean {
    return this.#settling.settle("ack", frame, options);
  }

  /**
   * Refuses a message (STOMP 1.2, "NACK"). What that means is up to the broker:
   * RabbitMQ delivers it again at once, ActiveMQ moves it to its dead-letter
   * queue, Artemis drops it. The same rules hold as for {@linkcode ack}; STOMP
   * 1.0 has no NACK.
   */
  nack(frame: Frame, options: SyncNackOptions = {}): boolean {
    return this.#settling.settle("nack", frame, options);
  }

  /**
   * Begins a transaction (STOMP 1.2, "BEGIN"). What names it in its
   * `transaction` option happens when it is committed, or not at all.
   *
   * @returns its id.
   */
  begin(): string {
    return this.#settling.begin();
  }

  /**
   * Commits a transaction (STOMP 1.2, "COMMIT"), and blocks until the broker
   * has confirmed it.
   *
   * @throws {UsageError} if there is no such transaction. {ConnectionError} if
   * it was lost with its connection, so that nothing of it has happened; `unknown`
   * tells that the COMMIT was under way. {BrokerError} if the broker refuses: what
   * was acknowledged in it can be acknowledged again. What a receipt throws, see
   * {@linkcode send}.
   */
  commit(id: string): void {
    this.#settling.commit(id);
  }

  /**
   * Aborts a transaction (STOMP 1.2, "ABORT"), and blocks until the broker has
   * confirmed it. What was acknowledged in it can be acknowledged again. One
   * that was lost with its connection has been aborted by that.
   *
   * @throws What {@linkcode commit} throws.
   */
  abort(id: string): void {
    this.#settling.abort(id);
  }

  /**
   * Does something in a transaction: commits it when that returns, aborts it
   * when that throws, and throws the same.
   *
   * @throws Whatever `work` throws, and what {@linkcode commit} throws.
   */
  transaction<T>(work: (id: string) => T): T {
    return this.#settling.transaction(work);
  }

  /**
   * Connects anew: at each broker of a failover URI once, whether or not the
   * connection is lost. Subscriptions are replayed in the order in which they
   * were made. Transactions are gone, and so are messages that were not
   * acknowledged: the broker delivers them again, and what acknowledges the
   * earlier deliveries returns `false`.
   *
   * @throws What `connectSync()` throws; then it can be tried again. A
   * `BrokerError`, or one among the causes, may be about a subscription, which it
   * names: that one has ended and is not tried again.
   */
  reconnect(): void {
    this.#core.reconnect();
  }

  /**
   * Says good-bye with a receipt, waits for that, and closes (STOMP 1.2,
   * "DISCONNECT"). Idempotent. Where a call has thrown that the connection is
   * gone there is nobody to say it to, and it just returns.
   *
   * @throws {BrokerError} if the broker has reported an error that no call has
   * thrown, {TimeoutError} if it does not confirm within `drainTimeout`,
   * {ConnectionError} if the connection is gone and no call has thrown that:
   * what was sent without a receipt may be lost. The client is closed all the
   * same.
   */
  disconnect(): void {
    this.#core.disconnect();
  }

  /** The same as {@linkcode disconnect}. */
  [Symbol.dispose](): void {
    this.disconnect();
  }
}
