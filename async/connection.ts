import { FrameDecoder } from "../codec/decoder.ts";
import type { EncodeOptions } from "../codec/encode_options.ts";
import { FrameBuffer } from "../codec/encoder.ts";
import type { Frame } from "../codec/mod.ts";
import { type BrokerError, ConnectionError } from "../errors.ts";
import { ClientSession } from "../session/client_session.ts";
import type { SessionEvent } from "../session/events.ts";
import { Pulse } from "../session/heart_beat.ts";
import { lifeQuestion } from "../session/liveness_probe.ts";
import { brokerError, redacted } from "../session/broker_error.ts";
import { Outbox } from "../transport/outbox.ts";
import type { Link } from "../transport/transport.ts";
import type { ConnectionEvents, ConnectionOptions } from "./connection_init.ts";
import type { ReceiptOptions } from "./options.ts";
import { Receipts } from "./receipts.ts";
import { StallWatch } from "./write_watch.ts";
import { Timekeeper } from "./heart_beats.ts";
import { abortable } from "./time_limit.ts";

/** How a frame is put on its way. */
export interface AppendOptions extends Pick<EncodeOptions, "contentLength"> {
  /** The receipt that it asks for, and that is waited for afterwards. */
  readonly receipt?: string | undefined;
}

/** Frames are written into slabs of this many octets. */
const SLAB = 64 * 1024;

/** Bodies of so many octets are written from where they are, not copied. */
export const LARGE = 16 * 1024;

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
  readonly #link: Link;
  readonly #events: ConnectionEvents;
  readonly #options: ConnectionOptions;
  readonly #decoder: FrameDecoder;
  readonly #buffer = new FrameBuffer(SLAB, LARGE);
  readonly #outbox: Outbox;
  readonly #receipts = new Receipts();
  readonly #connected = Promise.withResolvers<void>();
  readonly #finished: Promise<void>;
  readonly #time: Timekeeper;
  readonly #stall: StallWatch;
  #failure: ConnectionError | undefined;
  #isGoodBye = false;
  /** Present while the reader rests. */
  #rest: PromiseWithResolvers<void> | undefined;

  constructor(
    link: Link,
    options: ConnectionOptions,
    events: ConnectionEvents,
  ) {
    this.#link = link;
    this.#options = options;
    this.#events = events;
    this.session = new ClientSession(options);
    this.#decoder = new FrameDecoder({ limits: options.limits });
    this.#outbox = new Outbox(link, this.#buffer, {
      sent: (octets) => {
        options.traffic.octetsSent += octets;
        this.#time.sent();
        this.#stall.progress();
      },
      failed: (cause) => this.fail(cause),
    });
    this.#time = new Timekeeper(options.clock, this.#receipts, {
      beat: () => {
        // Where something is on its way already, that is the sign of life.
        if (this.#outbox.length === 0) this.#buffer.appendHeartBeat();
        this.#outbox.flush();
      },
      ask: () => {
        if (this.session.state !== "connected") return;
        for (const frame of lifeQuestion(this.session)) this.append(frame);
      },
      isResting: () => this.#rest !== undefined,
      overdue: () => events.status({ type: "broker-silent" }),
      silent: (milliseconds) =>
        this.fail(
          new ConnectionError(
            `The broker at ${this.#link.peer} has been silent for ${
              Math.round(milliseconds)
            } ms, though it promised a heart-beat every ${
              this.session.heartBeat[1]
            } ms.`,
          ),
        ),
    });
    this.#stall = new StallWatch(options.clock, {
      waiting: () => this.#outbox.length,
      written: () => this.#outbox.written,
      stalled: (octets) => {
        events.status({ type: "write-stalled", octets });
        // It may wait until we take what it has sent.
        this.readOn();
      },
      resumed: () => events.status({ type: "write-resumed" }),
    });
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
    options: ConnectionOptions,
    events: ConnectionEvents,
    signal: AbortSignal,
  ): Promise<Connection> {
    const connection = new Connection(link, options, events);
    try {
      connection.append(connection.session.connect());
      await abortable(connection.#connected.promise, signal);
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

  /**
   * Puts a frame that the session has made on its way.
   *
   * @throws {UsageError} if it cannot be expressed; the session forgets it.
   * {ConnectionError} if the connection is gone.
   */
  append(
    frame: Frame,
    { receipt, contentLength }: AppendOptions = {},
  ): void {
    try {
      if (this.#failure !== undefined) throw this.#failure;
      const { version } = this.session;
      this.#buffer.append(frame, { contentLength, version });
      this.#receipts.wrote(receipt);
      this.#outbox.flush();
      this.#stall.begin();
      this.#options.traffic.framesSent++;
    } catch (error) {
      this.session.withdraw(frame);
      throw error;
    }
  }

  /** Waits while the socket is behind; `undefined` where it is not. */
  room(signal: AbortSignal | undefined): Promise<void> | undefined {
    if (!this.#outbox.isFull) return undefined;
    return this.#awaited(this.#outbox.room(), signal);
  }

  /** Waits until the socket has taken everything that is on its way. */
  flushed(signal: AbortSignal | undefined): Promise<void> {
    return this.#awaited(this.#outbox.flushed(), signal);
  }

  #awaited(
    written: Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const known = written.catch((cause) => {
      throw unknownFate("what was written last", cause);
    });
    return abortable(known, signal);
  }

  /**
   * Waits for a receipt.
   *
   * @throws {BrokerError} if an ERROR answers, {TimeoutError} if nothing does,
   * {ConnectionError} whose `unknown` is set if the connection is lost.
   */
  confirmed(
    receipt: string,
    operation: string,
    { timeout, signal }: ReceiptOptions = {},
  ): Promise<void> {
    const now = this.#options.clock.now();
    const promise = this.#receipts.add(
      receipt,
      operation,
      timeout ?? this.#options.receiptTimeout,
      now,
    );
    this.#time.receiptAdded();
    this.readOn();
    return abortable(promise, signal);
  }

  /** How many receipts are outstanding. */
  get pendingReceipts(): number {
    return this.#receipts.size;
  }

  /** Resolves once no receipt is outstanding. */
  settled(): Promise<void> {
    return this.#receipts.idle();
  }

  /** Lets a resting reader go on, if it may. */
  readOn(): void {
    if (this.#mustRest()) return;
    this.#rest?.resolve();
    this.#rest = undefined;
  }

  /**
   * Says good-bye and closes (STOMP 1.2, "DISCONNECT"). A broker that closes
   * instead of confirming has understood as well.
   */
  async disconnect(): Promise<void> {
    const receipt = this.session.newReceipt();
    this.append(this.session.disconnect({ receipt }), { receipt });
    try {
      await this.confirmed(receipt, "DISCONNECT", { timeout: Infinity });
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
    this.#time.stop();
    this.#stall.stop();
    this.session.lost();
    this.#link.close();
    this.#outbox.fail(failure);
    this.#receipts.rejectAll((operation) => unknownFate(operation, failure));
    this.#rest?.resolve();
    this.#connected.reject(cause);
    // Nobody need be waiting for it any more.
    this.#connected.promise.catch(() => {});
    this.#events.lost(failure, isGoodBye);
  }

  async #read(): Promise<void> {
    const { clock, traffic } = this.#options;
    try {
      for (;;) {
        const octets = await this.#link.read();
        if (this.#failure !== undefined) return;
        if (octets === undefined) {
          throw new ConnectionError(
            `The broker at ${this.#link.peer} closed the connection${
              this.session.version === undefined ? " before CONNECTED" : ""
            }.`,
          );
        }
        traffic.receivedAt = clock.now();
        traffic.octetsReceived += octets.length;
        this.#time.received();
        this.#decoder.push(octets);
        for (const frame of this.#decoder) {
          traffic.framesReceived++;
          this.#dispatch(this.session.receive(frame));
          if (this.#failure !== undefined) return;
        }
        while (this.#mustRest()) {
          this.#rest ??= Promise.withResolvers();
          await this.#rest.promise;
          this.#time.received();
        }
      }
    } catch (error) {
      const isGoodBye = this.session.state === "disconnecting" &&
        this.#outbox.length === 0 && error instanceof ConnectionError;
      this.#end(redacted(error, this.#options.passcode), isGoodBye);
    }
  }

  /**
   * The reader goes on whenever somebody waits for an answer: the receipt that
   * would let a loop go on may be behind the messages that it has no time for.
   * And it goes on where the broker takes nothing from us before we have.
   */
  #mustRest(): boolean {
    return this.#failure === undefined && this.#receipts.size === 0 &&
      !this.#stall.isStalled && this.#events.isOverfed();
  }

  #dispatch(event: SessionEvent): void {
    switch (event.type) {
      case "message": {
        // What crosses our UNSUBSCRIBE still has its subscription's name on it.
        const { frame, subscription } = event;
        const id = subscription?.id ?? frame.headers.get("subscription");
        this.#events.message(frame, id);
        return;
      }
      case "receipt":
        this.#receipts.resolve(event.id);
        return;
      case "connected":
        this.#time.start(
          new Pulse(
            this.session.heartBeat,
            this.#options.clock.now(),
            this.session.dialect.skipsBeats,
          ),
        );
        this.#receipts.allTaken();
        this.#connected.resolve();
        return;
      case "refused":
        this.fail(
          this.#brokerError("The broker refused the connection", event.frame),
        );
        return;
      case "error": {
        const error = this.#brokerError("The broker reported", event.frame);
        if (event.receipt !== undefined) {
          this.#receipts.reject(event.receipt, error);
        } else if (event.subscription !== undefined) {
          this.#events.subscriptionFailed(event.subscription.id, error);
        } else {
          // It is not said what failed; where it can be one operation only, it
          // is that. In any case nothing can be relied on any more.
          this.#receipts.rejectOnly(error, !this.isReplaying);
          this.fail(error);
        }
      }
    }
  }

  #brokerError(what: string, frame: Frame): BrokerError {
    return brokerError(what, frame, this.#options.passcode);
  }
}

function unknownFate(operation: string, cause: unknown): ConnectionError {
  return new ConnectionError(
    `It is unknown whether the broker took ${operation}: the connection was ` +
      "lost before that was confirmed. Repeating it may do it twice.",
    { cause, unknown: true },
  );
}
