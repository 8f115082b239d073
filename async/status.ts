import type { Version } from "../codec/mod.ts";

/** Something that happened to a client's connection. */
export type StatusEvent =
  | {
    readonly type: "connecting";
    /** The broker's `host:port`. */
    readonly address: string;
    /** The pause before, in ms. */
    readonly delay: number;
  }
  | {
    readonly type: "connect-failed";
    readonly address: string;
    readonly cause: unknown;
  }
  | {
    readonly type: "connected";
    readonly address: string;
    readonly version: Version;
    readonly server: string | undefined;
  }
  | {
    readonly type: "replayed";
    /** The subscription that goes on, on the new connection. */
    readonly subscription: string;
    readonly destination: string;
  }
  | {
    readonly type: "disconnected";
    /** `undefined`: it was closed gracefully. */
    readonly cause: unknown;
  }
  | {
    /**
     * The broker has been silent for one and a half heart-beat periods. It is
     * given up after two; ActiveMQ, which may skip some, a quarter later.
     */
    readonly type: "broker-silent";
  }
  | {
    /**
     * The broker has taken nothing for five seconds or more. RabbitMQ does so
     * while it is short of memory or disk.
     */
    readonly type: "write-stalled";
    /** How much waits to be written. */
    readonly octets: number;
  }
  | {
    /** The broker takes octets again. */
    readonly type: "write-resumed";
  }
  | {
    /**
     * More than `receiveBuffer` waits to be handed out, and nobody waits for an
     * answer: nothing is read, until somebody takes what waits. That holds up
     * all subscriptions, and the broker's heart-beats are not looked for.
     */
    readonly type: "reading-paused";
    /** How much waits. */
    readonly octets: number;
    /** The subscription that most of it waits in. */
    readonly subscription: string;
    readonly destination: string;
  }
  | {
    /** Octets are read again. */
    readonly type: "reading-resumed";
  }
  | {
    /**
     * The broker has sent as many messages as it may (`prefetch`), and for ten
     * seconds the program has settled none of them: no other one comes.
     */
    readonly type: "consumer-stalled";
    readonly subscription: string;
    readonly destination: string;
    /** How many messages the program has in hand. */
    readonly inHand: number;
    /** For how long it has had the oldest of them, in ms. */
    readonly age: number;
  }
  | {
    /** A handler has failed. */
    readonly type: "handler-failed";
    /** Where the message came from. */
    readonly destination: string;
    /** The `message-id` of the message. */
    readonly message: string;
    /** What the handler has thrown. */
    readonly cause: unknown;
  }
  | {
    readonly type: "unroutable";
    /** The `subscription` header of a message that is nobody's. */
    readonly subscription: string | undefined;
  };

/** How many events a slow listener may be behind before the oldest are lost. */
const MOST = 1000;

/** Hands each event to everybody who listens. */
export class StatusBoard {
  readonly #listeners = new Set<Listener>();
  #isClosed = false;

  /** Tells everybody. */
  post(event: StatusEvent): void {
    for (const listener of this.#listeners) listener.tell(event);
  }

  /** There will be no more. */
  close(): void {
    this.#isClosed = true;
    for (const listener of this.#listeners) listener.wake();
  }

  /** The events from now on, until there will be no more. */
  listen(): AsyncIterableIterator<StatusEvent> {
    const listener = new Listener();
    this.#listeners.add(listener);
    const next = async (): Promise<IteratorResult<StatusEvent>> => {
      for (;;) {
        const event = listener.events.shift();
        if (event !== undefined) return { done: false, value: event };
        if (this.#isClosed || !this.#listeners.has(listener)) {
          return { done: true, value: undefined };
        }
        await listener.more();
      }
    };
    return {
      next,
      return: () => {
        this.#listeners.delete(listener);
        listener.events.length = 0;
        listener.wake();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}

class Listener {
  readonly events: StatusEvent[] = [];
  #more = Promise.withResolvers<void>();

  tell(event: StatusEvent): void {
    if (this.events.length === MOST) this.events.shift();
    this.events.push(event);
    this.wake();
  }

  wake(): void {
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }

  more(): Promise<void> {
    return this.#more.promise;
  }
}
