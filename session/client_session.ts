import { Frame, type Version } from "../codec/mod.ts";
import {
  ackHeaders,
  addExtras,
  checkExtras,
  ENDING_CHECKS,
  type FrameExtras,
  NACK_CHECKS,
  type NackExtras,
  requireDestination,
  requireNack,
} from "./client_headers.ts";
import { type Dialect, nackHeaders, textHeaders } from "./dialects.ts";
import type { SessionEvent, SessionSubscription } from "./events.ts";
import { type Agreement, Handshake } from "./handshake.ts";
import type { HeartBeat } from "./heart_beat.ts";
import { checkOptions } from "./option_checks.ts";
import { takeOptions } from "./owned_options.ts";
import {
  errorEvent,
  messageEvent,
  receiptEvent,
  requireFrame,
} from "./received_frames.ts";
import {
  type ClientSessionOptions,
  SESSION_CHECKS,
} from "./session_options.ts";
import { SessionRegistry } from "./session_registry.ts";
import { nextState, type SessionState } from "./states.ts";
import {
  deletionHeaders,
  requireAckMode,
  requireDurable,
  SUBSCRIBE_FRAME_CHECKS,
  type SubscribeFrameOptions,
  subscribeHeaders,
} from "./subscription_headers.ts";

/**
 * The protocol of one connection, seen from the client, without I/O: methods
 * make the frames to be written and keep account of them; {@linkcode receive}
 * says what a frame that was read means. It is driven by the asynchronous and
 * by the synchronous client alike.
 *
 * Each method throws a `UsageError` if what it is given makes no sense or the
 * frame has no place in the present state, and then changes nothing.
 *
 * @example
 * ```ts
 * import { ClientSession } from "@stompest/core/session";
 * import { Frame } from "@stompest/core/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const session = new ClientSession({ versions: ["1.1", "1.2"] });
 * assertEquals(session.connect().headers.get("accept-version"), "1.1,1.2");
 * session.receive(new Frame("CONNECTED", { version: "1.2" }));
 * assertEquals(session.version, "1.2");
 * ```
 */
export class ClientSession {
  readonly #handshake: Handshake;
  readonly #registry = new SessionRegistry();
  #state: SessionState = "idle";
  #agreement: Agreement;

  /**
   * Begins idle. The options are copied.
   *
   * @throws {UsageError} if one of them is wrong.
   */
  constructor(options: ClientSessionOptions = {}) {
    this.#handshake = new Handshake(
      takeOptions("ClientSession", options, SESSION_CHECKS),
    );
    this.#agreement = this.#handshake.nothingYet;
  }

  /** Where the connection stands. */
  get state(): SessionState {
    return this.#state;
  }

  /** The version that was settled on; `undefined` before CONNECTED. */
  get version(): Version | undefined {
    return this.#agreement.version;
  }

  /** The broker's `server` header; 1.0 brokers may have none. */
  get server(): string | undefined {
    return this.#agreement.server;
  }

  /** The broker's name for this session. */
  get session(): string | undefined {
    return this.#agreement.session;
  }

  /** The periods that were negotiated; `[0, 0]` before CONNECTED. */
  get heartBeat(): HeartBeat {
    return this.#agreement.heartBeat;
  }

  /** The broker's peculiarities; `plain` before CONNECTED. */
  get dialect(): Dialect {
    return this.#agreement.dialect;
  }

  /** The subscription that has this id now. */
  subscription(id: string): SessionSubscription | undefined {
    return this.#registry.subscription(id);
  }

  /** An id for a receipt, unique within the connection. */
  newReceipt(): string {
    return this.#registry.newId("receipt");
  }

  /** Opens the session (STOMP 1.2, "CONNECT or STOMP Frame"). */
  connect(): Frame {
    const { connectHeaders: headers } = this.#agreement;
    return this.#frame("CONNECT", this.#handshake.offer(), { headers });
  }

  /** Sends a message (STOMP 1.2, "SEND"). */
  send(
    destination: string,
    body: string | Uint8Array,
    extras: FrameExtras = {},
  ): Frame {
    requireDestination(destination);
    const headers: [string, string][] = [["destination", destination]];
    for (const [name, value] of textHeaders(this.dialect, body)) {
      if (extras.headers?.[name] === undefined) headers.push([name, value]);
    }
    return this.#frame("SEND", headers, extras, body);
  }

  /**
   * Subscribes (STOMP 1.2, "SUBSCRIBE"). An id is always sent, also in 1.0:
   * without it a 1.0 broker need not say which subscription a message is for.
   */
  subscribe(destination: string, options: SubscribeFrameOptions = {}): Frame {
    requireDestination(destination);
    checkOptions("subscribe()", options, SUBSCRIBE_FRAME_CHECKS);
    const { ack = "auto", durable, prefetch, headers, receipt } = options;
    const id = durable ?? options.id ?? this.#registry.newId("subscription");
    this.#registry.requireNewSubscription(id);
    requireAckMode(ack, this.version);
    const isDurable = durable !== undefined;
    const subscription = { id, destination, ack, isDurable };
    const own = subscribeHeaders(subscription, prefetch, this.#agreement);
    const frame = this.#frame("SUBSCRIBE", own, { headers, receipt });
    this.#registry.subscribed(frame, subscription);
    return frame;
  }

  /** Ends a subscription (STOMP 1.2, "UNSUBSCRIBE"); a durable one waits. */
  unsubscribe(id: string, extras: FrameExtras = {}): Frame {
    const ended = this.#registry.requireSubscription(id);
    const frame = this.#frame("UNSUBSCRIBE", [["id", id]], extras);
    this.#registry.unsubscribed(frame, ended);
    return frame;
  }

  /**
   * Ends a durable subscription for good. It may take several frames; the last
   * one asks for the receipt.
   */
  deleteSubscription(id: string, extras: FrameExtras = {}): Frame[] {
    const ended = requireDurable(this.#registry.requireSubscription(id));
    checkExtras("UNSUBSCRIBE", extras);
    const all = deletionHeaders(id, this.#agreement);
    const frames = all.map((own, index) =>
      this.#frame("UNSUBSCRIBE", own, index + 1 < all.length ? {} : extras)
    );
    this.#registry.unsubscribed(frames[0]!, ended);
    return frames;
  }

  /** Acknowledges a MESSAGE (STOMP 1.2, "ACK"). */
  ack(message: Frame, extras: FrameExtras = {}): Frame {
    return this.#settlement("ACK", message, extras);
  }

  /** Refuses a MESSAGE (STOMP 1.2, "NACK"); 1.0 does not have it. */
  nack(message: Frame, extras: NackExtras = {}): Frame {
    checkOptions("nack()", extras, NACK_CHECKS);
    const { requeue, ...rest } = extras;
    requireNack(this.version);
    const choice = nackHeaders(this.dialect, requeue);
    return this.#settlement("NACK", message, rest, choice);
  }

  /** Begins a transaction (STOMP 1.2, "BEGIN"). */
  begin(extras: FrameExtras = {}): Frame {
    checkExtras("BEGIN", extras);
    const id = extras.transaction ?? this.#registry.newId("transaction");
    this.#registry.requireNewTransaction(id);
    const frame = this.#frame("BEGIN", [], { ...extras, transaction: id });
    this.#registry.begun(id);
    return frame;
  }

  /** Commits a transaction (STOMP 1.2, "COMMIT"). */
  commit(transaction: string, extras: FrameExtras = {}): Frame {
    return this.#endTransaction("COMMIT", transaction, extras);
  }

  /** Aborts a transaction (STOMP 1.2, "ABORT"). */
  abort(transaction: string, extras: FrameExtras = {}): Frame {
    return this.#endTransaction("ABORT", transaction, extras);
  }

  /** Says good-bye; nothing can be sent after it (STOMP 1.2, "DISCONNECT"). */
  disconnect(extras: FrameExtras = {}): Frame {
    return this.#frame("DISCONNECT", [], extras);
  }

  /** A frame made here could not be written after all; it is forgotten. */
  withdraw(frame: Frame): void {
    this.#registry.withdraw(frame);
  }

  /** The connection is gone, and with it whatever belonged to it. */
  lost(): void {
    this.#state = "closed";
    this.#registry.clear();
  }

  /**
   * Says what a frame from the broker means.
   *
   * @throws {ProtocolError} if it has no place in the present state, or if a
   * CONNECTED settles on something that was not offered.
   */
  receive(frame: Frame): SessionEvent {
    requireFrame(frame);
    const next = nextState(this.#state, "broker", frame.command, "client");
    if (frame.command === "CONNECTED") {
      this.#agreement = this.#handshake.settle(frame);
    }
    this.#state = next;
    switch (frame.command) {
      case "MESSAGE":
        return messageEvent(frame, this.#registry, this.version === "1.0");
      case "RECEIPT":
        return receiptEvent(frame, this.#registry);
      case "CONNECTED":
        return { type: "connected", frame };
      default:
        return next === "refused"
          ? { type: "refused", frame }
          : errorEvent(frame, this.#registry);
    }
  }

  #settlement(
    command: "ACK" | "NACK",
    message: Frame,
    extras: FrameExtras,
    more?: readonly (readonly [string, string])[],
  ): Frame {
    // The state comes first: without a version a message lacks nothing.
    nextState(this.#state, "client", command, "client");
    const headers = ackHeaders(command, this.version, message);
    for (const [name, value] of more ?? []) headers.push([name, value]);
    return this.#frame(command, headers, extras);
  }

  #endTransaction(command: string, id: string, extras: FrameExtras): Frame {
    const name = command.toLowerCase();
    checkOptions(command, extras, ENDING_CHECKS);
    this.#registry.requireTransaction(id, name);
    const frame = this.#frame(command, [], { ...extras, transaction: id });
    this.#registry.endTransaction(id);
    return frame;
  }

  /** Makes a frame of ours and takes account of it. */
  #frame(
    command: string,
    headers: [string, string][],
    extras: FrameExtras,
    body?: string | Uint8Array,
  ): Frame {
    const next = nextState(this.#state, "client", command, "client");
    checkExtras(command, extras);
    const { receipt, transaction } = extras;
    if (transaction !== undefined && command !== "BEGIN") {
      this.#registry.requireTransaction(transaction, `put a ${command} into`);
    }
    if (receipt !== undefined) this.#registry.requireNewReceipt(receipt);
    addExtras(headers, command, extras);
    const frame = new Frame(command, headers, body);
    if (receipt !== undefined) this.#registry.asked(receipt, command);
    this.#state = next;
    return frame;
  }
}
