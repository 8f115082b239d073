import type { Frame } from "../codec/mod.ts";
import {
  type BrokerError,
  ConnectionError,
  quoted,
  type StompError,
  TimeoutError,
  UsageError,
} from "../errors.ts";
import type { ClientContext } from "./client_context.ts";
import type { Connection } from "./connection.ts";
import {
  Delivery,
  type Message,
  settledByBroker,
  type Settler,
} from "./message.ts";
import type { RequestOptions } from "./options.ts";

/** An answer needs no acknowledgement: it comes in ack mode `auto`. */
const SETTLED: Settler = {
  connection: undefined,
  settle: (_, verb) => Promise.reject(settledByBroker(verb)),
};

/** What is added to the headers of a request. */
type RequestHeaders = Readonly<Record<string, string>>;

interface Pending {
  readonly resolve: (answer: Message) => void;
  readonly reject: (error: unknown) => void;
  /** Where the request went out; `undefined` before. */
  connection: Connection | undefined;
}

/**
 * The requests of a client that wait for their answers. All answers of a
 * connection come to one queue, which the broker makes for it and forgets with
 * it; the `correlation-id` says which answer belongs to which request.
 */
export class Requests {
  readonly #context: ClientContext;
  /** By correlation id, in the order of asking. */
  readonly #pending = new Map<string, Pending>();
  /** How many of them have gone out. */
  #asked = 0;
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

  /** Nothing is asked yet. */
  constructor(context: ClientContext) {
    this.#context = context;
  }

  /** Whether a request is out that was not answered. */
  get isAwaited(): boolean {
    return this.#asked > 0;
  }

  /**
   * Asks, and waits for the answer. `send` sends as soon as there is a
   * connection, unless nobody waits any more: it calls `headersOn` then, and
   * resolves when the broker has confirmed.
   */
  ask(
    destination: string,
    { timeout = this.#context.receiptTimeout, signal }: RequestOptions,
    send: (
      headersOn: (connection: Connection) => RequestHeaders | undefined,
    ) => Promise<void>,
  ): Promise<Message> {
    const { clock, signals } = this.#context;
    const id = String(++this.#last);
    return new Promise((resolve, reject) => {
      const cancel = clock.after(timeout, () =>
        pending.reject(
          new TimeoutError(`The answer from ${destination}`, timeout),
        ));
      const forgetSignal = signal &&
        signals.on(signal, () => pending.reject(signal.reason));
      const forget = (isAnswered: boolean): void => {
        cancel();
        forgetSignal?.();
        if (!this.#pending.delete(id) || pending.connection === undefined) {
          return;
        }
        this.#asked--;
        if (!isAnswered && this.#queue !== undefined) {
          this.#queue.isClear = false;
        }
      };
      const pending: Pending = {
        connection: undefined,
        resolve: (answer) => {
          forget(true);
          resolve(answer);
        },
        reject: (error) => {
          forget(false);
          reject(error);
        },
      };
      this.#pending.set(id, pending);
      const headersOn = (connection: Connection) => {
        if (!this.#pending.has(id)) return undefined;
        const queue = this.#queueOn(connection);
        pending.connection = connection;
        this.#asked++;
        return { "reply-to": queue, "correlation-id": id };
      };
      // A receipt alone is no answer, but a refusal is.
      send(headersOn).catch(pending.reject);
    });
  }

  /** A message came that no subscription wants. Says whether it is an answer. */
  answer(frame: Frame, subscription: string | undefined): boolean {
    if (subscription === undefined || subscription !== this.#queue?.name) {
      return false;
    }
    const id = frame.headers.get("correlation-id");
    const pending = id === undefined ? this.#onlyOne() : this.#pending.get(id);
    if (pending === undefined) return false;
    pending.resolve(new Delivery(frame, undefined, SETTLED).message);
    return true;
  }

  /** Not every service says what it answers; with one request it is clear. */
  #onlyOne(): Pending | undefined {
    if (this.#pending.size !== 1 || !this.#queue?.isClear) return undefined;
    const [only] = this.#pending.values();
    return only?.connection === undefined ? undefined : only;
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
    for (const { connection, reject } of [...this.#pending.values()]) {
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

  #queueOn(connection: Connection): string {
    if (this.#queue?.connection !== connection) {
      const name = `/temp-queue/answers-${crypto.randomUUID()}`;
      const { session } = connection;
      if (session.dialect.replies === "subscribed") {
        connection.write(session.subscribe(name, { id: name, ack: "auto" }));
      }
      this.#queue = { connection, name, isClear: true };
    }
    return this.#queue.name;
  }
}

/**
 * Refuses headers that a request sets by itself.
 *
 * @throws {UsageError} that names one.
 */
export function requireFreeHeaders(headers: RequestHeaders = {}): void {
  for (const name of ["reply-to", "correlation-id"]) {
    if (headers[name] === undefined) continue;
    throw new UsageError(
      `The header ${quoted(name)} of a request cannot be given in "headers": ` +
        "request() sets it, to find the answer.",
    );
  }
}
