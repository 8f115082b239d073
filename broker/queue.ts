import { Fifo } from "../session/fifo.ts";

/** A message that the broker keeps. */
export interface StoredMessage {
  /** Unique in this broker, and growing: the order of arrival. */
  readonly sequence: number;
  /** The `message-id` that it is delivered with. */
  readonly id: string;
  /** Where it was sent to. */
  readonly destination: string;
  /** The sender's own headers in their order. */
  readonly headers: readonly (readonly [string, string])[];
  /** What the sender sent. */
  readonly body: Uint8Array;
  /** How often it has been delivered. */
  deliveries: number;
}

/** Who takes messages from a queue. */
export interface Consumer {
  /** Whether it may be given another message now. */
  readonly hasCredit: boolean;
  /** Gives it one. */
  deliver(message: StoredMessage): void;
}

/**
 * Messages in the order of their arrival, shared out among consumers in turn.
 * Putting one in and taking one out cost the same at any depth, and whatever
 * the number of consumers that are busy.
 */
export class Queue {
  readonly #arrived = new Fifo<StoredMessage>();
  /** Came back undone; older than all that arrived, in order. */
  #returned: StoredMessage[] = [];
  readonly #consumers = new Set<Consumer>();
  /** Those that may be given one, in the order of their turns. */
  readonly #ready = new Set<Consumer>();

  /** How many messages wait. */
  get depth(): number {
    return this.#arrived.length + this.#returned.length;
  }

  /** Whether there is neither message nor consumer. */
  get isUnused(): boolean {
    return this.depth === 0 && this.#consumers.size === 0;
  }

  /** Adds a consumer, which is given messages from now on. */
  attach(consumer: Consumer): void {
    this.#consumers.add(consumer);
    this.refresh(consumer);
  }

  /** Removes a consumer. What it has not acknowledged it must give back. */
  detach(consumer: Consumer): void {
    this.#consumers.delete(consumer);
    this.#ready.delete(consumer);
  }

  /** A consumer may have credit again. */
  refresh(consumer: Consumer): void {
    if (!consumer.hasCredit || !this.#consumers.has(consumer)) return;
    this.#ready.add(consumer);
    this.#dispatch();
  }

  /** A message arrives. */
  add(message: StoredMessage): void {
    this.#arrived.push(message);
    this.#dispatch();
  }

  /** Messages come back undone: they go before all others, in their order. */
  giveBack(messages: readonly StoredMessage[]): void {
    if (messages.length === 0) return;
    this.#returned = [...this.#returned, ...messages].sort((a, b) =>
      b.sequence - a.sequence
    );
    this.#dispatch();
  }

  #dispatch(): void {
    for (const consumer of this.#ready) {
      // Nobody has had a turn who was not given anything.
      if (this.depth === 0) return;
      this.#ready.delete(consumer);
      if (!consumer.hasCredit) continue;
      // A set is iterated in the order of insertion, so whoever had a turn
      // comes behind the others again, as long as it has credit.
      this.#ready.add(consumer);
      // The last of what came back is the oldest.
      consumer.deliver((this.#returned.pop() ?? this.#arrived.shift())!);
    }
  }
}
