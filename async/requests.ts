import type { Frame } from "../codec/mod.ts";
import {
  type BrokerError,
  ConnectionError,
  type StompError,
} from "../errors.ts";
import type { Connection } from "./connection.ts";
import { Message, settledByBroker, type Settlement } from "./message.ts";

/** A request that waits for its answer. */
export interface Question {
  /** Resolves with the answer; rejects if none can come any more. */
  readonly answer: Promise<Message>;
  /**
   * It goes out on this connection: what must be added to its headers. What it
   * takes to get the answer goes out before.
   */
  headersOn(connection: Connection): Readonly<Record<string, string>>;
  /** Nobody waits for the answer any more. */
  forget(): void;
}

interface Pending extends PromiseWithResolvers<Message> {
  /** Where the request went out; `undefined` before. */
  connection: Connection | undefined;
  isAnswered: boolean;
}

/** An answer needs no acknowledgement: it comes in ack mode `auto`. */
const SETTLED: Settlement = {
  settled: undefined,
  isStale: false,
  settle: (verb) => Promise.reject(settledByBroker(verb)),
};

/**
 * The answers to a client's requests. All those of a connection come to one
 * queue, which the broker makes for it and forgets with it; the
 * `correlation-id` says which answer belongs to which request.
 */
export class Answers {
  /** By correlation id, in the order of asking. */
  readonly #pending = new Map<string, Pending>();
  /** Where answers go to, on the connection that this was agreed on. */
  #queue:
    | {
      readonly connection: Connection;
      readonly name: string;
      /** Whether nothing may still come for a request that was given up. */
      isClear: boolean;
    }
    | undefined;
  #last = 0;

  /** There is something to be asked. */
  expect(): Question {
    const id = String(++this.#last);
    const pending: Pending = {
      ...Promise.withResolvers<Message>(),
      connection: undefined,
      isAnswered: false,
    };
    // Whoever asks may not be waiting yet.
    pending.promise.catch(() => {});
    this.#pending.set(id, pending);
    return {
      answer: pending.promise,
      headersOn: (connection) => {
        pending.connection = connection;
        return {
          "reply-to": this.#queueOf(connection),
          "correlation-id": id,
        };
      },
      forget: () => {
        this.#pending.delete(id);
        const isOpen = pending.connection !== undefined && !pending.isAnswered;
        if (isOpen && this.#queue !== undefined) this.#queue.isClear = false;
      },
    };
  }

  /** Whether a request is out that was not answered. */
  get isAwaited(): boolean {
    return this.#pending.values().some(({ connection }) =>
      connection !== undefined
    );
  }

  /** A message came that no subscription wants. Says whether it is an answer. */
  take(frame: Frame, subscription: string | undefined): boolean {
    if (subscription === undefined || subscription !== this.#queue?.name) {
      return false;
    }
    const id = frame.headers.get("correlation-id");
    const [only, ...others] = this.#pending.values();
    // Not every service says what it answers; with one request it is clear.
    const isClear = id === undefined && others.length === 0 &&
      this.#queue.isClear && only?.connection !== undefined;
    const pending = isClear ? only : this.#pending.get(id ?? "");
    if (pending === undefined) return false;
    pending.isAnswered = true;
    pending.resolve(new Message(frame, SETTLED));
    return true;
  }

  /** The broker has ended a subscription: perhaps that of the queue for answers. */
  subscriptionFailed(subscription: string, cause: BrokerError): void {
    if (subscription !== this.#queue?.name) return;
    this.#noneComes("the broker has given up the queue for answers", cause);
  }

  /** The connection is lost, and with it the queue for answers. */
  lost(cause: ConnectionError): void {
    this.#noneComes("the connection was lost before its answer came", cause);
  }

  #noneComes(reason: string, cause: StompError): void {
    this.#queue = undefined;
    for (const { connection, reject } of this.#pending.values()) {
      if (connection === undefined) continue;
      reject(
        new ConnectionError(
          `It is unknown whether the request was heard: ${reason}. Repeating it ` +
            "may have it done twice.",
          { cause, unknown: true },
        ),
      );
    }
  }

  #queueOf(connection: Connection): string {
    if (this.#queue?.connection !== connection) {
      const name = `/temp-queue/answers-${crypto.randomUUID()}`;
      const { session } = connection;
      if (session.dialect.replies === "subscribed") {
        connection.append(session.subscribe(name, { id: name, ack: "auto" }));
      }
      this.#queue = { connection, name, isClear: true };
    }
    return this.#queue.name;
  }
}
