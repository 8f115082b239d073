import type { Frame } from "../codec/mod.ts";
import type { DialectName } from "../session/dialects.ts";
import type { HeartBeat } from "../session/heart_beat.ts";
import { type BrokerDialect, brokerDialectOf } from "./broker_dialect.ts";
import {
  keptHeaders,
  messageOctets,
  type StoredMessage,
  storedMessage,
} from "./message.ts";
import { Queue, type QueueOptions } from "./queue.ts";
import { Refusal } from "./refusal.ts";

/** What a broker's core is made with. */
export interface BrokerCoreOptions {
  /** Passcodes by login; everybody may connect where there are none. */
  readonly credentials?: Readonly<Record<string, string>> | undefined;
  /** What the broker can send and wants to receive, in ms. @default {as its dialect has it} */
  readonly heartBeat?: HeartBeat | undefined;
  /** How many octets a queue may hold, waiting or unacknowledged. @default {Infinity} */
  readonly maxQueueOctets?: number | undefined;
  /** What happens to who sends more. @default {"refuse"} */
  readonly whenFull?: "refuse" | "block" | undefined;
  /** How often a message is delivered in vain. @default {as its dialect has it} */
  readonly maxDeliveries?: number | undefined;
  /** Where messages go that are given up. @default {as its dialect has it} */
  readonly deadLetterQueue?: string | undefined;
  /** Which broker it answers like. @default {"stompest"} */
  readonly dialect?: DialectName | undefined;
}

/** Where a subscription takes its messages from. */
export interface Source {
  readonly queue: Queue;
  /**
   * The subscription consumes no more. To be told again when it has nothing more
   * that was not settled.
   */
  leave(): void;
}

/** Who subscribes to what. */
export interface Entry {
  readonly destination: string;
  /** The session's name: temporary queues are its own. */
  readonly session: string;
  /** The name under which the subscription outlives its connection. */
  readonly durable: string | undefined;
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

const TOPIC = "/topic/";
/** A queue that its session alone consumes, and that is gone with it. */
const TEMPORARY = "/temp-queue/";
/** What such a queue is called by everybody else. */
const REPLY = "/reply-queue/";
/** What a dead letter says of its death. */
const DEAD_LETTER_HEADERS: ReadonlySet<string> = new Set([
  "original-destination",
  "original-message-id",
  "dead-letter-reason",
]);

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
  /** In everybody's words. */
  readonly #deadLetterQueue: string | undefined;
  readonly #queueOptions: QueueOptions;
  readonly #queues = new Map<string, Queue>();
  /** The copies of each topic. */
  readonly #topics = new Map<string, Set<Queue>>();
  /** Copies that outlive their subscriptions, by name. */
  readonly #durable = new Map<
    string,
    { readonly topic: string; readonly queue: Queue }
  >();
  /** The names of clients that are there. */
  readonly #clients = new Set<string>();
  #lastMessage = 0;
  #lastSession = 0;

  /** Begins empty. */
  constructor(options: BrokerCoreOptions = {}) {
    this.options = options;
    this.dialect = brokerDialectOf(options.dialect);
    const deadLetterQueue = options.deadLetterQueue ??
      this.dialect.deadLetterQueue;
    this.#deadLetterQueue = deadLetterQueue &&
      this.#globalName(deadLetterQueue, "");
    this.#queueOptions = {
      maxOctets: options.maxQueueOctets ?? Infinity,
      maxDeliveries: options.maxDeliveries ?? this.dialect.maxDeliveries,
      deadLetter: (message, reason) => this.#deadLetter(message, reason),
    };
  }

  /** The name of a new session. */
  newSession(): string {
    return `session-${++this.#lastSession}`;
  }

  /**
   * Makes sure that there is room for the messages of these SEND frames, all
   * together.
   *
   * @throws {Refusal} if a queue is full and does not block instead.
   */
  requireRoom(frames: readonly Frame[], session: string): void {
    const { maxQueueOctets, whenFull = "refuse" } = this.options;
    if (whenFull === "block" || maxQueueOctets === undefined) return;
    const wanted = new Map<string, number>();
    for (const frame of frames) {
      const { destination, octets } = this.measure(frame, session);
      const sum = (wanted.get(destination) ?? 0) + octets;
      wanted.set(destination, sum);
      if (this.#hasRoom(destination, sum)) continue;
      throw new Refusal(
        `The queue of ${destination} is full: it would hold more than ` +
          `${maxQueueOctets} octets. Send again when some are gone.`,
      );
    }
  }

  /** Where the message of a SEND frame goes to, and about how large it is. */
  measure(
    frame: Frame,
    session: string,
  ): { readonly destination: string; readonly octets: number } {
    const headers = this.#storedHeaders(frame, session);
    return {
      destination: this.#destinationOf(frame, session),
      octets: messageOctets(headers, frame.body),
    };
  }

  /**
   * Makes sure that what open transactions hold for a destination is not more
   * than a queue may hold. Who sends more waits in vain for room, so it is refused
   * in any case.
   *
   * @throws {Refusal} if it is more.
   */
  requireBound(destination: string, octets: number): void {
    const { maxOctets } = this.#queueOptions;
    if (octets <= maxOctets) return;
    throw new Refusal(
      `Open transactions hold more than ${maxOctets} octets for ` +
        `${destination}: COMMIT more often.`,
    );
  }

  /** Whether so many octets more are not too many for whatever takes them. */
  #hasRoom(destination: string, octets: number): boolean {
    // A queue begins with its first message: none needs to be made for a refusal.
    const isNew = !destination.startsWith(TOPIC) &&
      !this.#queues.has(destination);
    if (isNew) return octets <= this.#queueOptions.maxOctets;
    for (const queue of this.#targets(destination)) {
      if (queue.isTooFullFor(octets)) return false;
    }
    return true;
  }

  /**
   * Takes the message of a SEND frame. Where its queue is too full now, the
   * promise that is returned resolves when there is room again.
   */
  publish(frame: Frame, session: string): Promise<void> | undefined {
    const destination = this.#destinationOf(frame, session);
    return this.#put(
      destination,
      this.#storedHeaders(frame, session),
      frame.body,
    );
  }

  /** Where a new subscription takes its messages from. */
  enter({ destination, session, durable }: Entry): Source {
    if (destination.startsWith(REPLY)) {
      throw new Refusal(
        `${destination} belongs to another session: only that one may consume it.`,
      );
    }
    const name = this.#globalName(destination, session);
    if (!name.startsWith(TOPIC)) {
      const queue = this.#queue(name);
      const isTemporary = name.startsWith(REPLY);
      const leave = () => {
        if (isTemporary && queue.consumers === 0) queue.clear();
        if (queue.isUnused) this.#queues.delete(name);
      };
      return { queue, leave };
    }
    if (durable === undefined) {
      const queue = this.#copy(name);
      return { queue, leave: () => this.#dropCopy(name, queue) };
    }
    const copy = this.#durable.get(durable);
    // Under its name it gathers from another topic now.
    if (copy !== undefined && copy.topic !== name) this.forget(durable);
    const queue = copy?.topic === name ? copy.queue : this.#copy(name);
    this.#durable.set(durable, { topic: name, queue });
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
    copy.queue.clear();
    this.#dropCopy(copy.topic, copy.queue);
  }

  /** Whether there is something of that name that nobody consumes now. */
  isLeft(durable: string): boolean {
    return this.#durable.get(durable)?.queue.consumers === 0;
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

  /** What a queue, or all copies of a topic together, hold. */
  stats(destination: string): QueueStats {
    const name = this.#globalName(destination, "");
    const queues = [...this.#targets(name, false)];
    const sum = (of: (queue: Queue) => number) =>
      queues.reduce((sum, queue) => sum + of(queue), 0);
    return {
      depth: sum((queue) => queue.depth),
      octets: sum((queue) => queue.octets),
      unacknowledged: sum((queue) => queue.unacknowledged),
      consumers: sum((queue) => queue.consumers),
    };
  }

  /** The queues that a message to a destination goes to. */
  #targets(destination: string, create = true): Iterable<Queue> {
    if (destination.startsWith(TOPIC)) {
      return this.#topics.get(destination) ?? [];
    }
    const queue = this.#queues.get(destination);
    if (queue !== undefined) return [queue];
    // Whoever asked is gone, and so is its queue for answers.
    if (!create || destination.startsWith(REPLY)) return [];
    return [this.#queue(destination)];
  }

  #put(
    destination: string,
    headers: readonly (readonly [string, string])[],
    body: Uint8Array,
  ): Promise<void> | undefined {
    const sequence = ++this.#lastMessage;
    const rooms: Promise<void>[] = [];
    for (const queue of this.#targets(destination)) {
      queue.add(storedMessage(sequence, destination, headers, body));
      const room = this.options.whenFull === "block" ? queue.room() : undefined;
      if (room !== undefined) rooms.push(room);
    }
    return rooms.length === 0 ? undefined : Promise.all(rooms).then(() => {});
  }

  #deadLetter(message: StoredMessage, reason: string): void {
    const deadLetterQueue = this.#deadLetterQueue;
    // What nobody could handle there either waits no longer, and what there is no
    // room for never does.
    if (
      deadLetterQueue === undefined ||
      message.destination === deadLetterQueue ||
      !this.#hasRoom(deadLetterQueue, message.octets)
    ) return;
    this.#put(deadLetterQueue, [
      // It may have died before: what counts is why it has now.
      ...message.headers.filter(([name]) => !DEAD_LETTER_HEADERS.has(name)),
      ["original-destination", message.destination],
      ["original-message-id", message.id],
      ["dead-letter-reason", reason],
    ], message.body);
  }

  #queue(name: string): Queue {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = new Queue(this.#queueOptions);
      this.#queues.set(name, queue);
    }
    return queue;
  }

  #copy(topic: string): Queue {
    const queue = new Queue(this.#queueOptions);
    const copies = this.#topics.get(topic);
    if (copies === undefined) this.#topics.set(topic, new Set([queue]));
    else copies.add(queue);
    return queue;
  }

  #dropCopy(topic: string, queue: Queue): void {
    const copies = this.#topics.get(topic);
    copies?.delete(queue);
    if (copies?.size === 0) this.#topics.delete(topic);
    // Nobody waits for room in what is not there.
    queue.clear();
  }

  /** What a message keeps of its SEND, with the way for answers in everybody's words. */
  #storedHeaders(
    frame: Frame,
    session: string,
  ): (readonly [string, string])[] {
    return keptHeaders(frame, this.dialect.keepsReceipt).map((
      [name, value],
    ) => [
      name,
      name === "reply-to" ? this.#globalName(value, session) : value,
    ]);
  }

  #destinationOf(frame: Frame, session: string): string {
    return this.#globalName(frame.headers.get("destination")!, session);
  }

  /** A session's own name for a temporary queue, in everybody's words. */
  #globalName(destination: string, session: string): string {
    if (this.dialect.hasBareQueues && !destination.startsWith("/")) {
      return `/queue/${destination}`;
    }
    if (!destination.startsWith(TEMPORARY)) return destination;
    return `${REPLY}${session}.${destination.slice(TEMPORARY.length)}`;
  }
}
