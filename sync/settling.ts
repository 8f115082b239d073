import type { Frame } from "../codec/mod.ts";
import {
  BrokerError,
  ConnectionError,
  quoted,
  StompError,
  UsageError,
} from "../errors.ts";
import type { ClientSession } from "../session/client_session.ts";
import { requireReceipts } from "../session/dialects.ts";
import { checkOptions } from "../session/option_checks.ts";
import type { Connection } from "./connection.ts";
import type { Arrival } from "./inbox.ts";
import {
  type Delivery,
  type Settlement,
  Unsettled,
  type Verb,
} from "./unsettled.ts";
import type { ClientCore } from "./client_core.ts";
import { ACK_CHECKS, NACK_CHECKS, type SyncNackOptions } from "./options.ts";

/** A transaction that is under way. */
interface Transaction {
  readonly connection: Connection;
  /** What was settled in it. */
  readonly settled: Settlement[];
}

/** Acknowledges and refuses messages, in transactions perhaps. */
export class Settling {
  readonly #core: ClientCore;
  readonly #unsettled = new Unsettled();
  readonly #transactions = new Map<string, Transaction>();
  /** Those that were lost with their connection, until somebody is told. */
  readonly #lost = new Map<string, ConnectionError>();
  #lastTransaction = 0;

  /** Settles what comes through this core. */
  constructor(core: ClientCore) {
    this.#core = core;
  }

  /** A message goes to the program, which can settle it from now on. */
  handOut(arrival: Arrival, connection: Connection): Frame {
    return this.#unsettled.add(arrival, connection);
  }

  /** What `ack()` and `nack()` do. */
  settle(verb: Verb, frame: Frame, options: SyncNackOptions): boolean {
    checkOptions(
      `${verb}()`,
      options,
      verb === "ack" ? ACK_CHECKS : NACK_CHECKS,
    );
    const { receipt, timeout, transaction, requeue } = options;
    this.#sortOutLost();
    const delivery = this.#unsettled.of(frame, verb);
    if (delivery.settled !== undefined) return true;
    const check = () => this.checkTransaction(transaction, receipt);
    check();
    if (this.#isStale(delivery)) return false;
    let settlement: Settlement | undefined;
    try {
      this.#core.perform({
        verb,
        name: `the ${verb.toUpperCase()} of a message`,
        receipt,
        timeout,
        check,
        frames: (session, receipt) => [
          onlyOn(delivery.connection, session)[verb](frame, {
            receipt,
            transaction,
            requeue,
          }),
        ],
        written: () => settlement = this.#unsettled.settle(delivery, verb),
      });
    } catch (error) {
      if (settlement === undefined && this.#isStale(delivery)) return false;
      // Refused: it can be tried again. After any other error who knows.
      if (error instanceof BrokerError) settlement?.undo();
      else this.#settled(settlement, transaction);
      throw error;
    }
    this.#settled(settlement, transaction);
    return true;
  }

  /** What `begin()` does. */
  begin(): string {
    // Unique for the client, so that no later connection has the same one.
    const id = `transaction-${++this.#lastTransaction}`;
    this.#sortOutLost();
    this.#core.perform({
      verb: "begin",
      name: "the BEGIN",
      receipt: false,
      timeout: undefined,
      frames: (session) => [session.begin({ transaction: id })],
      written: (connection) => {
        this.#transactions.set(id, { connection, settled: [] });
      },
    });
    return id;
  }

  /** What `commit()` does. */
  commit(id: string): void {
    const settled = this.#transactions.get(id)?.settled ?? [];
    try {
      this.#end("commit", id);
    } catch (error) {
      // Refused: nothing in it has happened. After any other error who knows.
      if (error instanceof BrokerError) {
        undo(settled);
      }
      throw error;
    }
    for (const settlement of settled) settlement.keep();
  }

  /** What `abort()` does. */
  abort(id: string): void {
    this.#sortOutLost();
    if (this.#lost.delete(id)) return;
    const settled = this.#transactions.get(id)?.settled ?? [];
    try {
      this.#end("abort", id);
    } finally {
      undo(settled);
    }
  }

  /** What `transaction()` does. */
  transaction<T>(work: (id: string) => T): T {
    const id = this.begin();
    let result: T;
    try {
      result = work(id);
      if (isThenable(result)) {
        throw new UsageError(
          "The work of a blocking transaction cannot be asynchronous: it would " +
            "be committed before it is done.",
        );
      }
    } catch (error) {
      this.#giveUp(id);
      throw error;
    }
    this.commit(id);
    return result;
  }

  /**
   * Makes sure that a transaction is under way.
   *
   * @throws {ConnectionError} if it was lost with its connection, {UsageError}
   * if it has ended, or a receipt is asked for in it.
   */
  checkTransaction(id: string | undefined, receipt?: boolean): void {
    if (id === undefined) return;
    this.#sortOutLost();
    const { connection } = this.#core;
    const cause = this.#lost.get(id);
    if (cause !== undefined) {
      if (connection.failure === cause) connection.end.tell();
      throw new ConnectionError(
        `The transaction ${id} was lost with its connection: nothing of it has ` +
          "happened. Begin another one.",
        { cause },
      );
    }
    if (!this.#transactions.has(id)) {
      throw new UsageError(
        `There is no transaction ${quoted(id)}: it was ended before.`,
      );
    }
    if (receipt) requireReceipts(connection.session.dialect);
  }

  /** A delivery is settled for good, or with its transaction. */
  #settled(
    settlement: Settlement | undefined,
    transaction: string | undefined,
  ): void {
    if (transaction === undefined) settlement?.keep();
    else if (settlement !== undefined) {
      this.#transactions.get(transaction)?.settled.push(settlement);
    }
  }

  /** What is gone with its connection has not happened. */
  #sortOutLost(): void {
    for (const [id, { connection, settled }] of this.#transactions) {
      connection.notice();
      if (connection.failure === undefined) continue;
      this.#transactions.delete(id);
      this.#lost.set(id, connection.failure);
      undo(settled);
    }
  }

  #end(verb: "commit" | "abort", id: string): void {
    try {
      this.#core.perform({
        verb,
        name: `the ${verb.toUpperCase()} of ${id}`,
        receipt: true,
        timeout: undefined,
        check: () => this.checkTransaction(id),
        frames: (session, receipt) => {
          this.#transactions.delete(id);
          return [session[verb](id, { receipt })];
        },
      });
    } finally {
      this.#lost.delete(id);
    }
  }

  /** Aborts after a failure, where there is anything to abort. */
  #giveUp(id: string): void {
    try {
      this.abort(id);
    } catch (error) {
      // What was never committed has not happened, and the failure of the work
      // says more than that the broker did not confirm it.
      if (!(error instanceof StompError)) throw error;
    }
  }

  #isStale({ connection, subscription }: Delivery): boolean {
    connection.notice();
    return subscription !== undefined &&
      connection.session.subscription(subscription.id) !== subscription;
  }
}

/** A message can be settled on the connection that it came through alone. */
function onlyOn(connection: Connection, session: ClientSession): ClientSession {
  if (session === connection.session) return session;
  throw connection.failure;
}

/** Takes back what was settled, the latest first. */
function undo(settled: readonly Settlement[]): void {
  for (const settlement of settled.toReversed()) settlement.undo();
}

function isThenable(value: unknown): boolean {
  return typeof (value as PromiseLike<unknown> | null)?.then === "function";
}
