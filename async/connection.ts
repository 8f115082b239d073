import type { Frame, FrameLimits } from "../codec/mod.ts";
import { type BrokerError, ConnectionError } from "../errors.ts";
import { brokerError, redacted } from "../session/broker_error.ts";
import { ClientSession } from "../session/client_session.ts";
import type { SessionEvent } from "../session/events.ts";
import { Pulse } from "../session/heart_beat.ts";
import { livenessProbe } from "../session/liveness_probe.ts";
import {
  type ClientSessionOptions,
  sessionOptions,
} from "../session/session_options.ts";
import type { Link } from "../transport/transport.ts";
import { Alarm } from "../transport/alarm.ts";
import type { ClientContext } from "./client_context.ts";
import type { FrameRouter } from "./frame_router.ts";
import { FrameReader } from "./frame_reader.ts";
import { FrameWriter, type RequestInit } from "./frame_writer.ts";
import { BeatSchedule } from "../session/beat_schedule.ts";

/** What a connection is made with. */
export interface ConnectionInit extends ClientSessionOptions {
  readonly limits: FrameLimits;
}

/**
 * One connection to one broker, from CONNECT to the end of the socket. It moves
 * frames and keeps time; a client that reconnects makes another one.
 */
export class Connection {
  /** The protocol of this connection. */
  readonly session: ClientSession;
  /**
   * Whether one subscription after the other is made again, so that an ERROR
   * is about the one that waits.
   */
  isReplaying = false;
  /**
   * Called once, when it is lost. `isGoodBye`: the broker has taken leave after
   * our DISCONNECT.
   */
  onLost: ((cause: ConnectionError, isGoodBye: boolean) => void) | undefined;
  readonly #link: Link;
  readonly #init: ConnectionInit;
  readonly #context: ClientContext;
  readonly #router: FrameRouter;
  readonly #reader: FrameReader;
  readonly #writer: FrameWriter;
  readonly #connected = Promise.withResolvers<void>();
  readonly #finished: Promise<void>;
  readonly #alarm: Alarm;
  readonly #beats = new BeatSchedule();
  #failure: ConnectionError | undefined;
  #isGoodBye = false;

  constructor(
    link: Link,
    init: ConnectionInit,
    context: ClientContext,
    router: FrameRouter,
  ) {
    this.#link = link;
    this.#init = init;
    this.#context = context;
    this.#router = router;
    this.session = new ClientSession(sessionOptions(init));
    this.#alarm = new Alarm(context.clock, (at) => this.#look(at));
    this.#writer = new FrameWriter({
      link,
      session: this.session,
      beats: this.#beats,
      alarm: this.#alarm,
      failed: (cause) => this.fail(cause),
    }, context);
    this.#reader = new FrameReader({
      link,
      limits: init.limits,
      beats: this.#beats,
      writer: this.#writer,
      router,
    }, context);
    this.#finished = this.#read();
  }

  /**
   * Opens a session on a link that has just been connected. If that fails, the
   * link is closed.
   *
   * @throws {BrokerError} if the broker refuses, {ProtocolError} or
   * {FrameError} if it does not speak STOMP as agreed, {ConnectionError} if it
   * closes, the signal's reason if that aborts.
   */
  static async open(
    link: Link,
    init: ConnectionInit,
    context: ClientContext,
    router: FrameRouter,
    signal: AbortSignal,
  ): Promise<Connection> {
    const connection = new Connection(link, init, context, router);
    const { promise } = connection.#connected;
    try {
      connection.write(connection.session.connect());
      await context.signals.limit(promise, signal);
      return connection;
    } catch (error) {
      connection.fail(error);
      await connection.#finished;
      throw error;
    }
  }

  /** Why the connection is gone, if it is. */
  get failure(): ConnectionError | undefined {
    return this.#failure;
  }

  /** Resolves once the reader has ended and nothing of this is left. */
  get finished(): Promise<void> {
    return this.#finished;
  }

  /** How many receipts are outstanding. */
  get pendingReceipts(): number {
    return this.#writer.receipts.size;
  }

  /**
   * Puts a frame that the session has made, and that asks for no receipt, on its
   * way.
   *
   * @throws {UsageError} if it cannot be expressed; the session forgets it.
   * {ConnectionError} if the connection is gone.
   */
  write(frame: Frame, contentLength?: boolean): void {
    this.#writer.write(frame, contentLength);
  }

  /**
   * Puts a frame on its way that asks for a receipt, and waits for that.
   *
   * @throws At once what {@linkcode write} does. The promise rejects with a
   * {BrokerError} if an ERROR answers, a {TimeoutError} if nothing does, a
   * {ConnectionError} whose `unknown` is set if the connection is lost.
   */
  request(
    frame: Frame,
    operation: string,
    init: RequestInit,
  ): Promise<void> {
    const come = this.#writer.request(frame, operation, init);
    this.#reader.readOn();
    return come;
  }

  /** Waits while the socket is behind; `undefined` where it is not. */
  room(signal?: AbortSignal): Promise<void> | undefined {
    return this.#writer.room(signal);
  }

  /** Resolves once no receipt is outstanding. */
  receiptsCame(): Promise<void> {
    return this.#writer.receipts.idle();
  }

  /**
   * Says good-bye and closes (STOMP 1.2, "DISCONNECT"). A broker that closes
   * instead of confirming has understood as well.
   */
  async disconnect(): Promise<void> {
    const receipt = this.session.newReceipt();
    const frame = this.session.disconnect({ receipt });
    try {
      await this.request(frame, "DISCONNECT", { receipt, timeout: Infinity });
      this.#end(new ConnectionError("The client was closed."), true);
    } catch (error) {
      if (!this.#isGoodBye) throw error;
    }
    await this.#finished;
  }

  /** The connection ends now, because of this. Idempotent. */
  fail(cause: unknown): void {
    this.#end(cause, false);
  }

  #end(cause: unknown, isGoodBye: boolean): void {
    if (this.#failure !== undefined) return;
    const failure = cause instanceof ConnectionError
      ? cause
      : new ConnectionError(
        `The connection to ${this.#link.peer} was given up: ${
          cause instanceof Error ? cause.message : String(cause)
        }`,
        { cause },
      );
    this.#failure = failure;
    this.#isGoodBye = isGoodBye;
    this.#alarm.stop();
    this.session.lost();
    this.#link.close();
    this.#writer.end(failure);
    this.#reader.end();
    this.#connected.reject(cause);
    // Nobody need be waiting for it any more.
    this.#connected.promise.catch(() => {});
    this.onLost?.(failure, isGoodBye);
  }

  /** Something is due, or was when it was last looked for. */
  #look(at: number): void {
    const { clock, status } = this.#context;
    const now = clock.now();
    // A broker that takes nothing may wait until we take what it has sent.
    if (this.#writer.look(now)) this.#reader.readOn();
    // Where nobody reads, silence says nothing.
    if (this.#reader.isResting) this.#beats.received(now);
    for (const event of this.#beats.due(now, at)) {
      switch (event) {
        case "beat":
          this.#writer.beat();
          break;
        case "ask":
          if (this.session.state === "connected") this.#ask();
          break;
        case "overdue":
          status.post({ type: "broker-silent" });
          break;
        case "silent":
          return this.fail(this.#silence(now));
      }
    }
    this.#setAlarm();
  }

  #setAlarm(): void {
    this.#alarm.by(
      Math.min(this.#beats.nextDeadline, this.#writer.nextDeadline),
    );
  }

  #ask(): void {
    for (const frame of livenessProbe(this.session)) this.write(frame);
  }

  #silence(now: number): ConnectionError {
    return new ConnectionError(
      `The broker at ${this.#link.peer} has been silent for ${
        Math.round(this.#beats.silence(now)!)
      } ms, though it promised a heart-beat every ${
        this.session.heartBeat[1]
      } ms.`,
    );
  }

  async #read(): Promise<void> {
    try {
      await this.#reader.read((frame) =>
        this.#dispatch(this.session.receive(frame))
      );
      throw new ConnectionError(
        `The broker at ${this.#link.peer} closed the connection${
          this.session.version === undefined ? " before CONNECTED" : ""
        }.`,
      );
    } catch (error) {
      const isGoodBye = this.session.state === "disconnecting" &&
        this.#writer.length === 0 && error instanceof ConnectionError;
      this.#end(redacted(error, this.#init.passcode), isGoodBye);
    }
  }

  #dispatch(event: SessionEvent): void {
    switch (event.type) {
      case "message": {
        // What crosses our UNSUBSCRIBE still has its subscription's name on it.
        const { frame, subscription } = event;
        const id = subscription?.id ?? frame.headers.get("subscription");
        return this.#router.message(frame, id);
      }
      case "damaged": {
        const error = redacted(event.frame.error, this.#init.passcode);
        const id = event.subscription?.id ??
          event.frame.headers.get("subscription");
        if (id !== undefined) return this.#router.damaged(id, error);
        // Where nobody knows whose it is, nobody would ever be told.
        return this.fail(error);
      }
      case "receipt":
        return this.#writer.receipts.resolve(event.id);
      case "connected":
        return this.#begin();
      case "refused":
        return this.fail(
          this.#brokerError("The broker refused the connection", event.frame),
        );
      case "error": {
        const error = this.#brokerError("The broker reported", event.frame);
        if (event.receipt !== undefined) {
          return this.#writer.receipts.reject(event.receipt, error);
        }
        if (event.subscription !== undefined) {
          return this.#router.subscriptionFailed(event.subscription.id, error);
        }
        // It is not said what failed; where it can be one operation only, it
        // is that. In any case nothing can be relied on any more.
        this.#writer.receipts.rejectOnly(error, !this.isReplaying);
        return this.fail(error);
      }
    }
  }

  #begin(): void {
    const { heartBeat, dialect } = this.session;
    this.#reader.decoder.escapedIn10 = dialect.escapedIn10;
    const now = this.#context.clock.now();
    this.#beats.start(new Pulse(heartBeat, now, dialect.skipsBeats));
    this.#setAlarm();
    this.#writer.receipts.allTaken();
    this.#connected.resolve();
  }

  #brokerError(what: string, frame: Frame): BrokerError {
    return brokerError(what, frame, this.#init.passcode);
  }
}
