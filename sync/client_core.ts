import type { Frame } from "../codec/mod.ts";
import {
  BrokerError,
  ConnectionError,
  StompError,
  UsageError,
} from "../errors.ts";
import type { ClientSession } from "../session/client_session.ts";
import { owned } from "../session/owned_options.ts";
import type { Connection } from "./connection.ts";
import {
  DEFAULTS,
  type SyncSubscribeOptions,
  type SyncUnsubscribeOptions,
} from "./options.ts";
import type { Operation } from "./receipts.ts";
import { Reconnector, type ReconnectorOptions } from "./reconnector.ts";

/** What a core is made with. */
export interface ClientCoreOptions
  extends Omit<ReconnectorOptions, "connected" | "gaveUp"> {
  /** How long an operation may take that says nothing else, in ms. */
  readonly receiptTimeout: number;
  /** How long the good-bye may take, in ms. */
  readonly drainTimeout: number;
}

/** A subscription as it is made, and made again on another connection. */
interface Subscribing {
  readonly destination: string;
  readonly options: SyncSubscribeOptions & { readonly id: string };
}

/** One frame that the client wants to be sent. */
export interface Request {
  /** What the caller does, for messages: cannot … */
  readonly verb: string;
  /** What was sent, for messages. */
  readonly name: string;
  /** Whether to wait for the broker's confirmation. */
  readonly receipt: boolean | undefined;
  /** How long it may take, in ms. */
  readonly timeout: number | undefined;
  /** What it subscribes to, by its id. */
  readonly subscription?: string;
  /** Throws if it cannot be done; asked before and after a reconnect. */
  check?(): void;
  /** Whether the frames have a content-length. @default {true} */
  contentLength?(session: ClientSession): boolean;
  /** Makes the frames; the last one asks for the receipt. */
  frames(session: ClientSession, receipt: string | undefined): Frame[];
  /** It is on its way. */
  written?(connection: Connection): void;
}

/**
 * The work behind a client: requests go out, arrivals come in, on a connection
 * that is made again where that is wanted, with the same subscriptions.
 */
export class ClientCore {
  readonly #options: ClientCoreOptions;
  readonly #reconnector: Reconnector;
  /** In the order in which they were made. */
  readonly #subscriptions = new Map<string, Subscribing>();
  /** Which of them the broker has refused to make again. */
  readonly #refused = new WeakMap<BrokerError, string>();
  #lastSubscription = 0;
  #isClosed = false;

  /** Connects. */
  constructor(options: ClientCoreOptions) {
    this.#options = options;
    this.#reconnector = new Reconnector({
      ...options,
      connected: (...made) => this.#replay(...made),
      gaveUp: (errors) => {
        for (const error of errors) {
          const id = this.#refused.get(error as BrokerError);
          if (id !== undefined) this.#subscriptions.delete(id);
        }
      },
    });
    this.#reconnector.start();
  }

  /** The latest connection; it may be gone. */
  get connection(): Connection {
    return this.#reconnector.connection;
  }

  /** Sends a frame, and waits for the receipt if it asks for one. */
  perform(request: Request): void {
    this.#checkOpen(request.verb);
    request.check?.();
    const connection = this.#online(request.verb);
    request.check?.();
    this.#send(connection, request);
  }

  /** The connection whose inbox has something, if one has in time. */
  arrival(verb: string, timeout: number): Connection | undefined {
    const { reconnectTimeout } = this.#options;
    let begun = performance.now();
    let lostAt: number | undefined;
    for (;;) {
      const { connection } = this;
      // What came before the end comes before the error, too.
      if (connection.inbox.length === 0) connection.notice();
      if (!this.#isClosed && connection.inbox.length > 0) return connection;
      const noticed = performance.now();
      const online = this.#online(verb);
      if (online !== connection) {
        const now = performance.now();
        // Time counts from the new connection on: but not for ever where none
        // of them lasts.
        if (now - (lostAt ?? now) <= reconnectTimeout) begun = now;
        lostAt ??= noticed;
      }
      try {
        return online.waitForArrival(begun + timeout) ? online : undefined;
      } catch (error) {
        // The next round connects anew, or says that there is no connection.
        if (error !== online.failure) throw error;
      }
    }
  }

  /** Subscribes, and remembers it. Returns the id. */
  subscribe(destination: string, options: SyncSubscribeOptions): string {
    if (options.durable !== undefined && options.id !== undefined) {
      throw new UsageError(
        "The name of a durable subscription is its id, too: give either " +
          '"durable" or "id".',
      );
    }
    const id = options.durable ?? options.id ?? this.#newId();
    const subscribing = { destination, options: { ...owned(options), id } };
    const connection = this.#online("subscribe");
    // The broker has ended the one that had this id.
    if (connection.cancelled.delete(id)) this.#subscriptions.delete(id);
    try {
      this.#send(connection, requestOf(subscribing));
    } catch (error) {
      this.#forgo(connection, id, error);
      throw error;
    }
    this.#subscriptions.set(id, subscribing);
    return id;
  }

  /** Ends a subscription, and forgets what has come for it. */
  unsubscribe(id: string, options: SyncUnsubscribeOptions): void {
    const { headers, receipt = true, timeout } = options;
    this.#checkOpen("unsubscribe");
    this.connection.notice();
    if (!options.delete && this.#hasEnded(id)) return this.#forget(id);
    const connection = this.#online("unsubscribe");
    const subscription = connection.session.subscription(id);
    const ended = () => {
      connection.ignore(subscription!);
      this.#forget(id);
    };
    try {
      this.#send(connection, {
        verb: "unsubscribe",
        name: `the UNSUBSCRIBE of ${id}`,
        receipt,
        timeout,
        frames: (session, receipt) =>
          options.delete
            ? session.deleteSubscription(id, { headers, receipt })
            : [session.unsubscribe(id, { headers, receipt })],
        written: ended,
      });
    } catch (error) {
      // A part of it may have been written, where that takes several frames.
      const isGone = connection.session.subscription(id) === undefined;
      if (isGone && subscription !== undefined) ended();
      throw error;
    }
    if (receipt) connection.forget(id);
  }

  /** Whether there is nothing left to end: the broker or a loss has done it. */
  #hasEnded(id: string): boolean {
    const { failure, cancelled } = this.connection;
    const isEnded = failure !== undefined || cancelled.has(id);
    return isEnded && this.#subscriptions.has(id);
  }

  /** A subscription is not wanted any more, nor what the broker sends again. */
  #forget(id: string): void {
    const { inbox } = this.connection;
    this.#subscriptions.delete(id);
    for (const item of inbox.clear()) {
      const isDropped = !(item instanceof BrokerError) &&
        item.subscription?.id === id && item.subscription.ack !== "auto";
      if (!isDropped) inbox.push(item);
    }
  }

  /** Connects anew, also where nothing is lost. */
  reconnect(): void {
    this.#checkOpen("reconnect");
    this.#reconnector.start();
  }

  /** Says good-bye. Idempotent. */
  disconnect(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { connection } = this;
    let failure: unknown;
    try {
      this.#sayGoodBye(connection);
    } catch (error) {
      failure = error;
    }
    for (const item of connection.inbox.clear()) {
      // What the broker has said explains everything else.
      if (item instanceof BrokerError) throw item;
    }
    if (failure !== undefined) throw failure;
  }

  #sayGoodBye(connection: Connection): void {
    connection.notice();
    if (connection.failure === undefined) {
      return connection.disconnect(
        this.#operation({
          name: "the DISCONNECT",
          timeout: this.#options.drainTimeout,
        }),
      );
    }
    if (connection.isFailureKnown) return;
    throw new ConnectionError(
      "The connection was gone before the good-bye: it is unknown whether the " +
        "broker took what was sent without a receipt.",
      { cause: connection.failure, unknown: true },
    );
  }

  /** No subscription has come of it, or none that the program knows of. */
  #forgo(connection: Connection, id: string, error: unknown): void {
    const { session } = connection;
    const subscription = session.subscription(id);
    const isOurs = subscription !== undefined && !this.#subscriptions.has(id);
    if (!isOurs || connection.failure !== undefined) return;
    const unsubscribe = session.unsubscribe(id);
    if (error instanceof BrokerError) return;
    // The broker may have done it, only late.
    connection.ignore(subscription);
    try {
      const name = `the UNSUBSCRIBE of ${id}`;
      connection.write(unsubscribe, this.#operation({ name, timeout: 0 }));
    } catch (late) {
      if (!(late instanceof StompError)) throw late;
    }
  }

  #newId(): string {
    let id: string;
    do id = `sub-${++this.#lastSubscription}`; while (
      this.#subscriptions.has(id)
    );
    return id;
  }

  #send(connection: Connection, request: Request, deadline = Infinity): void {
    const operation = this.#operation(request, deadline);
    const { session } = connection;
    const receipt = request.receipt ? session.newReceipt() : undefined;
    const contentLength = request.contentLength?.(session);
    const frames = request.frames(session, receipt);
    if (receipt !== undefined) connection.catchUp();
    for (const frame of frames) {
      connection.write(frame, operation, contentLength);
    }
    request.written?.(connection);
    if (receipt !== undefined) connection.confirm(receipt, operation);
  }

  #online(verb: string): Connection {
    this.#checkOpen(verb);
    return this.#reconnector.online(verb);
  }

  #checkOpen(verb: string): void {
    if (!this.#isClosed) return;
    throw new UsageError(
      `Cannot ${verb}: the client is closed. Make another one with ` +
        "connectSync().",
    );
  }

  #operation(
    { name, timeout = this.#options.receiptTimeout, subscription }: {
      readonly name: string;
      readonly timeout: number | undefined;
      readonly subscription?: string;
    },
    deadline = Infinity,
  ): Operation {
    const begun = performance.now();
    const left = Math.max(0, Math.ceil(deadline - begun));
    return { name, timeout: Math.min(timeout, left), begun, subscription };
  }

  /** Another connection gets what the client had on the one before. */
  #replay(
    connection: Connection,
    previous: Connection | undefined,
    deadline: number,
  ): void {
    const cancelled = previous?.cancelled ?? new Map<string, BrokerError>();
    for (const id of cancelled.keys()) this.#subscriptions.delete(id);
    for (const subscribing of this.#subscriptions.values()) {
      this.#subscribeAgain(connection, subscribing, deadline);
    }
    const untold = new Set<unknown>(cancelled.values());
    const arrived = connection.inbox.clear();
    for (const item of previous?.inbox.clear() ?? []) {
      // The broker has forgotten those; the others it delivers again.
      const isKept = item instanceof BrokerError
        ? untold.has(item)
        : item.subscription?.ack === "auto";
      if (isKept) connection.inbox.push(item);
    }
    for (const item of arrived) connection.inbox.push(item);
  }

  /**
   * Always with a receipt, so that an ERROR that does not say what it is about
   * is about this.
   */
  #subscribeAgain(
    connection: Connection,
    subscribing: Subscribing,
    deadline: number,
  ): void {
    const { destination, options: { id } } = subscribing;
    try {
      const request = { ...requestOf(subscribing), receipt: true };
      this.#send(connection, request, deadline);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      const refusal = new BrokerError(
        `The subscription to ${destination} cannot be made again. ${error.message}`,
        error.frame,
        { cause: error },
      );
      this.#refused.set(refusal, id);
      throw refusal;
    }
  }
}

function requestOf({ destination, options }: Subscribing): Request {
  const { id, headers, durable, receipt = true, timeout } = options;
  return {
    verb: "subscribe",
    name: `the SUBSCRIBE to ${destination}`,
    receipt,
    timeout,
    subscription: id,
    frames: (session, receipt) => {
      const ack = options.ack ??
        (session.version === "1.0" ? "client" : "client-individual");
      const prefetch = options.prefetch ??
        (ack === "auto" ? undefined : DEFAULTS.prefetch);
      const how = { id, ack, prefetch, headers, durable, receipt };
      return [session.subscribe(destination, how)];
    },
  };
}
