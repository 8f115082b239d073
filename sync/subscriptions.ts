import { BrokerError, UsageError } from "../errors.ts";
import { owned } from "../session/owned_options.ts";
import { DEFAULTS, type SyncSubscribeOptions } from "./options.ts";
import type { Request } from "./request.ts";

/** A subscription as it is made, and made again on another connection. */
export interface Subscribing {
  readonly destination: string;
  readonly options: SyncSubscribeOptions & { readonly id: string };
}

/** What the program has subscribed to, on whichever connection. */
export class Subscriptions {
  /** In the order in which they were made. */
  readonly #made = new Map<string, Subscribing>();
  /** Which of them the broker has refused to make again. */
  readonly #refused = new WeakMap<BrokerError, string>();
  #last = 0;

  /** One with an id, which is not there before it is {@linkcode add}ed. */
  make(destination: string, options: SyncSubscribeOptions): Subscribing {
    if (options.durable !== undefined && options.id !== undefined) {
      throw new UsageError(
        "The name of a durable subscription is its id, too: give either " +
          '"durable" or "id".',
      );
    }
    const id = options.durable ?? options.id ?? this.#newId();
    return { destination, options: { ...owned(options), id } };
  }

  /** It stands. */
  add(subscribing: Subscribing): void {
    this.#made.set(subscribing.options.id, subscribing);
  }

  /** It has ended. */
  delete(id: string): void {
    this.#made.delete(id);
  }

  /** Whether the program knows of it. */
  has(id: string): boolean {
    return this.#made.has(id);
  }

  /** What there is, in the order in which it was made. */
  inOrder(): readonly Subscribing[] {
    return [...this.#made.values()];
  }

  /** What a refusal to make one again is thrown as; other errors as they are. */
  refusalOf({ destination, options }: Subscribing, error: unknown): unknown {
    if (!(error instanceof BrokerError)) return error;
    const refusal = new BrokerError(
      `The subscription to ${destination} cannot be made again. ${error.message}`,
      error.frame,
      { cause: error },
    );
    this.#refused.set(refusal, options.id);
    return refusal;
  }

  /** Those have ended that are refused to the end, as these errors say. */
  forgetRefused(errors: readonly unknown[]): void {
    for (const error of errors) {
      const id = this.#refused.get(error as BrokerError);
      if (id !== undefined) this.#made.delete(id);
    }
  }

  #newId(): string {
    let id: string;
    do id = `sub-${++this.#last}`; while (this.#made.has(id));
    return id;
  }
}

/** What makes it. */
export function requestOf({ destination, options }: Subscribing): Request {
  const { id, headers, durable, receipt = true, timeout } = options;
  return {
    verb: "subscribe",
    name: `the SUBSCRIBE to ${destination}`,
    receipt,
    timeout,
    subscription: id,
    frames: (session, receipt) => {
      const ack = options.ack ??
        (session.version === "1.0" ? "client" : "client-individual");
      const prefetch = options.prefetch ??
        (ack === "auto" ? undefined : DEFAULTS.prefetch);
      const how = { id, ack, prefetch, headers, durable, receipt };
      return [session.subscribe(destination, how)];
    },
  };
}
