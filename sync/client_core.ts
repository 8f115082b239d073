import {
  BrokerError,
  ConnectionError,
  StompError,
  UsageError,
} from "../errors.ts";
import { RepeatedFailure } from "../session/repeated_failure.ts";
import type { CallTime, Resumable } from "./call_time.ts";
import type { Connection } from "./connection.ts";
import type {
  SyncSubscribeOptions,
  SyncUnsubscribeOptions,
} from "./options.ts";
import type { Operation } from "./receipts.ts";
import { Reconnector, type ReconnectorOptions } from "./reconnector.ts";
import { type Request, writeRequest } from "./request.ts";
import { requestOf, Subscriptions } from "./subscriptions.ts";

/** What a core is made with. */
export interface ClientCoreOptions
  extends Omit<ReconnectorOptions, "connected" | "gaveUp"> {
  /** How long an operation may take that says nothing else, in ms. */
  readonly receiptTimeout: number;
  /** How long the good-bye may take, in ms. */
  readonly drainTimeout: number;
}

/**
 * The work behind a client: requests go out, arrivals come in, on a connection
 * that is made again where that is wanted, with the same subscriptions.
 */
export class ClientCore {
  readonly #options: ClientCoreOptions;
  readonly #reconnector: Reconnector;
  readonly #subscriptions = new Subscriptions();
  readonly #unreadables = new RepeatedFailure();
  /** Whose end has been taken note of. */
  #ended: Connection | undefined;
  #isClosed = false;

  /** Connects. */
  constructor(options: ClientCoreOptions) {
    this.#options = options;
    this.#reconnector = new Reconnector({
      ...options,
      connected: (...made) => this.#replay(...made),
      gaveUp: (errors) => this.#subscriptions.forgetRefused(errors),
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
    const deadline = performance.now() + timeout;
    for (;;) {
      const { connection } = this;
      // What came before the end comes before the error, too.
      if (connection.inbox.length === 0) connection.notice();
      if (!this.#isClosed && connection.inbox.length > 0) return connection;
      const online = this.#onlineBy(verb, deadline);
      if (online === undefined) return undefined;
      try {
        return online.waitForArrival(deadline) ? online : undefined;
      } catch (error) {
        // The next round connects anew, or says that there is no connection.
        if (error !== online.failure) throw error;
      }
    }
  }

  /** Subscribes, and remembers it. Returns the id. */
  subscribe(destination: string, options: SyncSubscribeOptions): string {
    const subscribing = this.#subscriptions.make(destination, options);
    const { id } = subscribing.options;
    const connection = this.#online("subscribe");
    // The broker has ended the one that had this id.
    if (connection.inbox.cancelled.delete(id)) this.#subscriptions.delete(id);
    try {
      this.#send(connection, requestOf(subscribing));
    } catch (error) {
      this.#forgo(connection, id, error);
      throw error;
    }
    this.#subscriptions.add(subscribing);
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
      connection.inbox.ignore(subscription!);
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
    if (receipt) connection.inbox.forget(id);
  }

  /** Whether there is nothing left to end: the broker or a loss has done it. */
  #hasEnded(id: string): boolean {
    const { failure, inbox } = this.connection;
    const isEnded = failure !== undefined || inbox.cancelled.has(id);
    return isEnded && this.#subscriptions.has(id);
  }

  /** A subscription is not wanted any more, nor what the broker sends again. */
  #forget(id: string): void {
    this.#subscriptions.delete(id);
    this.connection.inbox.drop(id);
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
    this.#reconnector.stop();
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
    if (connection.end.isTold) return;
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
    connection.inbox.ignore(subscription);
    try {
      const name = `the UNSUBSCRIBE of ${id}`;
      connection.write(unsubscribe, this.#operation({ name, timeout: 0 }));
    } catch (late) {
      if (!(late instanceof StompError)) throw late;
    }
  }

  #send(connection: Connection, request: Request): void {
    const operation = this.#operation(request);
    const receipt = writeRequest(connection, request, operation);
    if (receipt !== undefined) connection.confirm(receipt, operation);
  }

  #online(verb: string): Connection {
    return this.#onlineBy(verb, Infinity)!;
  }

  #onlineBy(verb: string, until: number): Connection | undefined {
    this.#checkOpen(verb);
    this.#heedUndecodable();
    return this.#reconnector.online(verb, until);
  }

  /** What cannot be decoded is not to be asked for again and again. */
  #heedUndecodable(): void {
    const { connection } = this;
    connection.notice();
    if (connection.failure === undefined || connection === this.#ended) return;
    this.#ended = connection;
    const error = connection.end.undecodable;
    if (error === undefined) return;
    if (!this.#unreadables.meet(error, performance.now())) return;
    connection.end.tell();
    throw error;
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
    begun = performance.now(),
  ): Operation {
    return { name, timeout, begun, subscription };
  }

  /** Another connection gets what the client had on the one before. */
  *#replay(
    connection: Connection,
    previous: Connection | undefined,
    deadline: number,
    time: CallTime,
  ): Resumable<void> {
    const cancelled = previous?.inbox.cancelled ??
      new Map<string, BrokerError>();
    for (const id of cancelled.keys()) this.#subscriptions.delete(id);
    for (const subscribing of this.#subscriptions.inOrder()) {
      // Always with a receipt, so that an ERROR that does not say what it is
      // about is about this.
      const request = { ...requestOf(subscribing), receipt: true };
      const begun = time.now();
      const operation = this.#operation(request, begun);
      const left = Math.max(0, Math.ceil(deadline - begun));
      const timeout = Math.min(operation.timeout, left);
      try {
        const receipt = writeRequest(connection, request, {
          ...operation,
          timeout,
        });
        yield* connection.confirmIn(
          receipt!,
          { ...operation, timeout },
          time,
        );
      } catch (error) {
        throw this.#subscriptions.refusalOf(subscribing, error);
      }
    }
    if (previous !== undefined) connection.inbox.inheritFrom(previous.inbox);
  }
}
