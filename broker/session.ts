import { Frame, type Version } from "../codec/mod.ts";
import { quoted, StompError } from "../errors.ts";
import type { AckMode } from "../session/events.ts";
import type { HeartBeat } from "../session/heart_beat.ts";
import { nextState, type SessionState } from "../session/states.ts";
import type { BrokerCore } from "./core.ts";
import { shakeHands } from "./handshake.ts";
import { creditOf, durableName } from "./broker_dialect.ts";
import { type IdRules, keyOf, settledBy } from "./frame_ids.ts";
import { Refusal, required } from "./refusal.ts";
import type { Outcome } from "./outcome.ts";
import { BrokerSubscription, type Delivery } from "./subscription.ts";
import { Subscriptions } from "./subscriptions.ts";
import { type Transaction, Transactions } from "./transactions.ts";

/** Where a session's frames go. */
export interface SessionOutput {
  /** Whether it takes more messages; {@linkcode BrokerSession.refresh} says when again. */
  readonly isWritable: boolean;
  /** Sends a frame, in the version that was settled on. */
  send(frame: Frame): void;
  /** Closes the connection once everything before has been sent. */
  close(): void;
}

const ACK_MODES: readonly string[] = ["auto", "client", "client-individual"];

/** The commands that can belong to a transaction. */
const INSIDE: readonly string[] = ["SEND", "ACK", "NACK"];

/** One client of the broker: its session, subscriptions and transactions. */
export class BrokerSession {
  readonly #core: BrokerCore;
  readonly #session: string;
  readonly #output: SessionOutput;
  #state: SessionState = "idle";
  #version: Version | undefined;
  #heartBeat: HeartBeat = [0, 0];
  /** The name that it has given itself. */
  #client: string | undefined;
  /** Whether that name is taken by us, not free or a successor's. */
  #isEnrolled = false;
  readonly #subscriptions: Subscriptions;
  readonly #transactions = new Transactions();
  /** What the latest SUBSCRIBE has asked for. */
  #prefetch: number | undefined;
  #room: Promise<void> | undefined;
  /** Whether nobody is there any more, and what had come before is handled. */
  #isGone = false;

  /** A client has connected, which hears by `output`. */
  constructor(core: BrokerCore, output: SessionOutput) {
    this.#core = core;
    this.#session = core.newSession();
    this.#output = output;
    this.#subscriptions = new Subscriptions(core.dialect);
  }

  /** The version that was settled on. */
  get version(): Version | undefined {
    return this.#version;
  }

  /** The periods that were settled on: how often we send, how often the client. */
  get heartBeat(): HeartBeat {
    return this.#heartBeat;
  }

  /**
   * Resolves when the queues have room for what the client may send next;
   * `undefined`: they have.
   */
  takeRoom(): Promise<void> | undefined {
    const room = this.#room;
    this.#room = undefined;
    return room;
  }

  /**
   * Whether what it has sent is to be handled without waiting for room: it is
   * gone and holds messages still, for which others may wait.
   */
  get isUrgent(): boolean {
    return this.#isGone && this.#subscriptions.holdsAfterEnd;
  }

  /**
   * Takes a frame of the client's. Whatever is wrong with it is answered with
   * ERROR and the end of the connection (STOMP 1.2, "ERROR").
   */
  receive(frame: Frame): void {
    if (this.#state === "closed") return;
    const receipt = frame.headers.get("receipt");
    try {
      const next = nextState(this.#state, "client", frame.command, "broker");
      const afterwards = this.#handle(frame);
      this.#state = next === "connecting" ? "connected" : next;
      // CONNECT may not ask for one (STOMP 1.2, "receipt").
      if (receipt !== undefined && next !== "connecting") {
        this.#confirm(receipt, frame);
      }
      afterwards?.();
      if (next === "disconnecting") {
        this.lost();
        this.#output.close();
      }
    } catch (error) {
      if (!(error instanceof StompError)) throw error;
      if (this.#survivesErrorOn(frame, error)) this.#complain(error, receipt);
      else this.refuse(error, receipt);
    }
  }

  /** Whether the connection goes on after this. */
  #survivesErrorOn({ command }: Frame, error: StompError): boolean {
    const { survivesErrorOn } = this.#core.dialect;
    if (error instanceof Refusal && error.isFatal) return false;
    return survivesErrorOn === "all" || survivesErrorOn.includes(command);
  }

  #confirm(receipt: string, frame: Frame): void {
    const { confirmsEarly } = this.#core.dialect;
    // The one of a COMMIT or ABORT is gone by now.
    const isInside = !confirmsEarly && INSIDE.includes(frame.command);
    const transaction = isInside ? this.#transactions.of(frame) : undefined;
    if (transaction !== undefined) transaction.receipts.push(receipt);
    else this.#output.send(new Frame("RECEIPT", { "receipt-id": receipt }));
  }

  /** Answers ERROR and ends the connection. */
  refuse(error: StompError, receipt?: string): void {
    if (this.#state === "closed") return;
    this.#complain(error, receipt);
    this.lost();
    this.#output.close();
  }

  #complain(error: StompError, receipt: string | undefined): void {
    const headers: (readonly [string, string])[] = [
      ["message", error.message.split("\n", 1)[0]!],
      ["content-type", "text/plain;charset=utf-8"],
    ];
    if (receipt !== undefined && this.#core.dialect.namesReceipt) {
      headers.push(["receipt-id", receipt]);
    }
    if (error instanceof Refusal) headers.push(...error.headers);
    this.#output.send(new Frame("ERROR", headers, error.message));
  }

  /**
   * The client is gone, and frames of it may follow that had come before. What
   * it has not acknowledged goes back at once, unless a transaction claims it
   * that those frames may commit.
   */
  gone(): void {
    this.#isGone = true;
    this.#subscriptions.endAll();
    // Others may have the name now; what follows is still done under it.
    if (this.#isEnrolled) this.#core.dismiss(this.#client!);
    this.#isEnrolled = false;
  }

  /** No frame follows: transactions are void, and give back what they had claimed. */
  lost(): void {
    this.#state = "closed";
    this.#transactions.clear();
    this.gone();
  }

  /** The connection takes more messages again. */
  refresh(): void {
    this.#subscriptions.refresh();
  }

  /** Does what a frame wants, and says what is to follow its receipt. */
  #handle(frame: Frame): (() => void) | void {
    const objection = this.#core.dialect.objection(frame);
    if (objection !== undefined) throw new Refusal(objection);
    switch (frame.command) {
      case "CONNECT":
      case "STOMP":
        return this.#connect(frame);
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

  #connect(frame: Frame): void {
    const { version, client, heartBeat, connected } = shakeHands(
      frame,
      this.#core,
      this.#session,
    );
    this.#version = version;
    this.#client = client;
    this.#isEnrolled = client !== undefined;
    this.#heartBeat = heartBeat;
    this.#output.send(connected);
  }

  #send(frame: Frame): void {
    required(frame, "destination");
    const transaction = this.#transactions.of(frame);
    if (transaction === undefined) {
      this.#core.requireRoom([frame], this.#session);
    } else this.#hold(frame, transaction);
    const replyTo = frame.headers.get("reply-to") ?? "";
    if (
      this.#core.dialect.replies === "implicit" &&
      replyTo.startsWith("/temp-queue/") && !this.#subscriptions.get(replyTo)
    ) {
      const headers = { id: replyTo, destination: replyTo };
      this.#subscribe(new Frame("SUBSCRIBE", headers))();
    }
    this.#perform(frame, () => {
      const room = this.#core.publish(frame, this.#session);
      const before = this.#room;
      this.#room = room && before
        ? Promise.all([before, room]).then(() => {})
        : room ?? before;
    });
  }

  /** A transaction that is open holds no more than the queues could. */
  #hold(frame: Frame, transaction: Transaction): void {
    const { destination, octets } = this.#core.measure(frame, this.#session);
    const sum = this.#transactions.held(destination) + octets;
    this.#core.requireBound(destination, sum);
    this.#transactions.hold(transaction, frame, destination, octets);
  }

  #subscribe(frame: Frame): () => void {
    const { dialect } = this.#core;
    const destination = required(frame, "destination");
    const key = keyOf(frame, this.#idRules);
    if (this.#subscriptions.get(key) !== undefined && !dialect.sharesIds) {
      throw new Refusal(
        `There is a subscription ${quoted(key)} on this connection already.`,
        { isFatal: true },
      );
    }
    const ack = frame.headers.get("ack") ?? "auto";
    if (!ACK_MODES.includes(ack)) {
      throw new Refusal(
        `${quoted(ack)} is not an ack mode: use ${ACK_MODES.join(", ")}.`,
      );
    }
    const inherited = dialect.inheritsPrefetch ? this.#prefetch : undefined;
    this.#prefetch = creditOf(frame, dialect) ?? inherited;
    const source = this.#core.enter({
      destination,
      session: this.#session,
      durable: durableName(frame, dialect, this.#client, destination),
    });
    const output = this.#output;
    const subscription = new BrokerSubscription({
      id: frame.headers.get("id"),
      key,
      destination,
      ack: ack as AckMode,
      prefetch: this.#prefetch ?? Infinity,
      saysRedelivered: dialect.saysRedelivered,
      version: this.#version!,
      queue: source.queue,
      isWritable: () => output.isWritable,
      send: (message) => output.send(message),
    });
    this.#subscriptions.add(key, subscription, source);
    // A durable one gathers from now on, even if its client is gone.
    return () =>
      this.#isGone ? this.#subscriptions.endAll() : subscription.attach();
  }

  #unsubscribe(frame: Frame): void {
    const { durable } = this.#core.dialect;
    const key = keyOf(frame, this.#idRules);
    const subscription = this.#subscriptions.get(key);
    const name = durableName(
      frame,
      this.#core.dialect,
      this.#client,
      subscription?.destination ?? "",
    );
    const isByName = name !== undefined && durable?.deleteHeader === undefined;
    if (subscription === undefined && !isByName) {
      if (this.#isGone) return;
      throw new Refusal(`There is no subscription ${quoted(key)} to end.`);
    }
    if (subscription !== undefined && !(isByName && durable?.isLeftFirst)) {
      this.#subscriptions.end(key);
    }
    if (name === undefined) return;
    // It may not be durable, or, where names are everybody's, another client's.
    // What a successor of a client that is gone consumes stays.
    const isMeant = isByName && !this.#isGone;
    if (isMeant || this.#core.isLeft(name)) this.#core.forget(name);
  }

  get #idRules(): IdRules {
    return { version: this.#version, dialect: this.#core.dialect };
  }

  #settle(frame: Frame, outcome: Outcome): void {
    const [message, key] = settledBy(frame, this.#idRules);
    const delivery = this.#subscriptions.unsettled(message, key);
    if (delivery === undefined || delivery.isClaimed) {
      if (this.#subscriptions.takeLate(message, key)) return;
      if (this.#isGone) return this.#spoil(frame);
      throw new Refusal(
        `There is no message that this ${frame.command} could be for: it was ` +
          "settled before, or its subscription has ended.",
      );
    }
    const { defersAck, nacksTogether } = this.#core.dialect;
    // What is covered must not be forgotten because there is no such transaction.
    if (defersAck) this.#transactions.of(frame);
    const { subscription } = delivery;
    const covered = subscription.covered(
      delivery,
      frame.command === "ACK" || nacksTogether,
    );
    const settle = () => subscription.settle(covered, outcome);
    if (defersAck) this.#perform(frame, settle, covered);
    else settle();
  }

  /** What a frame was to settle has gone back, so its transaction must do nothing. */
  #spoil(frame: Frame): void {
    const transaction = this.#transactions.of(frame);
    if (transaction !== undefined) transaction.isSpoilt = true;
  }

  /** Does something now, or when the frame's transaction is committed. */
  #perform(
    frame: Frame,
    action: () => void,
    claims: readonly Delivery[] = [],
  ): void {
    const transaction = this.#transactions.of(frame);
    if (transaction === undefined) return action();
    transaction.actions.push(action);
    for (const claimed of claims) {
      claimed.isClaimed = true;
      transaction.claims.push(claimed);
    }
  }

  #end(frame: Frame): () => void {
    required(frame, "transaction");
    const transaction = this.#transactions.of(frame)!;
    const { actions, sends, receipts, claims, isSpoilt } = transaction;
    const isCommitted = frame.command === "COMMIT" && !isSpoilt;
    if (isCommitted) this.#core.requireRoom(sends, this.#session);
    this.#transactions.end(frame, transaction);
    for (const action of isCommitted ? actions : []) action();
    this.#subscriptions.free(claims);
    return () => {
      for (const receipt of isCommitted ? receipts : []) {
        this.#output.send(new Frame("RECEIPT", { "receipt-id": receipt }));
      }
    };
  }
}
