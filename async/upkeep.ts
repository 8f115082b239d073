import { BrokerError, ConnectionError, UsageError } from "../errors.ts";
import type { Attempt, Schedule } from "../session/failover.ts";
import type { Clock } from "../transport/clock.ts";
import { showAddress } from "../transport/transport.ts";
import type { Connection, ConnectionEvents } from "./connection.ts";
import type { Dialer } from "./dialer.ts";
import type { StatusEvent } from "./status.ts";
import { abortable, pause } from "./waiting.ts";

/** What the upkeep tells its client. */
export interface UpkeepEvents extends Omit<ConnectionEvents, "lost"> {
  /** A connection stands. What belongs on it goes out before anything else. */
  connected(connection: Connection): void;
  /** It is lost, and another one is being made. */
  disconnected(): void;
  /** There will be no other one. Called once. */
  ended(cause: ConnectionError, isGoodBye: boolean): void;
  /** Something happened that somebody may want to know of. */
  status(event: StatusEvent): void;
}

/** What an upkeep is made with. */
export interface UpkeepOptions {
  readonly dialer: Dialer;
  readonly schedule: Schedule;
  readonly clock: Clock;
  /** Whether a lost connection is made again. */
  readonly reconnects: boolean;
}

/** A connection that has stood for so long, in ms, was no accident. */
const STABLE = 10_000;

/** Sees to it that there is a connection, one after the other. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #events: UpkeepEvents;
  readonly #stop = new AbortController();
  #connection: Connection | undefined;
  #connectedAt = 0;
  #reconnects = 0;
  /** Present while there is no connection and one is being made. */
  #online: PromiseWithResolvers<Connection> | undefined;

  /** It begins with {@linkcode start}. */
  constructor(options: UpkeepOptions, events: UpkeepEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** The latest connection; it may be gone. */
  get connection(): Connection {
    return this.#connection!;
  }

  /** Whether there is a connection. */
  get isOnline(): boolean {
    return this.#connection !== undefined &&
      this.#connection.failure === undefined;
  }

  /** How often a lost connection was made again. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /**
   * Makes the first connection.
   *
   * @throws What the last broker's attempt threw; where there are several, a
   * `ConnectionError` with all of them.
   */
  async start(signal: AbortSignal | undefined): Promise<void> {
    this.#options.schedule.start();
    const errors = await this.#tryAll(signal);
    if (errors.length === 0) return;
    if (errors.length === 1) throw errors[0];
    throw new ConnectionError(
      `None of ${errors.length} attempts to connect succeeded. The last one: ${
        messageOf(errors.at(-1))
      }`,
      { cause: new AggregateError(errors) },
    );
  }

  /**
   * The connection, as soon as there is one.
   *
   * @throws {ConnectionError} if there will be none any more.
   */
  online(signal: AbortSignal | undefined): Connection | Promise<Connection> {
    return this.#online === undefined
      ? this.connection
      : abortable(this.#online.promise, signal);
  }

  /** From now on a loss is the end; where it has happened, this is. */
  stop(): void {
    this.#stop.abort();
  }

  /** Tries brokers until one is connected; the errors of all if none is. */
  async #tryAll(signal: AbortSignal | undefined): Promise<unknown[]> {
    const { schedule, clock } = this.#options;
    const errors: unknown[] = [];
    for (let attempt; (attempt = schedule.next()) !== undefined;) {
      const { target, delay } = attempt;
      const address = showAddress(target);
      try {
        this.#events.status({ type: "connecting", address, delay });
        await pause(clock, delay, signal);
        const connection = await this.#dial(attempt, signal);
        this.#connection = connection;
        this.#connectedAt = clock.now();
        this.#events.connected(connection);
        const { version, server } = connection.session;
        this.#events.status({
          type: "connected",
          address,
          version: version!,
          server,
        });
        return [];
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof UsageError) throw error;
        if (error instanceof BrokerError) schedule.refused();
        this.#events.status({ type: "connect-failed", address, cause: error });
        errors.push(error);
      }
    }
    return errors;
  }

  async #dial(
    { target }: Attempt,
    signal: AbortSignal | undefined,
  ): Promise<Connection> {
    let isUp = false;
    const connection = await this.#options.dialer.dial(target, {
      message: this.#events.message,
      subscriptionFailed: this.#events.subscriptionFailed,
      isOverfed: this.#events.isOverfed,
      lost: (cause, isGoodBye) => {
        if (isUp) this.#lost(cause, isGoodBye);
      },
    }, signal);
    // It may have been lost on the way here, where nobody listened yet.
    if (connection.failure !== undefined) throw connection.failure;
    isUp = true;
    return connection;
  }

  #lost(cause: ConnectionError, isGoodBye: boolean): void {
    this.#events.status({
      type: "disconnected",
      cause: isGoodBye ? undefined : cause,
    });
    if (isGoodBye || !this.#options.reconnects || this.#stop.signal.aborted) {
      this.#events.ended(cause, isGoodBye);
      return;
    }
    this.#online = Promise.withResolvers();
    // Nobody need be waiting for it.
    this.#online.promise.catch(() => {});
    this.#events.disconnected();
    void this.#reconnect(cause);
  }

  async #reconnect(cause: ConnectionError): Promise<void> {
    const { schedule, clock } = this.#options;
    schedule.restart(clock.now() - this.#connectedAt >= STABLE);
    const online = this.#online!;
    let failure: ConnectionError;
    try {
      // Reached over the connection's own events first: replays come before
      // whoever waits for it.
      const errors = await this.#tryAll(this.#stop.signal);
      if (errors.length === 0) {
        this.#reconnects++;
        this.#online = undefined;
        online.resolve(this.connection);
        return;
      }
      failure = new ConnectionError(
        `The connection was lost, and ${errors.length} attempts to make it ` +
          `again have failed. The last one: ${messageOf(errors.at(-1))}`,
        { cause: new AggregateError([cause, ...errors]) },
      );
    } catch (error) {
      failure = this.#stop.signal.aborted ? cause : new ConnectionError(
        `The connection was lost and cannot be made again: ${messageOf(error)}`,
        { cause: error },
      );
    }
    this.#online = undefined;
    online.reject(failure);
    this.#events.ended(failure, false);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
