import { ConnectionError, StompError, UsageError } from "../errors.ts";
import type { Schedule } from "../session/failover.ts";
import type { Target } from "../session/target.ts";
import { counted } from "../session/wording.ts";
import type { Connection } from "./connection.ts";
import { pause } from "./pause.ts";

/** What a reconnector is made with. */
export interface ReconnectorOptions {
  readonly schedule: Schedule;
  /** Whether a call that finds the connection lost makes it again. */
  readonly reconnects: boolean;
  /** For how long it tries, in ms. */
  readonly reconnectTimeout: number;
  /** Makes a connection until a deadline, or throws. */
  dial(target: Target, deadline: number): Connection;
  /**
   * A connection stands; what belongs on it goes out before anything else, until
   * the same deadline. What it throws, the attempt has failed of.
   */
  connected(
    connection: Connection,
    previous: Connection | undefined,
    deadline: number,
  ): void;
  /** There is none for the time being: this is what the attempts have failed of. */
  gaveUp(errors: readonly unknown[]): void;
}

/** A connection that has stood for so long, in ms, was no accident. */
const STABLE = 10_000;

/** How long what was written before may take to leave, in ms. */
const LEAVING = 1000;

/** Sees to it that there is a connection, one after the other. */
export class Reconnector {
  readonly #options: ReconnectorOptions;
  #connection: Connection | undefined;
  #connectedAt = 0;
  /** Why the program could not connect anew, where it has tried that last. */
  #absence: unknown;

  /** It begins with {@linkcode start}. */
  constructor(options: ReconnectorOptions) {
    this.#options = options;
  }

  /** The latest connection; it may be gone. */
  get connection(): Connection {
    return this.#connection!;
  }

  /**
   * Connects, also where there is a connection: that one is left.
   *
   * @throws What the last broker's attempt threw; where there are several, a
   * `ConnectionError` with all of them.
   */
  start(): void {
    this.#connection?.leave(LEAVING);
    this.#options.schedule.start();
    const errors: unknown[] = [];
    if (this.#tryAll(Infinity, errors) !== undefined) return;
    this.#options.gaveUp(errors);
    this.#absence = errors.length === 1 ? errors[0] : new ConnectionError(
      `None of ${errors.length} attempts to connect succeeded. The last one: ${
        messageOf(errors.at(-1))
      }`,
      { cause: new AggregateError(errors) },
    );
    throw this.#absence;
  }

  /**
   * A connection, made again if need be.
   *
   * @throws {ConnectionError} if it is lost, and is not to be made again or
   * cannot be.
   */
  online(operation: string): Connection {
    const { connection } = this;
    connection.notice();
    if (connection.failure === undefined) return connection;
    const cause = this.#absence ?? connection.failure;
    const errors: unknown[] = [];
    const next = this.#options.reconnects ? this.#restart(errors) : undefined;
    if (next !== undefined) return next;
    connection.isFailureKnown = true;
    const what = `Cannot ${operation}: the connection is gone`;
    if (errors.length > 0) {
      this.#options.gaveUp(errors);
      throw new ConnectionError(
        `${what}, and it could not be made again. The last of ` +
          `${counted(errors.length, "attempt")}: ${messageOf(errors.at(-1))}`,
        { cause: new AggregateError([cause, ...errors]) },
      );
    }
    throw new ConnectionError(
      this.#absence === undefined
        ? `${what}. ${messageOf(cause)}`
        : `${what}, and reconnect() has made no other one. ${messageOf(cause)}`,
      { cause },
    );
  }

  /** Makes a lost connection again, or says why that cannot be. */
  #restart(errors: unknown[]): Connection | undefined {
    const { reconnectTimeout, schedule } = this.#options;
    const now = performance.now();
    schedule.restart(now - this.#connectedAt >= STABLE);
    return this.#tryAll(now + reconnectTimeout, errors);
  }

  /**
   * Tries brokers until one is connected; the errors of all if none is. One that
   * refuses us is asked again as soon as any other, for it may still know us by
   * the connection that was lost: the growing pauses spare it.
   */
  #tryAll(deadline: number, errors: unknown[]): Connection | undefined {
    const { schedule, dial, connected } = this.#options;
    const now = () => performance.now();
    for (let attempt; (attempt = schedule.next(now())) !== undefined;) {
      const isInTime = now() + attempt.delay < deadline;
      if (isInTime) pause(attempt.delay);
      else if (errors.length > 0) return undefined;
      let connection: Connection | undefined;
      try {
        connection = dial(attempt.target, deadline);
        connected(connection, this.#connection, deadline);
        this.#connection = connection;
        this.#connectedAt = now();
        this.#absence = undefined;
        return connection;
      } catch (error) {
        connection?.fail(error);
        if (error instanceof UsageError || !(error instanceof StompError)) {
          throw error;
        }
        errors.push(error);
      }
    }
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
