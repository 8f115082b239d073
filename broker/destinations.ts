import { quoted } from "../errors.ts";
import { BodySlabs } from "./body_slabs.ts";
import type { MemoryBudget } from "./memory_budget.ts";
import { Queue, type QueueOptions } from "./queue.ts";
import { Refusal } from "./refusal.ts";
import { partsOf, TopicPatterns, type Wildcards } from "./topic_patterns.ts";

/** Where a subscription takes its messages from. */
export interface Source {
  readonly queue: Queue;
  /**
   * The subscription consumes no more. To be told again when it has nothing more
   * that was not settled.
   */
  leave(): void;
}

/** What destinations are made with. */
export interface DestinationsInit {
  readonly queueOptions: QueueOptions;
  /** The same for the copies of a topic. */
  readonly copyOptions: QueueOptions;
  readonly budget: MemoryBudget;
  /** How many there may be. */
  readonly maxDestinations: number;
  /** What stands for parts of topics' names; `undefined`: nothing does. */
  readonly wildcards: Wildcards | undefined;
  /** Whether a queue's name may hold them, and means just that. */
  readonly hasLiteralQueues: boolean;
}

const TOPIC = "/topic/";
/** What a queue for answers is called by everybody. */
export const REPLY = "/reply-queue/";

/** What a destination takes beside its name, roughly. */
const OVERHEAD = 1000;

/** Whether a destination is a topic. */
export function isTopic(name: string): boolean {
  return name.startsWith(TOPIC);
}

/** All queues and topics, by the names that everybody uses. */
export class Destinations {
  readonly #init: DestinationsInit;
  /** Where the bodies of what topics are sent are: copies share them. */
  readonly topicBodies: BodySlabs;
  readonly #queues = new Map<string, Queue>();
  /** The copies of each topic, or of each pattern. */
  readonly #topics = new Map<string, Set<Queue>>();
  readonly #patterns: TopicPatterns<Queue> | undefined;
  /** Copies that outlive their subscriptions, by name. */
  readonly #durable = new Map<
    string,
    { readonly topic: string; readonly queue: Queue }
  >();

  /** Begins empty. */
  constructor(init: DestinationsInit) {
    this.#init = init;
    this.topicBodies = new BodySlabs(init.budget);
    this.#patterns = init.wildcards && new TopicPatterns(init.wildcards);
  }

  /** How many there are: queues, topics and durable names. */
  get size(): number {
    return this.#queues.size + this.#topics.size + this.#durable.size;
  }

  /** The queue of that name, if there is one. */
  existing(name: string): Queue | undefined {
    return this.#queues.get(name);
  }

  /**
   * Makes sure that so many more may be made.
   *
   * @throws {Refusal} if they may not.
   */
  require(count: number): void {
    const { maxDestinations } = this.#init;
    if (this.size + count <= maxDestinations) return;
    throw new Refusal(
      `There are ${maxDestinations} destinations, and more may not be ` +
        "(maxDestinations): use one that there is.",
      { isFatal: true },
    );
  }

  /** The queue that a message to a queue goes to, if it goes anywhere. */
  target(name: string): Queue | undefined {
    // Whoever asked is gone, and so is its queue for answers.
    return this.#queues.get(name) ??
      (name.startsWith(REPLY) ? undefined : this.queue(name));
  }

  /** The copies that a message to a topic goes to. */
  copies(name: string): Iterable<Queue> {
    const copies = this.#topics.get(name) ?? [];
    return this.#patterns === undefined || this.#patterns.size === 0
      ? copies
      : this.#matching(name, this.#patterns);
  }

  *#matching(name: string, patterns: TopicPatterns<Queue>): Iterable<Queue> {
    const copies = this.#topics.get(name);
    yield* copies ?? [];
    for (const queue of patterns.matching(topicParts(name))) {
      // Whoever subscribes to a pattern and sends to it has it already.
      if (!copies?.has(queue)) yield queue;
    }
  }

  /** The queues that are there under just this name. */
  named(name: string): Iterable<Queue> {
    if (isTopic(name)) return this.#topics.get(name) ?? [];
    const queue = this.#queues.get(name);
    return queue === undefined ? [] : [queue];
  }

  /** The queue of a name, made where there is none. */
  queue(name: string): Queue {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = new Queue(this.#init.queueOptions);
      this.#queues.set(name, queue);
      this.#init.budget.take(OVERHEAD + name.length);
    }
    return queue;
  }

  /**
   * Where a new subscription takes its messages from.
   *
   * @throws {Refusal} if there is no such destination, or are too many.
   */
  enter(name: string, durable: string | undefined): Source {
    const pattern = this.#patternOf(name);
    if (isTopic(name)) return this.#enterTopic(name, pattern, durable);
    if (!this.#queues.has(name)) this.require(1);
    const queue = this.queue(name);
    return {
      queue,
      leave: () => {
        if (name.startsWith(REPLY) && queue.consumers === 0) queue.clear();
        if (!queue.isUnused || this.#queues.get(name) !== queue) return;
        this.#queues.delete(name);
        queue.bodies.close();
        this.#init.budget.give(OVERHEAD + name.length);
      },
    };
  }

  #enterTopic(
    name: string,
    pattern: readonly string[] | undefined,
    durable: string | undefined,
  ): Source {
    if (durable === undefined) {
      if (!this.#topics.has(name)) this.require(1);
      const queue = this.#copy(name, pattern);
      return { queue, leave: () => this.#dropCopy(name, queue) };
    }
    const copy = this.#durable.get(durable);
    if (copy?.topic === name) return { queue: copy.queue, leave: () => {} };
    // Under its name it gathers from another topic now.
    if (copy !== undefined) this.forget(durable);
    this.require(this.#topics.has(name) ? 1 : 2);
    const queue = this.#copy(name, pattern);
    this.#durable.set(durable, { topic: name, queue });
    this.#init.budget.take(OVERHEAD + durable.length);
    return { queue, leave: () => {} };
  }

  /**
   * Deletes what outlives its subscription.
   *
   * @throws {Refusal} if there is none of that name, or it is consumed.
   */
  forget(durable: string): void {
    const copy = this.#durable.get(durable);
    if (copy === undefined) {
      throw new Refusal("There is no durable subscription of that name.");
    }
    if (copy.queue.consumers > 0) {
      throw new Refusal("The durable subscription is in use: end it first.");
    }
    this.#durable.delete(durable);
    this.#init.budget.give(OVERHEAD + durable.length);
    this.#dropCopy(copy.topic, copy.queue);
  }

  /** Whether there is something of that name that nobody consumes now. */
  isLeft(durable: string): boolean {
    return this.#durable.get(durable)?.queue.consumers === 0;
  }

  /** The parts of a topic's name that has wildcards; `undefined`: it has none. */
  #patternOf(name: string): readonly string[] | undefined {
    const { wildcards, hasLiteralQueues } = this.#init;
    if (!isTopic(name) && hasLiteralQueues) return undefined;
    const parts = name.slice(name.indexOf("/", 1) + 1).split(".");
    const known = wildcards === undefined
      ? ["*", ">", "#"]
      : [wildcards.one, wildcards.any, ...wildcards.foreign];
    const found = parts.find((part) => known.includes(part));
    if (found === undefined) return undefined;
    if (
      wildcards === undefined || !isTopic(name) ||
      wildcards.foreign.includes(found)
    ) {
      const reason = wildcards === undefined
        ? "which this broker does not have"
        : isTopic(name)
        ? `which are ${quoted(wildcards.one)} and ${quoted(wildcards.any)} here`
        : "which only topics have";
      throw new Refusal(
        `${quoted(name)} has wildcards, ${reason}: subscribe to each ` +
          "destination by its name.",
        { isFatal: true },
      );
    }
    if (wildcards.isAnyLast && parts.slice(0, -1).includes(wildcards.any)) {
      throw new Refusal(
        `${quoted(wildcards.any)} must be the last part of ${quoted(name)}.`,
        { isFatal: true },
      );
    }
    return topicParts(name).filter((part, i, all) =>
      part !== wildcards.any || part !== all[i - 1]
    );
  }

  #copy(name: string, pattern: readonly string[] | undefined): Queue {
    const queue = new Queue(this.#init.copyOptions);
    const copies = this.#topics.get(name);
    if (copies === undefined) this.#topics.set(name, new Set([queue]));
    else copies.add(queue);
    if (pattern !== undefined) this.#patterns!.add(pattern, queue);
    this.#init.budget.take(OVERHEAD + name.length);
    return queue;
  }

  #dropCopy(name: string, queue: Queue): void {
    const copies = this.#topics.get(name);
    // Nobody waits for room in what is not there.
    queue.clear();
    if (!copies?.delete(queue)) return;
    if (copies.size === 0) this.#topics.delete(name);
    const pattern = this.#patternOf(name);
    if (pattern !== undefined) this.#patterns!.delete(pattern, queue);
    this.#init.budget.give(OVERHEAD + name.length);
  }
}

function topicParts(name: string): string[] {
  return partsOf(name.slice(TOPIC.length));
}
