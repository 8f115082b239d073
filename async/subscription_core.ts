import type { Frame } from "../codec/mod.ts";
import {
  type BrokerError,
  ConnectionError,
  TimeoutError,
  UsageError,
} from "../errors.ts";
import type { AckMode } from "../session/events.ts";
import type { ClientContext } from "./client_context.ts";
import type { Connection } from "./connection.ts";
import { CreditWatch } from "./credit_watch.ts";
import { Inbox } from "./inbox.ts";
import type { Message } from "./message.ts";
import { MessageIterator } from "./message_iterator.ts";
import {
  DEFAULTS,
  type ReceiveOptions,
  type UnsubscribeOptions,
} from "./options.ts";
import { receive } from "./receive.ts";
import { ResubscribeGrace } from "../session/resubscribe_grace.ts";
import { fromCall } from "./stack_trace.ts";
import { type Stage, STAGES } from "./stages.ts";
import { type SettledBy, Unsettled } from "./unsettled.ts";

/** How a subscription is made. */
export interface SubscriptionInit {
  readonly id: string;
  readonly destination: string;
  /** `undefined`: whatever the connection's version has. */
  readonly ack: AckMode | undefined;
  readonly prefetch: number | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** The name under which it outlives the connection; it is the id, too. */
  readonly durable: string | undefined;
  readonly settledBy: SettledBy;
}

/**
 * What stands behind a subscription: its SUBSCRIBE, which is made anew on each
 * connection, the messages that wait and those that are not settled, and how it
 * ends.
 */
export class SubscriptionCore {
  /** Resolves when the broker has confirmed it, or rejects if it refuses. */
  readonly ready: Promise<void>;
  readonly init: SubscriptionInit;
  /** What was handed out and is not settled. */
  readonly unsettled: Unsettled;
  /** What waits to be handed out. */
  readonly inbox: Inbox;
  readonly #context: ClientContext;
  /** Called when it ends. */
  onEnd: (() => void) | undefined;
  readonly #removed: (core: SubscriptionCore) => void;
  readonly #ready = Promise.withResolvers<void>();
  readonly #grace = new ResubscribeGrace();
  readonly #credit: CreditWatch;
  #cancelRetry: (() => void) | undefined;
  /** Where it is subscribed; `undefined` while there is no connection. */
  #connection: Connection | undefined;
  #loops = 0;
  #stage: Stage = "open";
  #idle = Promise.withResolvers<void>();
  #ending: Promise<void> | undefined;
  #redeliverable = 0;
  /** Why its end was not waited for any longer. */
  #overdue: TimeoutError | undefined;
  /** Whether the broker is to forget it, though it is durable. */
  #isDeleted = false;
  /** Whether an UNSUBSCRIBE has been written. */
  #isGoodByeSaid = false;

  /** It begins with {@linkcode attach}; `removed` is called at its end. */
  constructor(
    context: ClientContext,
    init: SubscriptionInit,
    removed: (core: SubscriptionCore) => void,
  ) {
    this.#context = context;
    this.init = init;
    this.#removed = removed;
    this.ready = this.#ready.promise;
    // Whoever iterates is told as well.
    this.ready.catch(() => {});
    const { ack = "client-individual", settledBy } = init;
    const onReleased = () => this.#checkIdle();
    this.unsettled = new Unsettled(context, ack, settledBy, onReleased);
    this.inbox = new Inbox(context, this.unsettled);
    this.#credit = new CreditWatch(context, this.unsettled, {
      id: init.id,
      destination: init.destination,
      prefetch: init.prefetch ?? DEFAULTS.prefetch,
    });
  }

  /** Messages that came and were never handed out. */
  get redeliverable(): number {
    return this.#redeliverable;
  }

  /** Why it has ended with messages in hand, if it has. */
  get overdue(): TimeoutError | undefined {
    return this.#overdue;
  }

  /** Whether somebody iterates its messages. */
  get hasLoops(): boolean {
    return this.#loops > 0;
  }

  /** What a loop does with the messages. */
  iterate(): MessageIterator {
    if (this.unsettled.ack === "client") this.#requireOneLoop(this.#loops + 1);
    this.#loops++;
    return new MessageIterator(this.inbox, this.unsettled, () => {
      this.#loops--;
      // Nobody is left to get what the broker has forgotten.
      if (this.#stage !== "open" && this.#loops === 0) this.#discard();
      this.#checkIdle();
    });
  }

  /** What `Subscription.receive` does. */
  receive(options: ReceiveOptions): Promise<Message | null> {
    return receive(this.inbox, this.unsettled, this.#context, options);
  }

  /** One loop would acknowledge what another has not finished. */
  #requireOneLoop(loops: number): void {
    if (loops < 2 || this.init.settledBy !== "loop") return;
    throw new UsageError(
      `The subscription ${this.init.id} has several loops: in ack mode ` +
        '"client" one would acknowledge what another has not finished. Use ' +
        '"client-individual", or "manualAck".',
    );
  }

  /** Ends it gracefully. Idempotent. */
  unsubscribe(options: UnsubscribeOptions = {}): Promise<void> {
    if (options.delete) {
      this.#requireDeletable();
      this.#isDeleted = true;
    }
    if (this.#ending === undefined) {
      this.#ending = this.#drain();
      // Nobody need wait for it: inside a loop nobody should.
      this.#ending.catch(() => {});
    }
    return this.#ending;
  }

  #requireDeletable(): void {
    const { id, durable } = this.init;
    if (durable === undefined) {
      throw new UsageError(
        `The subscription ${id} is not durable, so that there is nothing to ` +
          "delete: just unsubscribe.",
      );
    }
    if (!this.#isGoodByeSaid && this.#stage !== "closed") return;
    throw new UsageError(
      `The subscription ${id} has ended without being deleted: subscribe ` +
        "under its name again to delete it.",
    );
  }

  /**
   * Subscribes on a connection, for the first time or again, and resolves when
   * the broker has answered.
   *
   * @throws {UsageError} if the SUBSCRIBE cannot be expressed there, at once.
   */
  attach(connection: Connection): Promise<void> | undefined {
    if (this.#ending !== undefined || this.#stage !== "open") return undefined;
    const { session } = connection;
    const { id, destination, prefetch, headers, durable } = this.init;
    const ack = this.init.ack ??
      (session.version === "1.0" ? "client" : "client-individual");
    this.unsettled.ack = ack;
    if (ack === "client") this.#requireOneLoop(this.#loops);
    const receipt = session.newReceipt();
    const frame = session.subscribe(destination, {
      id,
      ack,
      prefetch: prefetch ?? (ack === "auto" ? undefined : DEFAULTS.prefetch),
      headers,
      durable,
      receipt,
    });
    const operation = `the SUBSCRIBE to ${destination}`;
    const confirmed = connection.request(frame, operation, { receipt });
    this.#connection = connection;
    this.unsettled.connection = connection;
    return confirmed.then(
      () => this.#confirmed(),
      (error) => {
        // What a loss means is for the client to say, and the broker may have
        // said before that it has come to nothing.
        if (error instanceof ConnectionError || this.#stage === "closed") {
          return;
        }
        // It is late: the broker may send nevertheless.
        if (error instanceof TimeoutError) this.#giveUp(connection);
        session.withdraw(frame);
        this.#refused(connection, error);
      },
    );
  }

  #confirmed(): void {
    const { id, destination } = this.init;
    if (this.#grace.hasWorked) {
      this.#context.status.post({
        type: "replayed",
        subscription: id,
        destination,
      });
    }
    this.#grace.confirmed();
    this.#ready.resolve();
  }

  /** What has worked is tried again for a while, while the connection stays. */
  #refused(connection: Connection, error: BrokerError | TimeoutError): void {
    const { clock } = this.#context;
    const now = clock.now();
    const isFinal = this.#ending !== undefined || !this.#grace.refused(now);
    if (isFinal) return this.fail(error);
    this.#cancelRetry = clock.after(this.#grace.pause(now), () => {
      if (this.#connection !== connection) return;
      try {
        void this.attach(connection);
      } catch (cause) {
        this.fail(cause);
      }
    });
  }

  #giveUp(connection: Connection): void {
    const { session } = connection;
    const isThere = connection.failure === undefined &&
      session.state === "connected" &&
      session.subscription(this.init.id) !== undefined;
    if (isThere) connection.write(session.unsubscribe(this.init.id));
  }

  /**
   * The connection is lost. What came over it can no longer be settled, and
   * comes again. Called by the client.
   */
  detach(): void {
    this.#connection = undefined;
    this.#cancelRetry?.();
    if (this.unsettled.ack !== "auto") this.#discard();
    this.#redeliverable = 0;
    this.unsettled.end();
    this.unsettled.forgetUnfinished();
    this.#checkIdle();
  }

  /** A message came. Called by the client. */
  deliver(frame: Frame): void {
    if (STAGES[this.#stage].begins) {
      this.inbox.push(frame);
      this.#credit.came();
    } else if (this.#stage !== "closed") this.#redeliverable++;
  }

  /**
   * A message came that cannot be handed out. What came before it is, and can be
   * settled; then the subscription ends with this. Called by the client.
   */
  spoil(error: unknown): void {
    if (!STAGES[this.#stage].begins) return;
    this.#stage = "draining";
    this.inbox.close(error);
    this.#ending = this.#untilIdle()
      .then(() => this.#sayGoodBye())
      .catch(() => {})
      .then(() => this.fail(error));
  }

  /**
   * It ends now. Whoever waits is told why; without a reason the loops end as
   * if there were no more messages. Called by the client.
   */
  fail(failure: unknown): void {
    if (this.#stage === "closed") return;
    this.#stage = "closed";
    this.#connection = undefined;
    this.#cancelRetry?.();
    this.#ready.reject(
      failure ?? new UsageError(
        `The subscription to ${this.init.destination} was ended before the ` +
          "broker had confirmed it.",
      ),
    );
    this.#credit.stop();
    this.unsettled.end();
    // In auto mode the broker has forgotten them: they are still handed out.
    const isLost = this.unsettled.ack !== "auto" || failure === undefined;
    if (isLost || this.#loops === 0) this.#discard();
    this.inbox.close(failure);
    this.#idle.resolve();
    this.onEnd?.();
    this.#removed(this);
  }

  async #drain(): Promise<void> {
    try {
      const isAuto = this.unsettled.ack === "auto";
      // In auto mode nobody else will ever get what has been sent to us: first
      // no more is sent, then that is handed out, whatever came of the first.
      const farewell = isAuto ? this.#sayGoodBye() : undefined;
      await farewell?.catch(() => {});
      if (!isAuto || this.#loops === 0) this.#discard();
      if (this.#stage === "open") this.#stage = "draining";
      this.inbox.close();
      await this.#untilIdle();
      await (farewell ?? this.#sayGoodBye());
    } catch (error) {
      throw fromCall(error);
    } finally {
      this.fail(undefined);
    }
  }

  async #sayGoodBye(): Promise<void> {
    const connection = this.#connection;
    const { id, destination } = this.init;
    if (connection === undefined) {
      if (!this.#isDeleted) return;
      throw new ConnectionError(
        `The subscription ${id} was not deleted: there was no connection. ` +
          "Subscribe under its name again to delete it.",
      );
    }
    const { session } = connection;
    const receipt = session.newReceipt();
    this.#isGoodByeSaid = true;
    const frames = this.#isDeleted
      ? session.deleteSubscription(id, { receipt })
      : [session.unsubscribe(id, { receipt })];
    const last = frames.pop()!;
    for (const frame of frames) connection.write(frame);
    const left = connection.request(
      last,
      `the UNSUBSCRIBE from ${destination}`,
      {
        receipt,
        timeout: this.#context.drainTimeout,
      },
    );
    if (this.unsettled.ack !== "auto") {
      this.#stage = "leaving";
      // What is settled from now on would come too late for the broker.
      this.unsettled.connection = undefined;
    }
    await left;
  }

  get #isIdle(): boolean {
    return this.unsettled.inHand === 0 && this.inbox.length === 0;
  }

  #checkIdle(): void {
    if (this.#isIdle && this.#stage === "draining") this.#idle.resolve();
  }

  /** Waits for loops and handlers, unless the client has a time-out for that. */
  async #untilIdle(): Promise<void> {
    if (this.#isIdle || this.#stage === "closed") return;
    const { clock, drainTimeout } = this.#context;
    const cancel = clock.after(drainTimeout, () => {
      if (this.#context.isClosing) return;
      const what = "The end of a subscription's loops and handlers";
      this.#overdue = new TimeoutError(what, drainTimeout);
      this.#idle.resolve();
    });
    await this.#idle.promise;
    cancel();
  }

  #discard(): void {
    this.#redeliverable += this.inbox.discard();
  }
}
