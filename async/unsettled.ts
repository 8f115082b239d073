import type { Frame } from "../codec/mod.ts";
import { UsageError } from "../errors.ts";
import type { AckMode } from "../session/events.ts";
import { requireReceipts } from "../session/dialects.ts";
import { checkOptions } from "../session/option_checks.ts";
import type { Connection } from "./connection.ts";
import { Delivery, type DeliveryOwner } from "./delivery.ts";
import {
  type Message,
  type NackOptions,
  settledByBroker,
  type Verb,
} from "./message.ts";
import { ACK_CHECKS, NACK_CHECKS } from "./options.ts";
import { enlist, Transaction } from "./transaction.ts";

/**
 * Who settles a message: a loop by going on, the program, or a consumer, with
 * one handler or several at a time.
 */
export type SettledBy = "loop" | "program" | "handler" | "handlers";

/** What an ACK or a NACK says beside the message. */
interface Settling {
  readonly receipt?: string | undefined;
  readonly transaction?: Transaction | undefined;
  readonly requeue?: boolean | undefined;
}

/** What a hand has to know of its subscription. */
export interface HandHost {
  /** The present ack mode. */
  readonly ack: AckMode;
  /** Where messages can be settled now; `undefined`: nowhere. */
  readonly connection: Connection | undefined;
  /** The time by the client's clock. */
  now(): number;
  /** The program has been done with something. */
  released(): void;
}

/**
 * The messages of a subscription that are in the program's hands: handed out,
 * and neither done with nor given up. It knows who may settle them, and writes
 * the ACK and NACK frames.
 */
export class Hand implements DeliveryOwner {
  readonly #host: HandHost;
  readonly #settledBy: SettledBy;
  readonly #deliveries = new Set<Delivery>();
  /** In `client` mode: what an ACK of a later message covers. */
  readonly #coverable = new Set<Delivery>();
  /** Undoes what was settled in transactions that have not ended. */
  readonly #pending = new Set<() => void>();
  #turns = 0;
  #handedOut = 0;
  #handled = 0;

  /** Begins empty. */
  constructor(host: HandHost, settledBy: SettledBy) {
    this.#host = host;
    this.#settledBy = settledBy;
  }

  /** How many messages the program has not done with. */
  get size(): number {
    return this.#deliveries.size;
  }

  /** When it got the oldest of them. */
  get oldestSince(): number | undefined {
    const [oldest] = this.#deliveries;
    return oldest?.since;
  }

  /** Messages that were settled, or in `auto` mode gone on from. */
  get handled(): number {
    return this.#handled;
  }

  /** Messages that were handed out and are not settled. */
  get unfinished(): number {
    return this.#handedOut - this.#handled;
  }

  /** A message came over the present connection. */
  receive(frame: Frame): Delivery {
    return new Delivery(frame, this.#host.connection!, this);
  }

  /** The program gets it. */
  take(delivery: Delivery): void {
    this.#deliveries.add(delivery);
    if (this.#host.ack === "client") this.#coverable.add(delivery);
    delivery.turn = this.#turns++;
    this.#handedOut++;
    delivery.since = this.#host.now();
  }

  /** The loop asks for the next message: it is done with this one. */
  goOn(delivery: Delivery): void {
    try {
      if (this.#host.ack === "auto") this.#handled++;
      else if (
        this.#settledBy === "loop" && delivery.settled === undefined &&
        !delivery.isStale
      ) this.#write(delivery, "ack");
    } finally {
      this.leave(delivery);
    }
  }

  /** Its handler has succeeded, or a copy was sent. */
  finished(message: Message): void {
    for (const delivery of this.#deliveries) {
      if (delivery.message === message) delivery.isFinished = true;
    }
  }

  /** In `client` mode: the last message that everything up to has been finished. */
  get lastFinished(): Message | undefined {
    let last: Message | undefined;
    for (const { isFinished, message } of this.#coverable) {
      if (!isFinished) break;
      last = message;
    }
    return last;
  }

  /** The loop was left, or has gone on. */
  leave(delivery: Delivery): void {
    delivery.left = true;
    this.#release(delivery);
  }

  /**
   * Messages have become stale: nobody need be waited for to settle them, and
   * what was settled in a transaction is not.
   */
  releaseStale(): void {
    for (const undo of [...this.#pending]) undo();
    this.#coverable.clear();
    for (const delivery of this.#deliveries) this.#release(delivery);
  }

  /** What is unfinished comes again: it is not to be counted twice. */
  forgetUnfinished(): void {
    // In auto mode it does not.
    if (this.#host.ack === "auto") return;
    this.#handedOut = this.#handled;
  }

  /** Whether it is too late to settle a delivery. */
  isStale(delivery: Delivery): boolean {
    return delivery.connection !== this.#host.connection;
  }

  /** Acknowledges or refuses; `false`: the delivery is stale. */
  async settle(
    delivery: Delivery,
    verb: Verb,
    options: NackOptions | undefined,
  ): Promise<boolean> {
    checkOptions(
      `${verb}()`,
      options,
      verb === "ack" ? ACK_CHECKS : NACK_CHECKS,
    );
    if (this.#host.ack === "auto") throw settledByBroker(verb);
    options?.signal?.throwIfAborted();
    if (!this.#isInTurn(delivery)) {
      throw new UsageError(
        `In ack mode "client" ${verb}() would cover messages that other handlers ` +
          'have not finished: leave it to the consumer, use "client-individual", ' +
          "or a concurrency of 1.",
      );
    }
    const { settled } = delivery;
    if (settled !== undefined && settled !== verb) {
      throw new UsageError(
        `This message was settled with ${settled}() before: ${verb}() comes ` +
          "too late.",
      );
    }
    if (settled !== undefined) {
      await delivery.confirmation;
      return true;
    }
    if (options?.transaction !== undefined) {
      this.#requireFit(delivery, options.transaction, options.receipt);
    }
    if (delivery.isStale) return false;
    delivery.confirmation = this.#confirm(delivery, verb, options);
    await delivery.confirmation;
    return true;
  }

  /** Whether nothing is covered that a handler is busy with. */
  #isInTurn(delivery: Delivery): boolean {
    if (this.#settledBy !== "handlers" || this.#host.ack !== "client") {
      return true;
    }
    return delivery.isFinished &&
      this.#covered(delivery).every(({ isFinished }) => isFinished);
  }

  #requireFit(
    delivery: Delivery,
    transaction: Transaction,
    receipt: boolean | undefined,
  ): void {
    if (!(transaction instanceof Transaction)) {
      throw new UsageError(
        'The option "transaction" must be what client.begin() has returned.',
      );
    }
    const connection = enlist(transaction);
    if (receipt) requireReceipts(connection.session.dialect);
    if (!delivery.isStale && connection !== delivery.connection) {
      throw new UsageError(
        `The transaction ${transaction.id} belongs to another connection than ` +
          "the message: settle it in one of its own client's.",
      );
    }
  }

  async #confirm(
    delivery: Delivery,
    verb: Verb,
    options: NackOptions = {},
  ): Promise<void> {
    const { connection, message } = delivery;
    const { transaction, requeue } = options;
    const receipt = options.receipt
      ? connection.session.newReceipt()
      : undefined;
    this.#write(delivery, verb, { receipt, transaction, requeue });
    if (receipt === undefined) await connection.room(options.signal);
    else {
      await connection.confirmed(
        receipt,
        `the ${verb.toUpperCase()} of message ${message.id}`,
        options,
      );
    }
  }

  #write(
    delivery: Delivery,
    verb: Verb,
    { receipt, transaction, requeue }: Settling = {},
  ): void {
    const { connection, message } = delivery;
    connection.append(
      connection.session[verb](message, {
        receipt,
        transaction: transaction?.id,
        requeue,
      }),
      { receipt },
    );
    const covered = this.#covered(delivery);
    for (const settled of covered) {
      settled.settled = verb;
      settled.isUndecided = transaction !== undefined;
      this.#coverable.delete(settled);
      this.#release(settled);
    }
    if (transaction === undefined) this.#handled += covered.length;
    else this.#awaitEnd(transaction, covered);
  }

  /** What is settled in a transaction counts when that is committed. */
  #awaitEnd(transaction: Transaction, covered: readonly Delivery[]): void {
    const undo = () => {
      if (!this.#pending.delete(undo)) return;
      for (const undone of covered) {
        undone.settled = undefined;
        const isCoverable = this.#host.ack === "client" && !undone.isStale;
        if (isCoverable) this.#coverable.add(undone);
      }
    };
    this.#pending.add(undo);
    enlist(transaction, (isCommitted) => {
      if (!isCommitted) undo();
      else if (this.#pending.delete(undo)) this.#handled += covered.length;
      for (const decided of covered) {
        decided.isUndecided = false;
        this.#release(decided);
      }
    });
  }

  /** In `client` mode an ACK covers what was handed out before, too. */
  #covered(delivery: Delivery): Delivery[] {
    if (this.#host.ack !== "client") return [delivery];
    return [...this.#coverable].filter(({ turn }) => turn <= delivery.turn);
  }

  /** Whether the program is done with a delivery is looked at again. */
  #release(delivery: Delivery): void {
    const isPromised = this.#settledBy === "program" &&
      this.#host.ack !== "auto" && delivery.settled === undefined;
    const isAwaited = isPromised || delivery.isUndecided;
    if (!delivery.left || isAwaited && !delivery.isStale) return;
    if (this.#deliveries.delete(delivery)) this.#host.released();
  }
}
