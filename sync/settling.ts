import type { Frame } from "../codec/mod.ts";
import { BrokerError, quoted, StompError, UsageError } from "../errors.ts";
import type { ClientSession } from "../session/client_session.ts";
import { requireReceipts } from "../session/dialects.ts";
import { checkOptions } from "../session/options.ts";
import type { Arrival, Connection } from "./connection.ts";
import {
  Deliveries,
  type Delivery,
  type Settlement,
  type Verb,
} from "./deliveries.ts";
import type { Exchange } from "./exchange.ts";
import { ACK_CHECKS, NACK_CHECKS, type SyncNackOptions } from "./options.ts";

/** A transaction that is under way. */
interface Transaction {
  readonly connection: Connection;
  /** What was settled in it. */
  readonly settled: Settlement[];
}

/** Acknowledges and refuses messages, in transactions perhaps. */
export class Settling {
  readonly #exchange: Exchange;
  readonly #deliveries = new Deliveries();
  readonly #transactions = new Map<string, Transaction>();
  #lastTransaction = 0;

  /** Settles what comes through this exchange. */
  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** A message goes to the program, which can settle it from now on. */
  handOut(arrival: Arrival, connection: Connection): Frame {
    return this.#deliveries.add(arrival, connection);
  }

  /** What `ack()` and `nack()` do. */
  settle(verb: Verb, frame: Frame, options: SyncNackOptions): boolean {
    checkOptions(
      `${verb}()`,
      options,
      verb === "ack" ? ACK_CHECKS : NACK_CHECKS,
    );
    const { receipt, timeout, transaction, requeue } = options;
    const delivery = this.#deliveries.of(frame, verb);
    if (this.#deliveries.isSettled(delivery)) return true;
    if (this.#isStale(delivery)) return false;
    this.checkTransaction(transaction, receipt);
    let isWritten = false;
    try {
      this.#exchange.perform({
        verb,
        name: `the ${verb.toUpperCase()} of a message`,
        receipt,
        timeout,
        frames: (session, receipt) => [
          onlyOn(delivery.connection, session)[verb](frame, {
            receipt,
            transaction,
            requeue,
          }),
        ],
        written: () => {
          isWritten = true;
          const settlement = this.#deliveries.settle(delivery, verb);
          const within = this.#transactions.get(transaction ?? "");
          if (within === undefined) settlement.keep();
          else within.settled.push(settlement);
        },
      });
      return true;
    } catch (error) {
      if (!isWritten && this.#isStale(delivery)) return false;
      throw error;
    }
  }

  /** What `begin()` does. */
  begin(): string {
    // Unique for the client, so that no later connection has the same one.
    const id = `transaction-${++this.#lastTransaction}`;
    for (const id of this.#transactions.keys()) {
      if (!this.#isOpen(id)) this.#forget(id);
    }
    this.#exchange.perform({
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
      // Refused, or gone before: nothing in it has happened. After any other
      // error who knows.
      const isVoid = error instanceof BrokerError ||
        error instanceof UsageError;
      if (isVoid) { for (const settlement of settled) settlement.undo(); }
      throw error;
    }
    for (const settlement of settled) settlement.keep();
  }

  /** What `abort()` does. */
  abort(id: string): void {
    const settled = this.#transactions.get(id)?.settled ?? [];
    try {
      this.#end("abort", id);
    } finally {
      for (const settlement of settled) settlement.undo();
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
   * Makes sure that a transaction is under way on the present connection.
   *
   * @throws {UsageError} if it is not, or a receipt is asked for in it.
   */
  checkTransaction(id: string | undefined, receipt?: boolean): void {
    if (id === undefined) return;
    this.#exchange.connection.notice();
    if (!this.#isOpen(id)) {
      throw new UsageError(
        `There is no transaction ${quoted(id)}: it was ended before, or ` +
          "belonged to an earlier connection.",
      );
    }
    if (receipt) requireReceipts(this.#exchange.connection.session.dialect);
  }

  #isOpen(id: string): boolean {
    return this.#transactions.get(id)?.connection.failure === undefined &&
      this.#transactions.has(id);
  }

  /** A transaction is gone with its connection: nothing of it has happened. */
  #forget(id: string): void {
    const settled = this.#transactions.get(id)?.settled ?? [];
    this.#transactions.delete(id);
    for (const settlement of settled) settlement.undo();
  }

  #end(verb: "commit" | "abort", id: string): void {
    this.#exchange.connection.notice();
    if (!this.#isOpen(id)) this.#forget(id);
    this.checkTransaction(id);
    this.#transactions.delete(id);
    this.#exchange.perform({
      verb,
      name: `the ${verb.toUpperCase()} of ${id}`,
      receipt: true,
      timeout: undefined,
      frames: (session, receipt) => [session[verb](id, { receipt })],
    });
  }

  /** Aborts after a failure, where there is anything to abort. */
  #giveUp(id: string): void {
    if (!this.#isOpen(id)) return;
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

function isThenable(value: unknown): boolean {
  return typeof (value as PromiseLike<unknown> | null)?.then === "function";
}
