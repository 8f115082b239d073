import type { Frame } from "../codec/mod.ts";
import type { HeartBeat } from "../session/heart_beat.ts";
import { Peer, type PeerOutput } from "./peer.ts";
import { Queue, type StoredMessage } from "./queue.ts";

/** What a broker's core is made with. */
export interface BrokerCoreOptions {
  /** Passcodes by login; everybody may connect where there are none. */
  readonly credentials?: Readonly<Record<string, string>> | undefined;
  /** What the broker can send and wants to receive, in ms. @default {[0, 0]} */
  readonly heartBeat?: HeartBeat | undefined;
}

/** Sender's headers that concern the SEND frame, not the message. */
const ENVELOPE: ReadonlySet<string> = new Set([
  "destination",
  "receipt",
  "transaction",
  "content-length",
  "message-id",
  "subscription",
  "ack",
  "redelivered",
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
  readonly #queues = new Map<string, Queue>();
  readonly #topics = new Map<string, Set<Queue>>();
  #lastMessage = 0;
  #lastSession = 0;

  /** Begins empty. */
  constructor(options: BrokerCoreOptions = {}) {
    this.options = options;
  }

  /** A client has connected; its frames go to the peer that is returned. */
  connect(output: PeerOutput): Peer {
    return new Peer(this, `session-${++this.#lastSession}`, output);
  }

  /** Takes the message of a SEND frame. */
  publish(frame: Frame): void {
    const destination = frame.headers.get("destination")!;
    const sequence = ++this.#lastMessage;
    const message: StoredMessage = {
      sequence,
      id: `m-${sequence}`,
      destination,
      headers: frame.headerList.filter(([name]) => !ENVELOPE.has(name)),
      body: frame.body,
      deliveries: 0,
    };
    if (!isTopic(destination)) {
      this.#queue(destination).add(message);
      return;
    }
    for (const queue of this.#topics.get(destination) ?? []) {
      queue.add({ ...message });
    }
  }

  /** Where a new subscription to a destination takes its messages from. */
  enter(destination: string): Queue {
    if (!isTopic(destination)) return this.#queue(destination);
    const queue = new Queue();
    const copies = this.#topics.get(destination);
    if (copies === undefined) this.#topics.set(destination, new Set([queue]));
    else copies.add(queue);
    return queue;
  }

  /** A subscription has left the queue that it had entered. */
  leave(destination: string, queue: Queue): void {
    if (!isTopic(destination)) {
      this.#forget(destination, queue);
      return;
    }
    const copies = this.#topics.get(destination);
    copies?.delete(queue);
    if (copies?.size === 0) this.#topics.delete(destination);
  }

  #queue(destination: string): Queue {
    let queue = this.#queues.get(destination);
    if (queue === undefined) {
      queue = new Queue();
      this.#queues.set(destination, queue);
    }
    return queue;
  }

  #forget(destination: string, queue: Queue): void {
    if (queue.isUnused) this.#queues.delete(destination);
  }
}

function isTopic(destination: string): boolean {
  return destination.startsWith("/topic/");
}
