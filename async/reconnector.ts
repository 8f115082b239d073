import {
  BrokerError,
  ConnectionError,
  FrameError,
  UsageError,
} from "../errors.ts";
import type { Attempt, Schedule } from "../session/failover.ts";
import { RepeatedFailure } from "../session/repeated_failure.ts";
import { counted } from "../session/wording.ts";
import { showAddress } from "../transport/transport.ts";
import type { ClientContext } from "./client_context.ts";
import type { Connection } from "./connection.ts";
import { CallbackFailure, type Dialer } from "./dialer.ts";
import type { Requests } from "./requests.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { pause } from "./time_limit.ts";

/** What a reconnector is made with. */
export interface ReconnectorInit {
  readonly dialer: Dialer;
  readonly schedule: Schedule;
  /** Whether a lost connection is made again. */
  readonly reconnects: boolean;
}

/** Who uses the connections. */
interface Users {
  readonly subscriptions: Subscriptions;
  readonly requests: Requests;
}

/** A connection that has stood for so long, in ms, was no accident. */
const STABLE = 10_000;

/** Sees to it that there is a connection, one after the other. */
export class Reconnector {
  readonly #init: ReconnectorInit;
  readonly #context: ClientContext;
  readonly #users: Users;
  readonly #onEnd: (cause: ConnectionError, isGoodBye: boolean) => void;
  readonly #stop = new AbortController();
  /** What could not be read. */
  readonly #unreadables = new RepeatedFailure();
  #unreadable: FrameError | undefined;
  #connection: Connection | undefined;
  #connectedAt = 0;
  #reconnects = 0;
  /** Present while a lost connection is being made again: who waits for it. */
  #waiting: Set<Waiter> | undefined;
  /**
   * Whether the broker had something against what went out on the connection
   * before, and did not say what it was.
   */
  #isCautious = false;

  /**
   * It begins with {@linkcode start}. `onEnd`: there will be no other connection;
   * called once.
   */
  constructor(
    init: ReconnectorInit,
    context: ClientContext,
    users: Users,
    onEnd: (cause: ConnectionError, isGoodBye: boolean) => void,
  ) {
    this.#init = init;
    this.#context = context;
    this.#users = users;
    this.#onEnd = onEnd;
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

  /** Whether a lost connection is being made again, or subscriptions on it. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** What cannot be read though the broker sends it again and again, if that is the end. */
  get unreadable(): FrameError | undefined {
    return this.#unreadable;
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
    this.#init.schedule.start();
    const errors = await this.#tryAll(signal);
    if (errors === undefined) return;
    if (errors.length === 1) throw errors[0];
    throw new ConnectionError(
      `None of ${errors.length} attempts to connect succeeded. The last one: ${
        messageOf(errors.at(-1))
      }`,
      { cause: new AggregateError(errors) },
    );
  }

  /**
   * Does something with the connection: at once, or as soon as there is one
   * again, in the order of asking.
   *
   * @throws {ConnectionError} if there will be none any more; the signal's
   * reason if it aborts before.
   */
  use<T>(
    signal: AbortSignal | undefined,
    work: (connection: Connection) => T | Promise<T>,
  ): T | Promise<T> {
    const waiting = this.#waiting;
    if (waiting === undefined) return work(this.connection);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        go: (connection) => {
          forget?.();
          try {
            resolve(work(connection));
          } catch (error) {
            reject(error);
          }
        },
        giveUp: (failure) => {
          forget?.();
          reject(failure);
        },
      };
      const forget = signal && this.#context.signals.on(signal, () => {
        waiting.delete(waiter);
        reject(signal.reason);
      });
      waiting.add(waiter);
    });
  }

  /** From now on a loss is the end; where it has happened, this is. */
  stop(cause?: ConnectionError): void {
    this.#stop.abort(cause);
  }

  /** Tries brokers until one is connected; the errors of all if none is. */
  async #tryAll(signal: AbortSignal | undefined): Promise<
    unknown[] | undefined
  > {
    const { schedule } = this.#init;
    const { clock, status } = this.#context;
    const errors: unknown[] = [];
    for (let attempt; (attempt = schedule.next(clock.now())) !== undefined;) {
      const { target, delay } = attempt;
      const address = showAddress(target);
      try {
        status.post({ type: "connecting", address, delay });
        await pause(clock, delay, signal);
        await this.#dial(attempt, signal);
        return undefined;
      } catch (thrown) {
        signal?.throwIfAborted();
        const isCallback = thrown instanceof CallbackFailure;
        const error = isCallback ? thrown.cause : thrown;
        // Later on it may be that what it asks comes back, as a broker does.
        if (isCallback && this.#connection === undefined) throw error;
        if (error instanceof UsageError) throw error;
        if (error instanceof BrokerError) schedule.refused(target, clock.now());
        status.post({ type: "connect-failed", address, cause: error });
        errors.push(error);
      }
    }
    return errors;
  }

  async #dial(
    { target }: Attempt,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const connection = await this.#init.dialer.dial(
      target,
      this.#context,
      this.#users.subscriptions,
      signal,
    );
    // Much may have happened on the way here, where nobody listened yet.
    if (signal?.aborted) connection.fail(signal.reason);
    if (connection.failure !== undefined) throw connection.failure;
    connection.onLost = (cause, isGoodBye) => this.#lost(cause, isGoodBye);
    this.#up(connection, showAddress(target));
  }

  /** A connection stands. All of this happens before anything else can. */
  #up(connection: Connection, address: string): void {
    const { clock, status } = this.#context;
    this.#connection = connection;
    this.#connectedAt = clock.now();
    if (this.#waiting !== undefined) this.#reconnects++;
    const replayed = this.#users.subscriptions.attach(
      connection,
      this.#isCautious,
    );
    const { version, server } = connection.session;
    status.post({ type: "connected", address, version: version!, server });
    if (replayed === undefined) return this.#goOn(connection);
    void replayed.then(() => this.#goOn(connection));
  }

  /** Everything that has waited for a connection goes out. */
  #goOn(connection: Connection): void {
    if (connection.failure !== undefined) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const waiter of waiting ?? []) waiter.go(connection);
  }

  #lost(cause: ConnectionError, isGoodBye: boolean): void {
    const { status } = this.#context;
    status.post({ type: "disconnected", cause: isGoodBye ? undefined : cause });
    if (isGoodBye || !this.#init.reconnects || this.#stop.signal.aborted) {
      return this.#giveUp(cause, isGoodBye);
    }
    if (this.#isHopeless(cause.cause)) {
      this.#unreadable = cause.cause;
      return this.#giveUp(cause, false);
    }
    this.#waiting ??= new Set();
    this.#isCautious = cause.cause instanceof BrokerError;
    this.#users.subscriptions.detach();
    this.#users.requests.lost(cause);
    void this.#reconnect(cause);
  }

  /** Whether the broker sends the same again that nobody can read. */
  #isHopeless(cause: unknown): cause is FrameError {
    return cause instanceof FrameError &&
      this.#unreadables.meet(cause, this.#context.clock.now());
  }

  async #reconnect(cause: ConnectionError): Promise<void> {
    const { schedule } = this.#init;
    schedule.restart(this.#context.clock.now() - this.#connectedAt >= STABLE);
    let failure: ConnectionError;
    try {
      const errors = await this.#tryAll(this.#stop.signal);
      if (errors === undefined) return;
      const last = errors.length === 0
        ? ""
        : ` The last one: ${messageOf(errors.at(-1))}`;
      failure = new ConnectionError(
        errors.length === 0
          ? "The connection was lost, and is not to be made again."
          : `The connection was lost, and ${
            counted(
              errors.length,
              "attempt to make it again has",
              "attempts to make it again have",
            )
          } failed.${last}`,
        { cause: new AggregateError([cause, ...errors]) },
      );
    } catch (error) {
      const { aborted, reason } = this.#stop.signal;
      failure = !aborted
        ? new ConnectionError(
          `The connection was lost and cannot be made again: ${
            messageOf(error)
          }`,
          { cause: error },
        )
        : reason instanceof ConnectionError
        ? reason
        : cause;
    }
    this.#giveUp(failure, false);
  }

  /** There will be no other connection: whoever waits for one is told. */
  #giveUp(cause: ConnectionError, isGoodBye: boolean): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const waiter of waiting) {
      waiter.giveUp(cause);
      this.#context.noteEnd();
    }
    this.#onEnd(cause, isGoodBye);
  }
}

/** Somebody who waits for a connection. */
interface Waiter {
  go(connection: Connection): void;
  giveUp(failure: ConnectionError): void;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
