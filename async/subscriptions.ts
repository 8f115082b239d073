import type { Frame } from "../codec/mod.ts";
import { type BrokerError, quoted, UsageError } from "../errors.ts";
import type { ClientContext } from "./client_context.ts";
import type { Connection } from "./connection.ts";
import type { FrameRouter } from "./frame_router.ts";
import type { SubscribeOptions } from "./options.ts";
import type { Requests } from "./requests.ts";
import { SubscriptionCore } from "./subscription_core.ts";
import type { SettledBy } from "./unsettled.ts";

/** The subscriptions of a client, in the order in which they were made. */
export class Subscriptions implements FrameRouter {
  readonly #context: ClientContext;
  readonly #requests: Requests;
  readonly #cores = new Map<string, SubscriptionCore>();
  /** Where they are subscribed to; `undefined` while there is no connection. */
  #connection: Connection | undefined;
  /** Whether they are subscribed to one by one. */
  #isReplaying = false;
  #lastId = 0;
  /** Of those that have ended. */
  readonly #ended = { handled: 0, unfinished: 0, redeliverable: 0 };
  #overdue: unknown;

  /** There are none yet. */
  constructor(context: ClientContext, requests: Requests) {
    this.#context = context;
    this.#requests = requests;
  }

  /** What has become of the messages, once all of them have ended. */
  get totals(): {
    readonly handled: number;
    readonly unfinished: number;
    readonly redeliverable: number;
  } {
    return this.#ended;
  }

  /** Why the end of one of them was not waited for any longer, if it was not. */
  get overdue(): unknown {
    return this.#overdue;
  }

  /** Whether loops are told when they go on. */
  get haveLoops(): boolean {
    return this.#cores.values().some(({ init, hasLoops }) =>
      hasLoops && (init.settledBy === "loop" || init.settledBy === "program")
    );
  }

  /** What waits and what is in hand, at this moment. */
  count(): {
    waiting: number;
    inHand: number;
    oldestSince: number | undefined;
  } {
    let [waiting, inHand, oldestSince] = [0, 0, Infinity];
    for (const { inbox, unsettled } of this.#cores.values()) {
      waiting += inbox.length;
      inHand += unsettled.inHand;
      oldestSince = Math.min(oldestSince, unsettled.oldestSince ?? Infinity);
    }
    return {
      waiting,
      inHand,
      oldestSince: oldestSince === Infinity ? undefined : oldestSince,
    };
  }

  /**
   * Makes a subscription, at once where there is a connection.
   *
   * @throws {UsageError} if its id is taken, or it cannot be expressed.
   */
  add(
    destination: string,
    options: SubscribeOptions,
    settledBy: SettledBy,
  ): SubscriptionCore {
    const { ack, prefetch, headers, durable, signal } = options;
    signal?.throwIfAborted();
    if (durable !== undefined && options.id !== undefined) {
      throw new UsageError(
        "The name of a durable subscription is its id, too: give either " +
          '"durable" or "id".',
      );
    }
    const id = durable ?? options.id ?? this.#newId();
    if (this.#cores.has(id)) {
      throw new UsageError(
        `There is a subscription with the id ${quoted(id)} already: choose ` +
          "another, or leave the id out.",
      );
    }
    const core = new SubscriptionCore(this.#context, {
      id,
      destination,
      ack,
      prefetch,
      // A reconnect replays what was said now.
      headers: headers && { ...headers },
      durable,
      settledBy,
    }, (core) => this.#remove(core));
    // While others are replayed, it is going to be the last of them.
    if (this.#connection !== undefined && !this.#isReplaying) {
      void core.attach(this.#connection);
    }
    this.#cores.set(id, core);
    if (signal !== undefined) {
      const abort = () => void core.unsubscribe();
      core.onEnd = this.#context.signals.on(signal, abort);
    }
    return core;
  }

  #newId(): string {
    let id: string;
    do id = `subscription-${++this.#lastId}`; while (this.#cores.has(id));
    return id;
  }

  /**
   * There is a connection: all are subscribed to on it, in order. `oneByOne`:
   * each only when the one before is confirmed. So an ERROR that does not say
   * what it is about is about the only one that it can be, and the others live
   * on without that.
   */
  attach(
    connection: Connection,
    oneByOne: boolean,
  ): Promise<void> | undefined {
    this.#connection = connection;
    this.#isReplaying = oneByOne;
    if (oneByOne) return this.#attachOneByOne(connection);
    for (const core of [...this.#cores.values()]) {
      void this.#attach(core, connection);
    }
  }

  async #attachOneByOne(connection: Connection): Promise<void> {
    connection.isReplaying = true;
    for (const core of this.#cores.values()) {
      await this.#attach(core, connection);
      if (connection.failure !== undefined) return;
    }
    // In the turn in which the last one was looked for: none is left out.
    this.#isReplaying = false;
    connection.isReplaying = false;
  }

  #attach(
    core: SubscriptionCore,
    connection: Connection,
  ): Promise<void> | undefined {
    try {
      return core.attach(connection);
    } catch (error) {
      // Another version, perhaps, which cannot express it.
      core.fail(error);
    }
  }

  /** The connection is lost. */
  detach(): void {
    this.#connection = undefined;
    for (const core of this.#cores.values()) core.detach();
  }

  /** All are ended gracefully. */
  async unsubscribe(): Promise<void> {
    await Promise.allSettled(
      this.#cores.values().map((core) => core.unsubscribe()),
    );
  }

  /** All end now, because of this. */
  fail(cause: unknown): void {
    this.#connection = undefined;
    for (const core of [...this.#cores.values()]) core.fail(cause);
  }

  message(frame: Frame, subscription: string | undefined): void {
    const core = this.#cores.get(subscription ?? "");
    if (core !== undefined) core.deliver(frame);
    else if (!this.#requests.answer(frame, subscription)) {
      this.#context.status.post({ type: "unroutable", subscription });
    }
  }

  damaged(subscription: string, error: unknown): void {
    const core = this.#cores.get(subscription);
    if (core !== undefined) core.spoil(error);
    else this.#context.status.post({ type: "unroutable", subscription });
  }

  subscriptionFailed(subscription: string, error: BrokerError): void {
    this.#cores.get(subscription)?.fail(error);
    this.#requests.subscriptionFailed(subscription, error);
  }

  /** An answer may be behind what a handler has no time for until it comes. */
  get isFull(): boolean {
    return this.#context.buffer.isFull && !this.#requests.isAwaited;
  }

  get fullest(): { readonly id: string; readonly destination: string } {
    let fullest: SubscriptionCore | undefined;
    for (const core of this.#cores.values()) {
      if (core.inbox.octets >= (fullest?.inbox.octets ?? 0)) fullest = core;
    }
    return fullest?.init ?? { id: "", destination: "" };
  }

  /** Another one may have its name by now. */
  #remove(core: SubscriptionCore): void {
    const { init, unsettled, redeliverable, overdue } = core;
    if (this.#cores.get(init.id) === core) this.#cores.delete(init.id);
    this.#ended.handled += unsettled.handled;
    this.#ended.unfinished += unsettled.unfinished;
    this.#ended.redeliverable += redeliverable;
    this.#overdue ??= overdue;
  }
}
