import { DamagedFrame, Frame, type Version } from "../codec/mod.ts";
import { quoted, UsageError } from "../errors.ts";
import {
  ackHeaders,
  extraHeaders,
  type FrameExtras,
  requireDestination,
} from "./client_headers.ts";
import {
  type Dialect,
  type DialectName,
  dialectOf,
  durableWay,
  nackHeaders,
  prefetchHeader,
  textHeaders,
} from "./dialects.ts";
import {
  type HeartBeat,
  negotiateHeartBeat,
  parseHeartBeat,
} from "./heart_beat.ts";
import type { AckMode, SessionEvent, SessionSubscription } from "./events.ts";
import { nextState, type SessionState } from "./states.ts";
import { offeredVersions, settledVersion } from "./versions.ts";

/** What a {@linkcode ClientSession} says in its CONNECT. */
export interface ClientSessionOptions {
  /** Versions to offer. @default {["1.0", "1.1", "1.2"]} */
  versions?: readonly Version[] | undefined;
  /** The virtual host. @default {"/"} */
  host?: string | undefined;
  /** Who we are to the broker. */
  login?: string | undefined;
  /** What proves it. */
  passcode?: string | undefined;
  /** What we can send and want to receive, in ms. @default {[0, 0]} */
  heartBeat?: HeartBeat | undefined;
  /** More headers for the CONNECT frame, such as `client-id`. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** The broker's peculiarities; by default its `server` header tells. */
  dialect?: DialectName | undefined;
}

/**
 * The protocol of one connection, seen from the client, without I/O: methods
 * make the frames to be written and keep account of them; {@linkcode receive}
 * says what a frame that was read means. It is driven by the asynchronous and
 * by the synchronous client alike.
 *
 * Each method throws a `UsageError` if the frame has no place in the present
 * state, and then changes nothing.
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
  readonly #options: ClientSessionOptions;
  readonly #offered: readonly Version[];
  #state: SessionState = "idle";
  #connected: Frame | undefined;
  #version: Version | undefined;
  #heartBeat: HeartBeat = [0, 0];
  #dialect: Dialect;
  readonly #subscriptions = new Map<string, SessionSubscription>();
  /** What each UNSUBSCRIBE ends, in case that it cannot be written. */
  readonly #ended = new WeakMap<Frame, SessionSubscription>();
  readonly #transactions = new Set<string>();
  /** Receipts that are outstanding, and the command that asked for each. */
  readonly #receipts = new Map<string, string>();
  #lastId = 0;

  /**
   * Begins idle.
   *
   * @throws {UsageError} if the versions to offer are none.
   */
  constructor(options: ClientSessionOptions = {}) {
    this.#options = options;
    this.#offered = offeredVersions(options.versions);
    this.#dialect = dialectOf(undefined, options.dialect);
  }

  /** Where the connection stands. */
  get state(): SessionState {
    return this.#state;
  }

  /** The version that was settled on; `undefined` before CONNECTED. */
  get version(): Version | undefined {
    return this.#version;
  }

  /** The broker's `server` header; 1.0 brokers may have none. */
  get server(): string | undefined {
    return this.#connected?.headers.get("server");
  }

  /** The broker's name for this session. */
  get session(): string | undefined {
    return this.#connected?.headers.get("session");
  }

  /** The periods that were negotiated; `[0, 0]` before CONNECTED. */
  get heartBeat(): HeartBeat {
    return this.#heartBeat;
  }

  /** The broker's peculiarities; `plain` before CONNECTED. */
  get dialect(): Dialect {
    return this.#dialect;
  }

  /** The subscription that has this id now. */
  subscription(id: string): SessionSubscription | undefined {
    return this.#subscriptions.get(id);
  }

  /** An id for a receipt, unique within the connection. */
  newReceipt(): string {
    return this.#newId("receipt", this.#receipts);
  }

  /** Opens the session (STOMP 1.2, "CONNECT or STOMP Frame"). */
  connect(): Frame {
    const { host = "/", login, passcode, heartBeat = [0, 0] } = this.#options;
    const headers: [string, string][] = [
      ["accept-version", this.#offered.join(",")],
      ["host", host],
      ["heart-beat", heartBeat.join(",")],
    ];
    if (login !== undefined) headers.push(["login", login]);
    if (passcode !== undefined) headers.push(["passcode", passcode]);
    return this.#frame("CONNECT", headers, { headers: this.#options.headers });
  }

  /** Sends a message (STOMP 1.2, "SEND"). */
  send(
    destination: string,
    body: string | Uint8Array,
    extras: FrameExtras = {},
  ): Frame {
    requireDestination(destination);
    const headers: [string, string][] = [["destination", destination]];
    for (const [name, value] of textHeaders(this.#dialect, body)) {
      if (extras.headers?.[name] === undefined) headers.push([name, value]);
    }
    return this.#frame("SEND", headers, extras, body);
  }

  /**
   * Subscribes (STOMP 1.2, "SUBSCRIBE"). An id is always sent, also in 1.0:
   * without it a 1.0 broker need not say which subscription a message is for.
   * `durable` is the name under which it outlives the connection; it is the id,
   * too.
   */
  subscribe(
    destination: string,
    options: FrameExtras & {
      id?: string | undefined;
      ack?: AckMode | undefined;
      prefetch?: number | undefined;
      durable?: string | undefined;
    } = {},
  ): Frame {
    requireDestination(destination);
    const { ack = "auto", durable } = options;
    const id = durable ?? options.id ??
      this.#newId("subscription", this.#subscriptions);
    if (this.#subscriptions.has(id)) {
      throw new UsageError(
        `There is a subscription with the id ${quoted(id)} already: choose ` +
          "another, or leave the id out.",
      );
    }
    if (ack === "client-individual" && this.#version === "1.0") {
      throw new UsageError(
        'STOMP 1.0 has no ack mode "client-individual": use "client", or ' +
          "connect with a later version.",
      );
    }
    const headers: [string, string][] = [
      ["destination", destination],
      ["id", id],
      ["ack", ack],
    ];
    if (options.prefetch !== undefined) {
      headers.push([...prefetchHeader(this.#dialect, options.prefetch)]);
    }
    if (durable !== undefined) {
      const way = durableWay(this.#dialect, this.#options.headers);
      if (way.nameHeader !== "id") headers.push([way.nameHeader, durable]);
      for (const header of way.headers) headers.push([...header]);
    }
    const frame = this.#frame("SUBSCRIBE", headers, options);
    const isDurable = durable !== undefined;
    this.#subscriptions.set(id, { id, destination, ack, isDurable });
    return frame;
  }

  /** Ends a subscription (STOMP 1.2, "UNSUBSCRIBE"); a durable one waits for the next. */
  unsubscribe(id: string, extras: FrameExtras = {}): Frame {
    const ended = this.#requireSubscription(id);
    const frame = this.#frame("UNSUBSCRIBE", [["id", id]], extras);
    this.#subscriptions.delete(id);
    this.#ended.set(frame, ended);
    return frame;
  }

  /**
   * Ends a durable subscription for good. It may take several frames; the last
   * one asks for the receipt.
   */
  deleteSubscription(id: string, extras: FrameExtras = {}): Frame[] {
    const ended = this.#requireSubscription(id);
    if (!ended.isDurable) {
      throw new UsageError(
        `The subscription ${quoted(id)} is not durable, so that there is ` +
          "nothing to delete: just unsubscribe.",
      );
    }
    const { nameHeader, deleteHeader, isLeftFirst } = durableWay(
      this.#dialect,
      this.#options.headers,
    );
    const frames = isLeftFirst
      ? [this.#frame("UNSUBSCRIBE", [["id", id]], {})]
      : [];
    const [name, value] = deleteHeader ?? [nameHeader, id];
    const headers: [string, string][] = [["id", id], [name, value]];
    frames.push(this.#frame("UNSUBSCRIBE", headers, extras));
    this.#subscriptions.delete(id);
    this.#ended.set(frames[0]!, ended);
    return frames;
  }

  /** Acknowledges a MESSAGE (STOMP 1.2, "ACK"). */
  ack(message: Frame, extras: FrameExtras = {}): Frame {
    return this.#settlement("ACK", message, extras);
  }

  /**
   * Refuses a MESSAGE (STOMP 1.2, "NACK"); 1.0 does not have it. `requeue` says
   * whether it is to be delivered again, where the broker leaves the choice.
   */
  nack(
    message: Frame,
    extras: FrameExtras & { requeue?: boolean | undefined } = {},
  ): Frame {
    if (this.#version === "1.0") {
      throw new UsageError(
        "STOMP 1.0 has no NACK: leave the message unacknowledged, or connect " +
          "with a later version.",
      );
    }
    const choice = nackHeaders(this.#dialect, extras.requeue);
    return this.#settlement("NACK", message, extras, choice);
  }

  /** Begins a transaction (STOMP 1.2, "BEGIN"). */
  begin(extras: FrameExtras = {}): Frame {
    const transaction = extras.transaction ??
      this.#newId("transaction", this.#transactions);
    if (this.#transactions.has(transaction)) {
      throw new UsageError(
        `The transaction ${quoted(transaction)} has been begun already.`,
      );
    }
    const frame = this.#frame("BEGIN", [], { ...extras, transaction });
    this.#transactions.add(transaction);
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
    const { headers } = frame;
    this.#receipts.delete(headers.get("receipt") ?? "");
    if (frame.command === "SUBSCRIBE") {
      this.#subscriptions.delete(headers.get("id") ?? "");
    } else if (frame.command === "BEGIN") {
      this.#transactions.delete(headers.get("transaction") ?? "");
    }
    const back = this.#ended.get(frame);
    if (back !== undefined) this.#subscriptions.set(back.id, back);
  }

  /** The connection is gone, and with it whatever belonged to it. */
  lost(): void {
    this.#state = "closed";
    this.#subscriptions.clear();
    this.#transactions.clear();
    this.#receipts.clear();
  }

  /**
   * Says what a frame from the broker means.
   *
   * @throws {ProtocolError} if it has no place in the present state, or if a
   * CONNECTED settles on something that was not offered.
   */
  receive(frame: Frame): SessionEvent {
    const next = nextState(this.#state, "broker", frame.command, "client");
    switch (frame.command) {
      case "MESSAGE": {
        const subscription = this.#subscriptionOf(frame);
        return frame instanceof DamagedFrame
          ? { type: "damaged", frame, subscription }
          : { type: "message", frame, subscription };
      }
      case "RECEIPT": {
        if (frame instanceof DamagedFrame) throw frame.error;
        const id = frame.headers.get("receipt-id") ?? "";
        const command = this.#receipts.get(id);
        this.#receipts.delete(id);
        return { type: "receipt", id, command };
      }
      case "CONNECTED":
        this.#settle(frame);
        this.#state = next;
        return { type: "connected", frame };
      default:
        this.#state = next;
        return next === "refused"
          ? { type: "refused", frame }
          : this.#errorEvent(frame);
    }
  }

  #settle(frame: Frame): void {
    const { headers } = frame;
    const version = settledVersion(headers.get("version"), this.#offered);
    this.#heartBeat = negotiateHeartBeat(
      this.#options.heartBeat ?? [0, 0],
      parseHeartBeat(headers.get("heart-beat")),
    );
    this.#version = version;
    this.#connected = frame;
    this.#dialect = dialectOf(headers.get("server"), this.#options.dialect);
  }

  #errorEvent(frame: Frame): SessionEvent {
    const id = frame.headers.get("receipt-id");
    const known = id !== undefined && this.#receipts.delete(id);
    const key = frame.headers.get("subscription") ?? "";
    const subscription = this.#subscriptions.get(key);
    // Unless it is about what was asked, the broker has ended the subscription.
    if (!known) this.#subscriptions.delete(key);
    const receipt = known ? id : undefined;
    return { type: "error", frame, receipt, subscription };
  }

  /**
   * A 1.0 broker may leave the subscription out: its destination must do, or that
   * there is only one that can be meant.
   */
  #subscriptionOf(message: Frame): SessionSubscription | undefined {
    const id = message.headers.get("subscription");
    if (id !== undefined) return this.#subscriptions.get(id);
    const destination = message.headers.get("destination");
    const all = [...this.#subscriptions.values()];
    return all.find((subscription) =>
      subscription.destination === destination
    ) ?? (this.#version === "1.0" && all.length === 1 ? all[0] : undefined);
  }

  #settlement(
    command: "ACK" | "NACK",
    message: Frame,
    extras: FrameExtras,
    more: readonly (readonly [string, string])[] = [],
  ): Frame {
    // The state comes first: without a version a message lacks nothing.
    nextState(this.#state, "client", command, "client");
    const headers = ackHeaders(this.#version, message);
    for (const header of more) headers.push([...header]);
    return this.#frame(command, headers, extras);
  }

  #requireSubscription(id: string): SessionSubscription {
    const subscription = this.#subscriptions.get(id);
    if (subscription !== undefined) return subscription;
    throw new UsageError(
      `There is no subscription with the id ${quoted(id)} to end.`,
    );
  }

  #endTransaction(
    command: "COMMIT" | "ABORT",
    transaction: string,
    extras: FrameExtras,
  ): Frame {
    if (!this.#transactions.has(transaction)) {
      throw new UsageError(
        `There is no transaction ${
          quoted(transaction)
        } to ${command.toLowerCase()}: it was ended before, or belonged to an earlier connection.`,
      );
    }
    const frame = this.#frame(command, [], { ...extras, transaction });
    this.#transactions.delete(transaction);
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
    const frame = new Frame(command, [
      ...headers,
      ...extraHeaders(command, extras),
    ], body);
    const { receipt } = extras;
    if (receipt !== undefined) this.#receipts.set(receipt, command);
    this.#state = next;
    return frame;
  }

  /** An id that is new; the caller may have given one that looks alike. */
  #newId(what: string, taken: { has(id: string): boolean }): string {
    let id: string;
    do id = `${what}-${++this.#lastId}`; while (taken.has(id));
    return id;
  }
}
