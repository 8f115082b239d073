import {
  BrokerError,
  ConnectionError,
  StompError,
  UsageError,
} from "../errors.ts";
import type { Schedule } from "../session/failover.ts";
import type { Target } from "../session/target.ts";
import type { Connection } from "./connection.ts";

/** What an upkeep is made with. */
export interface UpkeepOptions {
  readonly schedule: Schedule;
  /** Whether a call that finds the connection lost makes it again. */
  readonly reconnects: boolean;
  /** For how long it tries, in ms. */
  readonly reconnectTimeout: number;
  /** Makes a connection until a deadline, or throws. */
  dial(target: Target, deadline: number): Connection;
  /** A connection stands; what belongs on it goes out before anything else. */
  connected(connection: Connection, previous: Connection | undefined): void;
}

/** A connection that has stood for so long, in ms, was no accident. */
const STABLE = 10_000;

/** How long what was written before may take to leave, in ms. */
const LEAVING = 1000;

/** Sees to it that there is a connection, one after the other. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  #connection: Connection | undefined;
  #connectedAt = 0;

  /** It begins with {@linkcode start}. */
  constructor(options: UpkeepOptions) {
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
    const errors = this.#tryAll(Infinity);
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
   * A connection, made again if need be.
   *
   * @throws {ConnectionError} if it is lost, and is not to be made again or
   * cannot be.
   */
  online(operation: string): Connection {
    const connection = this.connection;
    connection.notice();
    const cause = connection.failure;
    if (cause === undefined) return connection;
    const { reconnects, reconnectTimeout, schedule } = this.#options;
    if (!reconnects) {
      connection.isFailureKnown = true;
      throw new ConnectionError(
        `Cannot ${operation}: the connection is gone. ${cause.message}`,
        { cause },
      );
    }
    const now = performance.now();
    schedule.restart(now - this.#connectedAt >= STABLE);
    const errors = this.#tryAll(now + reconnectTimeout);
    if (errors.length === 0) return this.connection;
    connection.isFailureKnown = true;
    throw new ConnectionError(
      `Cannot ${operation}: the connection is gone, and it could not be made ` +
        `again. The last of ${errors.length} attempts: ${
          messageOf(errors.at(-1))
        }`,
      { cause: new AggregateError([cause, ...errors]) },
    );
  }

  /** Tries brokers until one is connected; the errors of all if none is. */
  #tryAll(deadline: number): unknown[] {
    const { schedule, dial, connected } = this.#options;
    const errors: unknown[] = [];
    const now = () => performance.now();
    for (let attempt; (attempt = schedule.next(now())) !== undefined;) {
      const isInTime = now() + attempt.delay < deadline;
      if (isInTime) pause(attempt.delay);
      else if (errors.length > 0) return errors;
      let connection: Connection | undefined;
      try {
        connection = dial(attempt.target, deadline);
        connected(connection, this.#connection);
        this.#connection = connection;
        this.#connectedAt = now();
        return [];
      } catch (error) {
        connection?.fail(error);
        if (error instanceof UsageError || !(error instanceof StompError)) {
          throw error;
        }
        if (error instanceof BrokerError) {
          schedule.refused(attempt.target, now());
        }
        errors.push(error);
      }
    }
    return errors;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Blocks the thread. */
function pause(milliseconds: number): void {
  if (milliseconds <= 0) return;
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(nobody, 0, 0, milliseconds);
}
