import { Fifo } from "../session/fifo.ts";
import { BodySlabs } from "./body_slabs.ts";
import type { MemoryBudget } from "./memory_budget.ts";
import { ownOctets, type StoredMessage } from "./message.ts";
import { SequenceHeap } from "./sequence_heap.ts";

/** Who takes messages from a queue. */
export interface Consumer {
  /** Whether it may be given another message now. */
  readonly hasCredit: boolean;
  /** Gives it one; `false`: that is not to be acknowledged. */
  deliver(message: StoredMessage): boolean;
}

/** What all queues of a broker have in common. */
export interface QueueOptions {
  /** How many octets of messages, waiting or unacknowledged, are too many. */
  readonly maxOctets: number;
  /** What all queues take together. */
  readonly budget: MemoryBudget;
  /** How often a message is delivered in vain before it is given up. */
  readonly maxDeliveries: number;
  /** A message is given up. */
  deadLetter(message: StoredMessage, reason: string): void;
  /** There may be something to deliver: {@linkcode Queue.deliver} is to be called. */
  isDue(queue: Queue): void;
}

/**
 * Messages in the order of their arrival, shared out among consumers in turn.
 * Putting one in and taking one out cost the same at any depth, and whatever
 * the number of consumers that are busy.
 */
export class Queue {
  /** Where the bodies of its messages are. */
  readonly bodies: BodySlabs;
  readonly #options: QueueOptions;
  readonly #arrived = new Fifo<StoredMessage>();
  /** Came back undone; older than all that arrived. */
  readonly #returned = new SequenceHeap<StoredMessage>();
  readonly #consumers = new Set<Consumer>();
  /** Those that may be given one, in the order of their turns. */
  readonly #ready = new Set<Consumer>();
  #octets = 0;
  #unacknowledged = 0;
  #room: PromiseWithResolvers<void> | undefined;

  /** Begins empty. */
  constructor(options: QueueOptions) {
    this.#options = options;
    this.bodies = new BodySlabs(options.budget);
  }

  /** How many messages wait. */
  get depth(): number {
    return this.#arrived.length + this.#returned.length;
  }

  /** About how many octets they and those that are unacknowledged take. */
  get octets(): number {
    return this.#octets;
  }

  /** How many messages consumers have and have not acknowledged. */
  get unacknowledged(): number {
    return this.#unacknowledged;
  }

  /** How many consumers there are. */
  get consumers(): number {
    return this.#consumers.size;
  }

  /** Whether there is neither consumer nor message, with somebody or here. */
  get isUnused(): boolean {
    return this.depth + this.#unacknowledged + this.#consumers.size === 0;
  }

  /** Whether so many octets more would be too many. */
  isTooFullFor(octets: number): boolean {
    return this.#octets + octets > this.#options.maxOctets;
  }

  /** Resolves once there is room; `undefined`: there is. */
  room(): Promise<void> | undefined {
    if (!this.isTooFullFor(0)) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Adds a consumer, which is given messages from now on. */
  attach(consumer: Consumer): void {
    this.#consumers.add(consumer);
    this.refresh(consumer);
  }

  /** Removes a consumer. What it has not acknowledged is still to be settled. */
  detach(consumer: Consumer): void {
    this.#consumers.delete(consumer);
    this.#ready.delete(consumer);
  }

  /** A consumer may have credit again. */
  refresh(consumer: Consumer): void {
    if (!consumer.hasCredit || !this.#consumers.has(consumer)) return;
    this.#ready.add(consumer);
    this.#mayDeliver();
  }

  /** A message arrives. */
  add(message: StoredMessage): void {
    this.#octets += message.octets;
    message.slab?.retain();
    this.#options.budget.take(ownOctets(message));
    this.#arrived.push(message);
    this.#mayDeliver();
  }

  /**
   * A message arrives that its sender does not wait for. Where there is no room
   * those go that have waited longest.
   */
  addOverOldest(message: StoredMessage): void {
    this.add(message);
    if (!this.#isOver) return;
    // Nothing is lost that somebody takes.
    this.deliver(Infinity);
    while (this.#isOver && this.depth > 0) this.#leave(this.#take());
  }

  get #isOver(): boolean {
    return this.isTooFullFor(0) || this.#options.budget.isTooFullFor(0);
  }

  /** Delivered messages are done with. */
  settle(messages: readonly StoredMessage[]): void {
    this.#unacknowledged -= messages.length;
    for (const message of messages) this.#leave(message);
  }

  /**
   * Delivered messages come back undone: they go before all others, in their
   * order. Those that were delivered in vain too often do not.
   */
  giveBack(messages: readonly StoredMessage[]): void {
    const { maxDeliveries } = this.#options;
    for (const message of messages) {
      if (message.failures >= maxDeliveries) {
        this.deadLetter(
          message,
          `delivered ${message.failures} times and never acknowledged`,
        );
      } else {
        this.#unacknowledged--;
        this.#returned.push(message);
      }
    }
    this.#mayDeliver();
  }

  /** A delivered message is not to be delivered again. */
  deadLetter(message: StoredMessage, reason: string): void {
    this.settle([message]);
    this.#options.deadLetter(message, reason);
  }

  /** Forgets all messages that wait, and lets nobody wait for room. */
  clear(): void {
    while (this.depth > 0) this.#leave(this.#take());
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Delivers so many messages at the most; returns how many. */
  deliver(most: number): number {
    let count = 0;
    for (const consumer of this.#ready) {
      // Nobody has had a turn who was not given anything.
      if (count === most || this.depth === 0) break;
      this.#ready.delete(consumer);
      if (!consumer.hasCredit) continue;
      // A set is iterated in the order of insertion, so whoever had a turn
      // comes behind the others again, as long as it has credit.
      this.#ready.add(consumer);
      const message = this.#take();
      count++;
      if (consumer.deliver(message)) this.#unacknowledged++;
      else this.#leave(message);
    }
    return count;
  }

  #mayDeliver(): void {
    if (this.#ready.size > 0 && this.depth > 0) this.#options.isDue(this);
  }

  #take(): StoredMessage {
    return (this.#returned.shift() ?? this.#arrived.shift())!;
  }

  /** A message takes no octets here any more. */
  #leave(message: StoredMessage): void {
    this.#octets -= message.octets;
    message.slab?.release();
    this.#options.budget.give(ownOctets(message));
    if (this.#room === undefined || this.isTooFullFor(0)) return;
    this.#room.resolve();
    this.#room = undefined;
  }
}
