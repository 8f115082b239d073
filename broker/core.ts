import type { Frame } from "../codec/mod.ts";
import type { DialectName } from "../session/dialects.ts";
import type { HeartBeat } from "../session/heart_beat.ts";
import type { KeptBody } from "./body_slabs.ts";
import { type BrokerDialect, brokerDialectOf } from "./broker_dialect.ts";
import { Deliveries } from "./deliveries.ts";
import { Destinations, isTopic, REPLY, type Source } from "./destinations.ts";
import { MemoryBudget } from "./memory_budget.ts";
import {
  keptHeaders,
  type MessageContent,
  messageContent,
  type StoredMessage,
  storedMessage,
} from "./message.ts";
import type { Queue, QueueOptions } from "./queue.ts";
import { keptName, Refusal } from "./refusal.ts";

/** What a broker's core is made with. */
export interface BrokerCoreOptions {
  /** Passcodes by login; everybody may connect where there are none. */
  readonly credentials?: Readonly<Record<string, string>> | undefined;
  /** What the broker can send and wants to receive, in ms. @default {as its dialect has it} */
  readonly heartBeat?: HeartBeat | undefined;
  /** How many octets a queue may hold, waiting or unacknowledged. @default {Infinity} */
  readonly maxQueueOctets?: number | undefined;
  /** How many octets everything together may take. @default {Infinity} */
  readonly maxOctets?: number | undefined;
  /** How many destinations there may be. @default {Infinity} */
  readonly maxDestinations?: number | undefined;
  /** How many subscriptions a client may have. @default {Infinity} */
  readonly maxSubscriptions?: number | undefined;
  /** How many transactions a client may have open. @default {Infinity} */
  readonly maxTransactions?: number | undefined;
  /** What happens to who sends more. @default {"refuse"} */
  readonly whenFull?: "refuse" | "block" | undefined;
  /** How often a message is delivered in vain. @default {as its dialect has it} */
  readonly maxDeliveries?: number | undefined;
  /** Where messages go that are given up. @default {as its dialect has it} */
  readonly deadLetterQueue?: string | undefined;
  /** Which broker it answers like. @default {"stompest"} */
  readonly dialect?: DialectName | undefined;
  /**
   * What nobody guesses: the queues for answers of a session are called by it.
   *
   * @default {the session's own name}
   */
  readonly newSecret?: (() => string) | undefined;
  /**
   * Deliveries are left to be made, by {@linkcode BrokerCore.deliver}.
   *
   * @default {all are made at once}
   */
  readonly isBehind?: (() => void) | undefined;
}

/** What a client is to the core. */
export interface ClientIdentity {
  /** The session's name. */
  readonly session: string;
  /** What others call its queues for answers by. */
  readonly secret: string;
}

/** What a queue holds, at one moment. */
export interface QueueStats {
  /** How many messages wait. */
  readonly depth: number;
  /** About how many octets those and the unacknowledged ones take. */
  readonly octets: number;
  /** How many messages consumers have and have not acknowledged. */
  readonly unacknowledged: number;
  /** How many subscriptions there are. */
  readonly consumers: number;
}

/** A queue that its session alone consumes, and that is gone with it. */
const TEMPORARY = "/temp-queue/";
/** What a dead letter says of its death. */
const DEAD_LETTER_HEADERS: ReadonlySet<string> = new Set([
  "original-destination",
  "original-message-id",
  "dead-letter-reason",
]);
/** So many deliveries are made at once; more are made in parts. */
const AT_ONCE = 256;

/**
 * The broker without I/O: queues, topics and what its clients may do with them.
 * A destination that begins with `/topic/` is a topic, and each subscription
 * gets a copy; everything else is a queue, and each message goes to one of its
 * subscriptions.
 */
export class BrokerCore {
  /** What it was made with. */
  readonly options: BrokerCoreOptions;
  /** The words that it goes by, and how it answers. */
  readonly dialect: BrokerDialect;
  /** What everything takes that clients make it keep. */
  readonly budget: MemoryBudget;
  readonly #maxQueueOctets: number;
  /** In everybody's words. */
  readonly #deadLetterQueue: string | undefined;
  readonly #destinations: Destinations;
  readonly #deliveries = new Deliveries();
  /** The names of clients that are there. */
  readonly #clients = new Set<string>();
  #lastMessage = 0;
  #lastSession = 0;

  /** Begins empty. */
  constructor(options: BrokerCoreOptions = {}) {
    this.options = options;
    this.dialect = brokerDialectOf(options.dialect);
    const maxOctets = options.maxOctets ?? Infinity;
    this.budget = new MemoryBudget(maxOctets);
    this.#maxQueueOctets = options.maxQueueOctets ?? Infinity;
    const deadLetterQueue = options.deadLetterQueue ??
      this.dialect.deadLetterQueue;
    this.#deadLetterQueue = deadLetterQueue &&
      this.globalName(deadLetterQueue, "");
    const queueOptions: QueueOptions = {
      maxOctets: this.#maxQueueOctets,
      budget: this.budget,
      maxDeliveries: options.maxDeliveries ?? this.dialect.maxDeliveries,
      deadLetter: (message, reason) => this.#deadLetter(message, reason),
      isDue: (queue) => this.#deliveries.add(queue),
    };
    this.#destinations = new Destinations({
      queueOptions,
      copyOptions: {
        ...queueOptions,
        // One subscriber that is slow leaves room for all others.
        maxOctets: Math.min(this.#maxQueueOctets, maxOctets / 4),
      },
      budget: this.budget,
      maxDestinations: options.maxDestinations ?? Infinity,
      wildcards: this.dialect.wildcards,
      hasLiteralQueues: this.dialect.hasLiteralQueues,
    });
  }

  /** Who a new client is. */
  newClient(): ClientIdentity {
    const session = `session-${++this.#lastSession}`;
    return { session, secret: this.options.newSecret?.() ?? session };
  }

  /** What is kept of a SEND frame. */
  contentOf(frame: Frame, secret: string): MessageContent {
    const destination = frame.headers.get("destination")!;
    const headers = keptHeaders(frame, this.dialect.keepsReceipt);
    for (let i = 0; i < headers.length; i++) {
      const [name, value] = headers[i]!;
      if (name === "reply-to") {
        headers[i] = [name, this.globalName(value, secret)];
      }
    }
    return messageContent(
      this.globalName(
        keptName("SEND", "destination", destination),
        secret,
      ),
      headers,
      frame.body,
    );
  }

  /**
   * Makes sure that there is room for these messages, all together, of which so
   * many octets are held already.
   *
   * @throws {Refusal} if the broker or a queue is full and does not block
   * instead, or there are too many destinations.
   */
  requireRoom(contents: readonly MessageContent[], held = 0): void {
    const [first] = contents;
    if (contents.length === 1) this.#requireRoom(first!, first!.octets - held);
    if (contents.length <= 1) return;
    const wanted = new Map<string, MessageContent>();
    let sum = 0;
    for (const content of contents) {
      const { destination } = content;
      // Who sends to a topic waits for nobody: its slow subscribers lose.
      if (isTopic(destination)) continue;
      sum += content.octets;
      const octets = (wanted.get(destination)?.octets ?? 0) + content.octets;
      wanted.set(destination, { ...content, octets });
    }
    const destinations = [...wanted.keys()];
    const isNew = destinations.filter((name) => this.#isNew(name));
    if (isNew.length > 0) this.#destinations.require(isNew.length);
    for (const content of wanted.values()) {
      this.#requireRoom(content, sum - held);
    }
  }

  /** All together there are more octets than those of one destination. */
  #requireRoom({ destination, octets }: MessageContent, all: number): void {
    if (isTopic(destination)) return;
    if (this.#isNew(destination)) this.#destinations.require(1);
    if (this.options.whenFull === "block") return;
    this.budget.require(all);
    if (!this.#isTooFullFor(destination, octets)) return;
    throw new Refusal(
      `The queue of ${destination} is full: it would hold more than ` +
        `${this.#maxQueueOctets} octets. Send again when some are gone.`,
    );
  }

  #isNew(destination: string): boolean {
    return !destination.startsWith(REPLY) &&
      this.#destinations.existing(destination) === undefined;
  }

  #isTooFullFor(name: string, octets: number): boolean {
    const queue = this.#destinations.existing(name);
    // A queue begins with its first message: none needs to be made for a refusal.
    return queue === undefined
      ? octets > this.#maxQueueOctets && !name.startsWith(REPLY)
      : queue.isTooFullFor(octets);
  }

  /**
   * Makes sure that what open transactions hold for a destination is not more
   * than a queue may hold, nor the broker. Who sends more waits in vain for room,
   * so it is refused in any case.
   *
   * @throws {Refusal} if it is more.
   */
  requireBound({ destination, octets }: MessageContent, held: number): void {
    this.budget.require(octets);
    if (held + octets <= this.#maxQueueOctets) return;
    throw new Refusal(
      `Open transactions hold more than ${this.#maxQueueOctets} octets for ` +
        `${destination}: COMMIT more often.`,
    );
  }

  /**
   * Takes a message. Where its queue is too full now, or the broker, the promise
   * that is returned resolves when there is room again.
   */
  publish(content: MessageContent): Promise<void> | undefined {
    const sequence = ++this.#lastMessage;
    if (isTopic(content.destination)) {
      let kept: KeptBody | undefined;
      for (const copy of this.#destinations.copies(content.destination)) {
        kept ??= this.#destinations.topicBodies.keep(content.body);
        copy.addOverOldest(storedMessage(sequence, content, kept));
      }
      return undefined;
    }
    const queue = this.#destinations.target(content.destination);
    if (queue === undefined) return undefined;
    const kept = queue.bodies.keep(content.body);
    queue.add(storedMessage(sequence, content, kept));
    return this.options.whenFull === "block"
      ? both(queue.room(), this.budget.room())
      : undefined;
  }

  /**
   * Where a new subscription takes its messages from.
   *
   * @throws {Refusal} if it may not have them.
   */
  enter(
    destination: string,
    durable: string | undefined,
    secret: string,
  ): Source {
    if (destination.startsWith(REPLY)) {
      throw new Refusal(
        `${destination} belongs to another session: only that one may consume it.`,
      );
    }
    return this.#destinations.enter(
      this.globalName(destination, secret),
      durable,
    );
  }

  /**
   * Deletes what outlives its subscription.
   *
   * @throws {Refusal} if there is none of that name, or it is consumed.
   */
  forget(durable: string): void {
    this.#destinations.forget(durable);
  }

  /** Whether there is something of that name that nobody consumes now. */
  isLeft(durable: string): boolean {
    return this.#destinations.isLeft(durable);
  }

  /** A client has come under a name; `false`: another one has it. */
  enroll(client: string): boolean {
    if (this.#clients.has(client)) return false;
    this.#clients.add(client);
    return true;
  }

  /** It is gone. */
  dismiss(client: string): void {
    this.#clients.delete(client);
  }

  /** Whether deliveries are left to be made. */
  get isBehind(): boolean {
    return this.#deliveries.isBehind;
  }

  /** Makes the deliveries that can be made, a part of them where they are many. */
  deliver(): void {
    const { isBehind } = this.options;
    this.#deliveries.make(isBehind === undefined ? Infinity : AT_ONCE);
    if (this.isBehind) isBehind?.();
  }

  /** What a queue, or all copies of a topic together, hold. */
  stats(destination: string): QueueStats {
    const name = this.globalName(destination, "");
    const queues = [...this.#destinations.named(name)];
    const sum = (of: (queue: Queue) => number) =>
      queues.reduce((sum, queue) => sum + of(queue), 0);
    return {
      depth: sum((queue) => queue.depth),
      octets: sum((queue) => queue.octets),
      unacknowledged: sum((queue) => queue.unacknowledged),
      consumers: sum((queue) => queue.consumers),
    };
  }

  #deadLetter(message: StoredMessage, reason: string): void {
    const name = this.#deadLetterQueue;
    // What nobody could handle there either waits no longer, and what there is no
    // room for never does.
    if (
      name === undefined || message.destination === name ||
      this.#isTooFullFor(name, message.octets) ||
      this.budget.isTooFullFor(message.octets)
    ) return;
    this.publish(messageContent(name, [
      // It may have died before: what counts is why it has now.
      ...message.headers.filter(([name]) => !DEAD_LETTER_HEADERS.has(name)),
      ["original-destination", message.destination],
      ["original-message-id", message.id],
      ["dead-letter-reason", reason],
    ], message.body));
  }

  /** A session's own name for a temporary queue, in everybody's words. */
  globalName(destination: string, secret: string): string {
    if (this.dialect.hasBareQueues && !destination.startsWith("/")) {
      return `/queue/${destination}`;
    }
    if (!destination.startsWith(TEMPORARY)) return destination;
    return `${REPLY}${secret}.${destination.slice(TEMPORARY.length)}`;
  }
}

function both(
  one: Promise<void> | undefined,
  other: Promise<void> | undefined,
): Promise<void> | undefined {
  return one && other ? Promise.all([one, other]).then(() => {}) : one ?? other;
}
