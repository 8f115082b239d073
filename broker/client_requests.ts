import { Frame, type Version } from "../codec/mod.ts";
import { quoted } from "../errors.ts";
import type { AckMode } from "../session/events.ts";
import { ownBody } from "./body_slabs.ts";
import { creditOf, durableName } from "./broker_dialect.ts";
import type { BrokerCore, ClientIdentity } from "./core.ts";
import { type IdRules, keyOf, settledBy } from "./frame_ids.ts";
import type { Outcome } from "./outcome.ts";
import { keptName, Refusal, required, requiredName } from "./refusal.ts";
import { BrokerSubscription } from "./subscription.ts";
import { Subscriptions } from "./subscriptions.ts";
import { type Transaction, Transactions } from "./transactions.ts";

/** Where frames for a client go. */
export interface FrameOutput {
  /** Whether it takes more messages. */
  readonly isWritable: boolean;
  /** Sends a frame, in the version that was settled on. */
  send(frame: Frame): void;
}

/** Who a client is, once its session is open. */
export interface ConnectedClient {
  readonly identity: ClientIdentity;
  readonly version: Version;
  /** The name that it has given itself. */
  readonly client: string | undefined;
}

const ACK_MODES: readonly string[] = ["auto", "client", "client-individual"];

/** What a subscription takes beside its names, roughly. */
const SUBSCRIPTION_OVERHEAD = 1500;

/** What one client's frames do: its subscriptions, its transactions, its messages. */
export class ClientRequests {
  readonly #core: BrokerCore;
  readonly #output: FrameOutput;
  readonly #who: ConnectedClient;
  readonly #subscriptions: Subscriptions;
  readonly #transactions: Transactions;
  /** Destinations that a reply-to has subscribed to. */
  readonly #implicit = new Set<string>();
  /** What the latest SUBSCRIBE has asked for. */
  #prefetch: number | undefined;
  #room: Promise<void> | undefined;
  /** Whether nobody is there any more, and what had come before is handled. */
  #isOrphaned = false;

  /** The session is open. */
  constructor(core: BrokerCore, output: FrameOutput, who: ConnectedClient) {
    this.#core = core;
    this.#output = output;
    this.#who = who;
    this.#subscriptions = new Subscriptions(core.dialect, core.budget);
    this.#transactions = new Transactions(
      core.options.maxTransactions ?? Infinity,
      core.budget,
    );
  }

  /** Resolves when there is room for what the client may send next; once. */
  takeRoom(): Promise<void> | undefined {
    const room = this.#room;
    this.#room = undefined;
    return room;
  }

  /** Whether there is something that was not settled by a subscription that has ended. */
  get holdsAfterEnd(): boolean {
    return this.#subscriptions.holdsAfterEnd;
  }

  /** The connection takes more messages again. */
  refresh(): void {
    this.#subscriptions.refresh();
  }

  /**
   * The client is gone, and frames of it may follow that had come before. What it
   * has not acknowledged goes back, unless a transaction claims it that those
   * frames may commit.
   */
  orphan(): void {
    this.#isOrphaned = true;
    this.#subscriptions.endAll();
  }

  /** No frame follows: transactions are void, and give back what they had claimed. */
  end(): void {
    this.#subscriptions.release(this.#transactions.clear());
    this.#subscriptions.endAll();
  }

  /** Whether the receipt of a frame comes with the end of its transaction. */
  confirmsLater(frame: Frame, receipt: string): boolean {
    const transaction = this.#transactions.of(frame);
    if (transaction === undefined) return false;
    this.#transactions.confirmLater(transaction, receipt);
    return true;
  }

  /** Does what a frame wants, and says what is to follow its receipt. */
  handle(frame: Frame): (() => void) | void {
    switch (frame.command) {
      case "SEND":
        return this.#send(frame);
      case "SUBSCRIBE":
        return this.#subscribe(frame);
      case "UNSUBSCRIBE":
        return this.#unsubscribe(frame);
      case "ACK":
        return this.#settle(frame, "accepted");
      case "NACK":
        return this.#settle(
          frame,
          frame.headers.get("requeue") === "false"
            ? "rejected"
            : this.#core.dialect.nackOutcome,
        );
      case "BEGIN":
        return this.#transactions.begin(frame);
      case "COMMIT":
      case "ABORT":
        return this.#end(frame);
    }
  }

  #send(frame: Frame): void {
    required(frame, "destination");
    const transaction = this.#transactions.of(frame);
    const { secret } = this.#who.identity;
    let content = this.#core.contentOf(frame, secret);
    if (transaction === undefined) this.#core.requireRoom([content]);
    else {
      content = { ...content, body: ownBody(content.body) };
      const held = this.#transactions.held(content.destination);
      this.#core.requireBound(content, held);
    }
    this.#expectAnswers(frame.headers.get("reply-to") ?? "");
    if (transaction !== undefined) {
      this.#transactions.hold(transaction, content);
    }
    this.#perform(transaction, () => {
      const room = this.#core.publish(content);
      const before = this.#room;
      this.#room = room && before
        ? Promise.all([before, room]).then(() => {})
        : room ?? before;
    });
  }

  /** Who names a queue for answers has it, without a SUBSCRIBE. */
  #expectAnswers(replyTo: string): void {
    if (
      !this.#core.dialect.repliesWithoutSubscribe ||
      !replyTo.startsWith("/temp-queue/") ||
      this.#subscriptions.consumes(replyTo)
    ) return;
    const headers = { id: replyTo, destination: replyTo };
    this.#subscribe(new Frame("SUBSCRIBE", headers))();
    this.#implicit.add(replyTo);
  }

  #subscribe(frame: Frame): () => void {
    const { dialect, options } = this.#core;
    const destination = requiredName(frame, "destination");
    const key = keptName("SUBSCRIBE", "id", keyOf(frame, this.#idRules));
    this.#requireFreeKey(key, destination);
    const ack = frame.headers.get("ack") ?? "auto";
    if (!ACK_MODES.includes(ack)) {
      throw new Refusal(
        `${quoted(ack)} is not an ack mode: use ${ACK_MODES.join(", ")}.`,
      );
    }
    const { maxSubscriptions = Infinity } = options;
    if (this.#subscriptions.size >= maxSubscriptions) {
      throw new Refusal(
        `There are ${maxSubscriptions} subscriptions on this connection, and ` +
          "more may not be (maxSubscriptions): UNSUBSCRIBE one first.",
        { isFatal: true },
      );
    }
    const octets = SUBSCRIPTION_OVERHEAD + key.length + destination.length;
    this.#core.budget.require(octets);
    const inherited = dialect.inheritsPrefetch ? this.#prefetch : undefined;
    this.#prefetch = creditOf(frame, dialect) ?? inherited;
    const source = this.#core.enter(
      destination,
      durableName(frame, dialect, this.#who.client, destination),
      this.#who.identity.secret,
    );
    const output = this.#output;
    const subscription = new BrokerSubscription({
      id: frame.headers.get("id"),
      key,
      destination,
      ack: ack as AckMode,
      prefetch: this.#prefetch ?? Infinity,
      saysRedelivered: dialect.saysRedelivered,
      version: this.#who.version,
      queue: source.queue,
      watch: this.#subscriptions,
      isWritable: () => output.isWritable,
      send: (message) => output.send(message),
    });
    this.#subscriptions.add(subscription, source, octets);
    // A durable one gathers from now on, even if its client is gone.
    return () =>
      this.#isOrphaned ? this.#subscriptions.endAll() : subscription.attach();
  }

  #requireFreeKey(key: string, destination: string): void {
    // A SUBSCRIBE takes the place of what a reply-to had subscribed to.
    if (this.#implicit.delete(destination)) {
      this.#subscriptions.end(destination);
    }
    if (this.#subscriptions.get(key) === undefined) return;
    if (this.#core.dialect.sharesIds) return;
    throw new Refusal(
      `There is a subscription ${quoted(key)} on this connection already.`,
      { isFatal: true },
    );
  }

  #unsubscribe(frame: Frame): void {
    const { durable } = this.#core.dialect;
    const key = keyOf(frame, this.#idRules);
    const subscription = this.#subscriptions.get(key);
    const name = durableName(
      frame,
      this.#core.dialect,
      this.#who.client,
      subscription?.destination ?? "",
    );
    const isByName = name !== undefined && durable?.deleteHeader === undefined;
    if (subscription === undefined && !isByName) {
      if (this.#isOrphaned) return;
      throw new Refusal(`There is no subscription ${quoted(key)} to end.`);
    }
    if (subscription !== undefined && !(isByName && durable?.isLeftFirst)) {
      this.#implicit.delete(key);
      this.#subscriptions.end(key);
    }
    if (name === undefined) return;
    // It may not be durable, or, where names are everybody's, another client's.
    // What a successor of a client that is gone consumes stays.
    const isMeant = isByName && !this.#isOrphaned;
    if (isMeant || this.#core.isLeft(name)) this.#core.forget(name);
  }

  get #idRules(): IdRules {
    return { version: this.#who.version, dialect: this.#core.dialect };
  }

  #settle(frame: Frame, outcome: Outcome): void {
    const [message, key] = settledBy(frame, this.#idRules);
    const found = this.#subscriptions.unsettled(message, key);
    if (found === undefined || !found.subscription.isFree(found.delivery)) {
      if (this.#subscriptions.takeLate(message, key)) return;
      if (this.#isOrphaned) return this.#spoil(frame);
      throw new Refusal(
        `There is no message that this ${frame.command} could be for: it was ` +
          "settled before, or its subscription has ended.",
      );
    }
    const { defersAck, nacksTogether } = this.#core.dialect;
    // What is covered must not be forgotten because there is no such transaction.
    const transaction = defersAck ? this.#transactions.of(frame) : undefined;
    const { subscription, delivery } = found;
    const claim = subscription.claim(
      delivery,
      frame.command === "ACK" || nacksTogether,
    );
    transaction?.claims.push({ subscription, claim });
    this.#perform(transaction, () => subscription.settle(claim, outcome));
  }

  /** What a frame was to settle has gone back, so its transaction must do nothing. */
  #spoil(frame: Frame): void {
    const transaction = this.#transactions.of(frame);
    if (transaction !== undefined) transaction.isSpoilt = true;
  }

  /** Does something now, or when its transaction is committed. */
  #perform(transaction: Transaction | undefined, action: () => void): void {
    if (transaction === undefined) action();
    else transaction.actions.push(action);
  }

  #end(frame: Frame): () => void {
    required(frame, "transaction");
    const transaction = this.#transactions.of(frame)!;
    const { actions, sends, receipts, claims, isSpoilt } = transaction;
    const isCommitted = frame.command === "COMMIT" && !isSpoilt;
    if (isCommitted) this.#core.requireRoom(sends, transaction.octets);
    this.#transactions.end(frame, transaction);
    for (const action of isCommitted ? actions : []) action();
    if (isCommitted) this.#subscriptions.settled(claims);
    else this.#subscriptions.release(claims);
    return () => {
      for (const receipt of isCommitted ? receipts : []) {
        this.#output.send(new Frame("RECEIPT", { "receipt-id": receipt }));
      }
    };
  }
}
