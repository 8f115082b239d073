import { BrokerError, ConnectionError, UsageError } from "../errors.ts";
import { requireReceipts } from "../session/dialects.ts";
import { checkOptions } from "../session/option_checks.ts";
import type { Connection } from "./connection.ts";
import {
  COMMIT_CHECKS,
  type ReceiptOptions,
  SEND_CHECKS,
  type SendOptions,
} from "./options.ts";
import { putSend } from "./sending.ts";
import { fromCall } from "./stack_trace.ts";

/** Options of {@linkcode Transaction.commit}. */
export type CommitOptions = Pick<ReceiptOptions, "timeout" | "signal">;

/**
 * Something is to be done in a transaction; `onEnd` is told whether that was
 * committed. Returns the connection that it belongs to.
 *
 * @throws {UsageError} if it was committed or aborted, {ConnectionError} if it
 * was lost with its connection.
 */
export let enlist: (
  transaction: Transaction,
  onEnd?: (isCommitted: boolean) => void,
) => Connection;

/**
 * Several sends and acknowledgements that the broker carries out together or
 * not at all (STOMP 1.2, "BEGIN"). It belongs to one connection and is void
 * when that is lost. Dispose of it, and it is aborted unless it was committed.
 *
 * How much of that is true is up to the broker: RabbitMQ replays what it has
 * kept one by one, and Artemis acknowledges at once.
 */
export class Transaction implements AsyncDisposable {
  static {
    enlist = (transaction, onEnd) => {
      transaction.#requireOpen();
      if (onEnd !== undefined) transaction.#onEnd.push(onEnd);
      return transaction.#connection;
    };
  }

  /** Its id, unique within the connection. */
  readonly id: string;
  readonly #connection: Connection;
  /** Refuses what comes too late for the client. */
  readonly #requireClient: () => void;
  #state: "open" | "committed" | "aborted" = "open";
  readonly #onEnd: ((isCommitted: boolean) => void)[] = [];

  /** Made by `client.begin()`. */
  constructor(connection: Connection, requireClient: () => void) {
    this.#connection = connection;
    this.#requireClient = requireClient;
    const frame = connection.session.begin();
    connection.write(frame);
    this.id = frame.headers.get("transaction")!;
  }

  /**
   * Sends a message when the transaction is committed. The receipt of COMMIT
   * covers it; RabbitMQ gives none of its own before that, and to ask for one
   * there is refused.
   *
   * @throws {UsageError} if it cannot be sent, or the transaction has ended.
   * {ConnectionError} if it was lost with its connection.
   */
  async send(
    destination: string,
    body: string | Uint8Array = "",
    options: SendOptions = {},
  ): Promise<void> {
    checkOptions("send()", options, SEND_CHECKS);
    options.signal?.throwIfAborted();
    this.#requireOpen();
    this.#requireClient();
    const connection = this.#connection;
    if (options.receipt) requireReceipts(connection.session.dialect);
    try {
      const transaction = this.id;
      await putSend(connection, destination, body, { ...options, transaction });
    } catch (error) {
      throw fromCall(error);
    }
  }

  /**
   * Has the broker carry it all out, and resolves when it has confirmed that
   * (STOMP 1.2, "COMMIT").
   *
   * @throws {ConnectionError} if the connection is lost; `unknown` tells
   * whether the COMMIT was under way. {UsageError} if it has ended before.
   */
  async commit(options: CommitOptions = {}): Promise<void> {
    checkOptions("commit()", options, COMMIT_CHECKS);
    options.signal?.throwIfAborted();
    this.#requireOpen();
    const { session } = this.#connection;
    const receipt = session.newReceipt();
    const frame = session.commit(this.id, { receipt });
    const operation = `the COMMIT of ${this.id}`;
    const how = { ...options, receipt };
    const come = this.#connection.request(frame, operation, how);
    this.#state = "committed";
    try {
      await come;
    } catch (error) {
      // Of any failure but a refusal nobody knows the end.
      this.#end(!(error instanceof BrokerError));
      throw fromCall(error);
    }
    this.#end(true);
  }

  #end(isCommitted: boolean): void {
    for (const onEnd of this.#onEnd.splice(0)) onEnd(isCommitted);
  }

  /**
   * Has the broker forget it all (STOMP 1.2, "ABORT"). What was acknowledged in
   * it is not, and can be again. Idempotent; after a commit it does nothing.
   */
  async abort(): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "aborted";
    this.#end(false);
    const connection = this.#connection;
    // Behind a DISCONNECT it ends with the session.
    if (connection.session.state !== "connected") return;
    connection.write(connection.session.abort(this.id));
    await connection.room();
  }

  /** The same as {@linkcode abort}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  #requireOpen(): void {
    if (this.#state !== "open") {
      throw new UsageError(
        `The transaction ${this.id} was ${this.#state} before: begin another one.`,
      );
    }
    const { failure } = this.#connection;
    if (failure === undefined) return;
    throw new ConnectionError(
      `The transaction ${this.id} was lost with its connection: nothing of it ` +
        "has happened. Begin another one.",
      { cause: failure },
    );
  }
}

/**
 * Refuses to settle a message that came over this connection in a transaction of
 * another one, or with a receipt that comes too late; `undefined`: the connection
 * is gone.
 *
 * @throws {UsageError} that says so, and what {@linkcode enlist} does.
 */
export function requireFit(
  transaction: unknown,
  connection: Connection | undefined,
  { receipt }: ReceiptOptions,
): void {
  if (!(transaction instanceof Transaction)) {
    throw new UsageError(
      'The option "transaction" must be what client.begin() has returned.',
    );
  }
  const own = enlist(transaction);
  if (receipt) requireReceipts(own.session.dialect);
  if (connection === undefined || own === connection) return;
  throw new UsageError(
    `The transaction ${transaction.id} belongs to another connection than ` +
      "the message: settle it in one of its own client's.",
  );
}
