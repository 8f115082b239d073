import type { Frame } from "../codec/mod.ts";
import { UsageError } from "../errors.ts";
import type { AckMode } from "../session/events.ts";
import { checkOptions } from "../session/option_checks.ts";
import { AckOrder } from "./ack_order.ts";
import type { ClientContext } from "./client_context.ts";
import type { Connection } from "./connection.ts";
import {
  Delivery,
  type NackOptions,
  settledByBroker,
  type Settler,
  type Verb,
} from "./message.ts";
import { ACK_CHECKS, NACK_CHECKS } from "./options.ts";
import { fromCall } from "./stack_trace.ts";
import { enlist, requireFit, type Transaction } from "./transaction.ts";

/**
 * Who settles a message: a loop by going on, the program, or a consumer, with
 * one handler or several at a time.
 */
export type SettledBy = "loop" | "program" | "handler" | "handlers";

/**
 * The messages of a subscription that were handed out and are not settled, in
 * the order of handing out. It knows who may settle them, and writes the ACK and
 * NACK frames.
 *
 * In `client` mode one frame covers all before it. So a frame that nobody has
 * asked for goes out for a prefix of them that is finished, and one that somebody
 * asks for only where it covers nothing that it must not.
 */
export class Unsettled implements Settler {
  /** The present ack mode. */
  ack: AckMode;
  /** Where messages can be settled now; `undefined`: nowhere. */
  connection: Connection | undefined;
  readonly #context: ClientContext;
  readonly #settledBy: SettledBy;
  readonly #onReleased: () => void;
  /** Those that the program is not done with. */
  readonly #inHand = new Set<Delivery>();
  readonly #order = new AckOrder();
  #positions = 0;
  #handedOut = 0;
  #handled = 0;
  /** How many the broker waits for, those included that were not handed out. */
  #owed = 0;
  #settlements = 0;

  /** Begins empty. `onReleased`: the program has been done with something. */
  constructor(
    context: ClientContext,
    ack: AckMode,
    settledBy: SettledBy,
    onReleased: () => void,
  ) {
    this.#context = context;
    this.ack = ack;
    this.#settledBy = settledBy;
    this.#onReleased = onReleased;
  }

  /** How many messages the program has not done with. */
  get inHand(): number {
    return this.#inHand.size;
  }

  /** When it got the oldest of them. */
  get oldestSince(): number | undefined {
    for (const { since } of this.#inHand) return since;
    return undefined;
  }

  /** Messages that were settled, or in `auto` mode gone on from. */
  get handled(): number {
    return this.#handled;
  }

  /** Messages that were handed out and are not settled. */
  get unfinished(): number {
    return this.#handedOut - this.#handled;
  }

  /** Messages that the broker has sent and that it counts as not settled. */
  get owed(): number {
    return this.#owed;
  }

  /** How often something was settled. */
  get settlements(): number {
    return this.#settlements;
  }

  /** A message came over the present connection. */
  receive(frame: Frame): Delivery {
    this.#owed++;
    return new Delivery(frame, this.connection, this);
  }

  /** The program gets it. */
  take(delivery: Delivery): void {
    delivery.position = ++this.#positions;
    delivery.since = this.#context.pace.now;
    delivery.isByHand = this.#settledBy === "program";
    this.#inHand.add(delivery);
    if (this.ack === "client") this.#order.add(delivery);
    this.#handedOut++;
  }

  /** The loop asks for the next message: it is done with this one. */
  goOn(delivery: Delivery): void {
    try {
      if (this.ack === "auto") this.#handled++;
      else if (this.#settledBy === "loop") this.finish(delivery);
    } finally {
      this.#leave(delivery);
    }
  }

  /** It was handled: it is acknowledged as soon as that covers no other. */
  finish(delivery: Delivery): void {
    if (this.ack === "auto" || delivery.isStale || delivery.isByHand) return;
    if (delivery.settled !== undefined || delivery.isAbandoned) return;
    delivery.isFinished = true;
    if (this.ack === "client") this.#ackFinished();
    else this.#write(delivery, "ack", {});
  }

  /** The loop was left without an end of its body. */
  abandon(delivery: Delivery): void {
    delivery.isAbandoned = true;
    this.#leave(delivery);
  }

  /** Who asked for the message is to settle it. */
  handOver(delivery: Delivery): void {
    delivery.isByHand = true;
    this.#leave(delivery);
  }

  /**
   * It is too late to settle what was handed out: nobody need be waited for, and
   * what was settled in a transaction is not.
   */
  end(): void {
    this.connection = undefined;
    this.#owed = 0;
    this.#order.clear();
    for (const transaction of this.#order.transactions) {
      this.#putBack(transaction);
    }
    for (const delivery of this.#inHand) this.#release(delivery);
  }

  /** What is unfinished comes again: it is not to be counted twice. */
  forgetUnfinished(): void {
    // In auto mode it does not.
    if (this.ack !== "auto") this.#handedOut = this.#handled;
  }

  /** Acknowledges or refuses; `false`: the delivery is stale. */
  async settle(
    delivery: Delivery,
    verb: Verb,
    options: NackOptions,
  ): Promise<boolean> {
    const checks = verb === "ack" ? ACK_CHECKS : NACK_CHECKS;
    checkOptions(`${verb}()`, options, checks);
    if (this.ack === "auto") throw settledByBroker(verb);
    const { transaction, signal } = options;
    signal?.throwIfAborted();
    const { settled } = delivery;
    if (settled === undefined) {
      if (this.ack === "client") {
        this.#order.requireNoOther(delivery, verb, transaction);
      }
      if (transaction !== undefined) {
        const { connection, isStale } = delivery;
        requireFit(transaction, isStale ? undefined : connection, options);
      }
      if (delivery.isStale) return false;
      const written = this.#write(delivery, verb, options);
      delivery.confirmation = written ?? delivery.connection!.room(signal);
    } else if (settled !== verb) {
      throw new UsageError(
        `This message was settled with ${settled}() before: ${verb}() comes ` +
          "too late.",
      );
    }
    try {
      await delivery.confirmation;
    } catch (error) {
      throw fromCall(error);
    }
    return true;
  }

  /** Acknowledges all at the beginning that are finished. */
  #ackFinished(): void {
    const last = this.#order.lastFinished;
    if (last !== undefined) this.#write(last, "ack", {});
  }

  /** Writes the frame; the promise is that of the receipt, if one is asked for. */
  #write(
    delivery: Delivery,
    verb: Verb,
    { receipt: isConfirmed, transaction, requeue, timeout, signal }:
      NackOptions,
  ): Promise<void> | undefined {
    const { message } = delivery;
    const connection = delivery.connection!;
    const { session } = connection;
    const receipt = isConfirmed ? session.newReceipt() : undefined;
    const extras = { receipt, transaction: transaction?.id, requeue };
    const frame = session[verb](message, extras);
    let come: Promise<void> | undefined;
    if (receipt === undefined) connection.write(frame);
    else {
      const operation = `the ${verb.toUpperCase()} of message ${message.id}`;
      come = connection.request(frame, operation, { receipt, timeout, signal });
    }
    this.#settlements++;
    if (this.ack !== "client" && transaction === undefined) {
      delivery.settled = verb;
      this.#handled++;
      this.#owed--;
      this.#release(delivery);
      return come;
    }
    const covered = this.ack === "client"
      ? this.#order.cutOff(delivery)
      : [delivery];
    for (const settled of covered) {
      settled.settled = verb;
      settled.isUndecided = transaction !== undefined;
      this.#release(settled);
    }
    if (transaction === undefined) this.#count(covered);
    else {
      // Should that come to nothing, it is settled by another frame or not at all.
      delivery.isAbandoned = true;
      this.#awaitEnd(transaction, covered);
    }
    return come;
  }

  #count(settled: readonly Delivery[]): void {
    this.#handled += settled.length;
    this.#owed -= settled.length;
  }

  /** What is settled in a transaction counts when that is committed. */
  #awaitEnd(transaction: Transaction, covered: readonly Delivery[]): void {
    if (!this.#order.await(transaction, covered)) return;
    enlist(transaction, (isCommitted) => {
      if (isCommitted) {
        const decided = this.#order.ended(transaction);
        this.#count(decided);
        for (const one of decided) this.#decided(one);
      } else this.#putBack(transaction);
      if (this.connection?.failure === undefined) this.#ackFinished();
    });
  }

  /** A transaction has come to nothing: what it has settled is where it was. */
  #putBack(transaction: Transaction): void {
    const undone = this.#order.ended(transaction);
    for (const one of undone) {
      one.settled = undefined;
      one.confirmation = undefined;
      one.isFinished = false;
      this.#decided(one);
    }
    const isCoverable = this.ack === "client" && this.connection !== undefined;
    if (isCoverable) this.#order.putBack(undone);
  }

  #decided(delivery: Delivery): void {
    delivery.isUndecided = false;
    this.#release(delivery);
  }

  #leave(delivery: Delivery): void {
    delivery.isLeft = true;
    this.#release(delivery);
  }

  /** Whether the program is done with a delivery is looked at again. */
  #release(delivery: Delivery): void {
    const isPromised = delivery.isByHand && this.ack !== "auto" &&
      delivery.settled === undefined;
    const isAwaited = isPromised || delivery.isUndecided;
    if (!delivery.isLeft || isAwaited && !delivery.isStale) return;
    if (this.#inHand.delete(delivery)) this.#onReleased();
  }
}
