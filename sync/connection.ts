import { FrameDecoder } from "../codec/decoder.ts";
import { FrameBuffer } from "../codec/encoder.ts";
import type { Frame } from "../codec/mod.ts";
import { ConnectionError, TimeoutError } from "../errors.ts";
import { ClientSession } from "../session/client_session.ts";
import { sessionOptions } from "../session/session_options.ts";
import { livenessProbe } from "../session/liveness_probe.ts";
import { redacted } from "../session/broker_error.ts";
import type { Address } from "../transport/transport.ts";
import { BlockingLink } from "./blocking_link.ts";
import type { ConnectionOptions } from "./connection_options.ts";
import type { CallTime, Resumable } from "./call_time.ts";
import { ConnectionEnd } from "./connection_end.ts";
import { FrameRouter } from "./frame_router.ts";
import { Inbox } from "./inbox.ts";
import { type Operation, Receipts, unknownFate } from "./receipts.ts";

/**
 * One connection, from CONNECT to the end of the socket. Every call that waits
 * blocks the thread; what comes meanwhile is kept.
 */
export class Connection {
  /** The protocol of this connection. */
  readonly session: ClientSession;
  /** What has come and was not asked for yet. */
  readonly inbox: Inbox = new Inbox();
  /** Whether it is gone, why, and who knows that. */
  readonly end: ConnectionEnd = new ConnectionEnd();
  readonly #link: BlockingLink;
  readonly #decoder: FrameDecoder;
  readonly #buffer = new FrameBuffer(0);
  readonly #passcode: string | undefined;
  readonly #receipts = new Receipts();
  readonly #router: FrameRouter;

  private constructor(link: BlockingLink, options: ConnectionOptions) {
    this.#link = link;
    this.#passcode = options.passcode;
    this.session = new ClientSession(sessionOptions(options));
    const { limits } = options;
    this.#decoder = new FrameDecoder({ limits, lenient: true });
    this.#router = new FrameRouter(
      this.session,
      this.inbox,
      this.#receipts,
      options.passcode,
    );
  }

  /**
   * Connects and opens a session, in as many calls as it takes.
   *
   * @throws {ConnectionError} if nothing answers, {TimeoutError} if it answers
   * too late, {BrokerError} if the broker refuses, {ProtocolError} or
   * {FrameError} if it does not speak STOMP as agreed.
   */
  static *open(
    address: Address,
    options: ConnectionOptions,
  ): Resumable<Connection> {
    const { connectTimeout, connectedTimeout, deadline, time, tls } = options;
    const within = (timeout: number) =>
      Math.min(timeout, Math.max(0, Math.ceil(deadline - time.now())));
    const dialing = within(connectTimeout);
    const link = yield* BlockingLink.dial(address, dialing, time, { tls });
    let isOpen = false;
    try {
      const connection = new Connection(link, options);
      yield* connection.#handshake(within(connectedTimeout), time);
      isOpen = true;
      return connection;
    } finally {
      if (!isOpen) link.close();
    }
  }

  /** Why the connection is gone, if that has been noticed. */
  get failure(): ConnectionError | undefined {
    return this.end.failure;
  }

  /** Takes note of the other side's end, if there is one, without waiting. */
  notice(): void {
    if (this.failure !== undefined || !this.#link.hasEnded) return;
    while (this.#receive());
  }

  /** Takes what has come: an ERROR among it is not about what is written next. */
  catchUp(): void {
    if (this.failure === undefined && this.#link.hasOctets) this.#receive();
  }

  /**
   * Puts a frame that the session has made on its way. An ACK leaves within two
   * milliseconds, all others at once.
   *
   * @throws {UsageError} if it cannot be expressed, {ConnectionError} if the
   * connection is gone, {TimeoutError} if the broker takes nothing more. The
   * session then forgets the frame.
   */
  write(frame: Frame, operation: Operation, contentLength = true): void {
    try {
      if (this.failure !== undefined) throw this.failure;
      const { version, dialect: { escapesIn10 } } = this.session;
      this.#buffer.append(frame, { version, contentLength, escapesIn10 });
      this.#link.write(this.#buffer.take(), {
        operation: operation.name,
        timeout: operation.timeout,
        isUrgent: frame.command !== "ACK",
        onOctets: this.#takeIn,
      });
      this.#receipts.wrote();
    } catch (error) {
      this.session.withdraw(frame);
      // What is left of a frame that was torn cannot be completed later.
      if (this.#link.isTorn) this.fail(error);
      this.notice();
      this.end.tell();
      throw error;
    }
  }

  /**
   * Waits for the receipt that the last frame has asked for.
   *
   * @throws {BrokerError} if an ERROR answers, {TimeoutError} if nothing does,
   * {ConnectionError} whose `unknown` is set if the connection is lost, or an
   * ERROR comes that may be about something else.
   */
  confirm(receipt: string, operation: Operation): void {
    const { timeout, begun } = operation;
    const receipts = this.#receipts;
    receipts.expect(receipt, operation);
    this.#readUntil(
      () => receipts.isAnswered,
      () => this.#link.waitForAnswer(begun + timeout),
      begun + timeout,
    );
    this.#settleReceipt(operation);
  }

  /** The same, in as many calls as it takes; the operation began in their time. */
  *confirmIn(
    receipt: string,
    operation: Operation,
    time: CallTime,
  ): Resumable<void> {
    const { timeout, begun } = operation;
    const receipts = this.#receipts;
    receipts.expect(receipt, operation);
    yield* this.#become(() => receipts.isAnswered, begun + timeout, time);
    this.#settleReceipt(operation);
  }

  #settleReceipt({ name, timeout }: Operation): void {
    if (this.#receipts.settle()) return;
    if (this.failure !== undefined) {
      this.end.tell();
      const reason = "the connection was lost before its receipt came";
      throw unknownFate(name, reason, this.failure);
    }
    throw new TimeoutError(`The receipt of ${name}`, timeout);
  }

  /**
   * Waits until something is in the inbox, and says whether it is in time.
   *
   * @throws {ConnectionError} if the connection is lost.
   */
  waitForArrival(deadline: number): boolean {
    const isHere = this.#readUntil(
      () => this.inbox.length > 0,
      () => this.#link.waitForOctets(deadline),
      deadline,
    );
    if (isHere) return true;
    if (this.failure !== undefined) throw this.failure;
    return false;
  }

  /**
   * Says good-bye and closes (STOMP 1.2, "DISCONNECT"). A broker that closes
   * properly instead of confirming has understood as well.
   */
  disconnect(operation: Operation): void {
    try {
      const receipt = this.session.newReceipt();
      this.write(this.session.disconnect({ receipt }), operation);
      this.confirm(receipt, operation);
    } catch (error) {
      if (error instanceof ConnectionError && this.#link.isAtEnd) return;
      throw error;
    } finally {
      this.fail(new ConnectionError("The client was closed."));
    }
  }

  /** The program gives it up. What was written leaves, what has come is in the inbox. */
  leave(timeout: number): void {
    if (this.failure === undefined) {
      this.#link.flush(performance.now() + timeout);
      this.#link.close();
      while (this.failure === undefined && this.#receive());
      this.fail(new ConnectionError("The client has left this connection."));
    }
    this.end.tell();
  }

  /** The connection ends now, because of this. Idempotent. */
  fail(cause: unknown): void {
    if (this.failure !== undefined) return;
    this.end.lose(cause, this.#link.peer);
    this.session.lost();
    this.#link.close();
  }

  *#handshake(timeout: number, time: CallTime): Resumable<void> {
    const begun = time.now();
    const operation = { name: "CONNECT", timeout, begun };
    this.write(this.session.connect(), operation);
    const isOpen = yield* this.#become(
      () => this.session.state !== "connecting",
      begun + timeout,
      time,
    );
    // The reason itself says more than that the connection is gone.
    if (this.failure !== undefined) throw this.end.cause;
    if (!isOpen) throw new TimeoutError("CONNECTED", timeout);
    const { heartBeat, dialect, version } = this.session;
    if (dialect.skipsBeats) {
      for (const frame of livenessProbe(this.session)) {
        this.#buffer.append(frame, { version });
      }
    }
    this.#link.setHeartBeat(heartBeat, this.#buffer.take());
  }

  /**
   * Reads until something holds, the connection is gone or time is up, however
   * much else may come. Says whether it holds.
   */
  #readUntil(holds: () => boolean, wait: () => boolean, deadline: number) {
    while (!holds()) {
      if (this.failure !== undefined) return false;
      if (this.#receive()) {
        if (performance.now() >= deadline) return holds();
      } else if (this.failure === undefined && !wait()) return false;
    }
    return true;
  }

  /** The same, in as many calls as it takes. */
  *#become(
    holds: () => boolean,
    deadline: number,
    time: CallTime,
  ): Resumable<boolean> {
    for (;;) {
      const until = time.waitsUntil(deadline);
      const wait = () => this.#link.waitForOctets(until);
      if (this.#readUntil(holds, wait, until)) return true;
      if (this.failure !== undefined || time.isOver(deadline)) return false;
      yield;
    }
  }

  /** Reads what has come while there is no room for what is to be written. */
  readonly #takeIn = (): void => {
    this.#receive();
    if (this.failure !== undefined) throw this.failure;
  };

  /** Reads what has come, without waiting, and says whether that was anything. */
  #receive(): boolean {
    const link = this.#link;
    const octets = link.read();
    if (octets.length === 0) {
      // The last octets may have come after we looked.
      if (link.hasEnded && !link.hasOctets) {
        this.fail(this.#router.explained(link.failure));
      }
      return false;
    }
    try {
      this.#decoder.push(octets);
      for (const frame of this.#decoder) {
        this.#router.route(frame);
        if (frame.command === "CONNECTED") {
          this.#decoder.escapedIn10 = this.session.dialect.escapedIn10;
        }
        if (this.failure !== undefined) break;
      }
    } catch (error) {
      this.fail(redacted(error, this.#passcode));
    }
    return true;
  }
}
