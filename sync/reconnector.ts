import { ConnectionError, StompError, UsageError } from "../errors.ts";
import type { Schedule } from "../session/failover.ts";
import type { Target } from "../session/target.ts";
import { counted } from "../session/wording.ts";
import { CallTime, finish, type Resumable } from "./call_time.ts";
import type { Connection } from "./connection.ts";
import { pause } from "./pause.ts";

/** What a reconnector is made with. */
export interface ReconnectorOptions {
  readonly schedule: Schedule;
  /** Whether a call that finds the connection lost makes it again. */
  readonly reconnects: boolean;
  /** For how long it tries, in ms. */
  readonly reconnectTimeout: number;
  /** Makes a connection until a deadline in the time of the calls, or throws. */
  dial(
    target: Target,
    deadline: number,
    time: CallTime,
  ): Resumable<Connection>;
  /**
   * A connection stands; what belongs on it goes out before anything else, until
   * the same deadline. What it throws, the attempt has failed of.
   */
  connected(
    connection: Connection,
    previous: Connection | undefined,
    deadline: number,
    time: CallTime,
  ): Resumable<void>;
  /** There is none for the time being: this is what the attempts have failed of. */
  gaveUp(errors: readonly unknown[]): void;
}

/** A connection that has stood for so long, in ms, was no accident. */
const STABLE = 10_000;

/** How long what was written before may take to leave, in ms. */
const LEAVING = 1000;

/** How a lost connection is being made again. */
interface Restart {
  readonly time: CallTime;
  readonly errors: unknown[];
  readonly work: Resumable<Connection | undefined>;
}

/** Sees to it that there is a connection, one after the other. */
export class Reconnector {
  readonly #options: ReconnectorOptions;
  #restart: Restart | undefined;
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
    this.stop();
    this.#connection?.leave(LEAVING);
    this.#options.schedule.start();
    const errors: unknown[] = [];
    const work = this.#tryAll(Infinity, errors, new CallTime());
    if (finish(work) !== undefined) return;
    this.#options.gaveUp(errors);
    this.#absence = errors.length === 1 ? errors[0] : new ConnectionError(
      `None of ${errors.length} attempts to connect succeeded. The last one: ${
        messageOf(errors.at(-1))
      }`,
      { cause: new AggregateError(errors) },
    );
    throw this.#absence;
  }

  /** Gives up what is being made. */
  stop(): void {
    this.#restart?.work.return(undefined);
    this.#restart = undefined;
  }

  /**
   * A connection, made again if need be; `undefined` if that takes longer than
   * until then, a `performance.now()`: the next call goes on with it.
   *
   * @throws {ConnectionError} if it is lost, and is not to be made again or
   * cannot be.
   */
  online(operation: string, until = Infinity): Connection | undefined {
    const { connection } = this;
    connection.notice();
    if (connection.failure === undefined) return connection;
    const cause = this.#absence ?? connection.failure;
    const errors: unknown[] = [];
    if (this.#options.reconnects) {
      const result = this.#goOn(until, errors);
      if (!result.done) return undefined;
      if (result.value !== undefined) return result.value;
    }
    connection.end.tell();
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

  /** Makes a lost connection again, or says in the end why that cannot be. */
  #goOn(
    until: number,
    errors: unknown[],
  ): IteratorResult<void, Connection | undefined> {
    const restart = this.#restart ??= this.#begin();
    restart.time.enter(until);
    let isUnderWay = false;
    try {
      const result = restart.work.next();
      isUnderWay = !result.done;
      return result;
    } finally {
      restart.time.leave();
      if (!isUnderWay) {
        errors.push(...restart.errors);
        this.#restart = undefined;
      }
    }
  }

  #begin(): Restart {
    const { reconnectTimeout, schedule } = this.#options;
    const time = new CallTime();
    const now = time.now();
    schedule.restart(now - this.#connectedAt >= STABLE);
    const errors: unknown[] = [];
    const work = this.#tryAll(now + reconnectTimeout, errors, time);
    return { time, errors, work };
  }

  /**
   * Tries brokers until one is connected; the errors of all if none is. One that
   * refuses us is asked again as soon as any other, for it may still know us by
   * the connection that was lost: the growing pauses spare it.
   */
  *#tryAll(
    deadline: number,
    errors: unknown[],
    time: CallTime,
  ): Resumable<Connection | undefined> {
    const { schedule, dial, connected } = this.#options;
    for (
      let attempt;
      (attempt = schedule.next(performance.now())) !== undefined;
    ) {
      const at = time.now() + attempt.delay;
      if (at < deadline) yield* pauseUntil(at, time);
      else if (errors.length > 0) return undefined;
      let connection: Connection | undefined;
      let isOver = false;
      try {
        connection = yield* dial(attempt.target, deadline, time);
        yield* connected(connection, this.#connection, deadline, time);
        this.#connection = connection;
        this.#connectedAt = performance.now();
        this.#absence = undefined;
        isOver = true;
        return connection;
      } catch (error) {
        isOver = true;
        connection?.fail(error);
        if (error instanceof UsageError || !(error instanceof StompError)) {
          throw error;
        }
        errors.push(error);
      } finally {
        if (!isOver) connection?.fail(new ConnectionError("It was given up."));
      }
    }
    return undefined;
  }
}

/** Blocks the thread. */
function* pauseUntil(at: number, time: CallTime): Resumable<void> {
  while (time.now() < at) {
    pause(time.waitsUntil(at) - performance.now());
    if (!time.isOver(at)) yield;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
