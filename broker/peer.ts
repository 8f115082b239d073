import { Frame, type Version, VERSIONS } from "../codec/mod.ts";
import { quoted, StompError } from "../errors.ts";
import type { AckMode } from "../session/events.ts";
import {
  type HeartBeat,
  negotiateHeartBeat,
  parseHeartBeat,
} from "../session/heart_beat.ts";
import { nextState, type SessionState } from "../session/states.ts";
import { highestCommonVersion } from "../session/versions.ts";
import type { BrokerCore, Source } from "./core.ts";
import { isAdmitted } from "./credentials.ts";
import { creditOf } from "./manners.ts";
import { Refusal, required } from "./refusal.ts";
import {
  BrokerSubscription,
  type Delivery,
  type Verdict,
} from "./subscription.ts";

/** Where a peer's frames go. */
export interface PeerOutput {
  /** Whether it takes more messages; {@linkcode Peer.refresh} says when again. */
  readonly isWritable: boolean;
  /** Sends a frame, in the version that was settled on. */
  send(frame: Frame): void;
  /** Closes the connection once everything before has been sent. */
  close(): void;
}

/** What a transaction will do when it is committed. */
interface Transaction {
  readonly actions: (() => void)[];
  /** The SEND frames among that. */
  readonly sends: Frame[];
  /** Receipts that are given when it is committed. */
  readonly receipts: string[];
  /** What was settled in it and is so no more when it is aborted. */
  readonly claims: Delivery[];
}

const ACK_MODES: readonly string[] = ["auto", "client", "client-individual"];

/** One client of the broker: its session, subscriptions and transactions. */
export class Peer {
  readonly #core: BrokerCore;
  readonly #session: string;
  readonly #output: PeerOutput;
  #state: SessionState = "idle";
  #version: Version | undefined;
  #heartBeat: HeartBeat = [0, 0];
  /** By the client's id, or in 1.0 without one by destination. */
  readonly #subscriptions = new Map<
    string,
    { readonly subscription: BrokerSubscription; readonly source: Source }
  >();
  readonly #transactions = new Map<string, Transaction>();
  #room: Promise<void> | undefined;

  /** Made by the broker's core for each connection. */
  constructor(core: BrokerCore, session: string, output: PeerOutput) {
    this.#core = core;
    this.#session = session;
    this.#output = output;
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
      const { forgives } = this.#core.manners;
      if (forgives.includes(frame.command)) this.#complain(error, receipt);
      else this.refuse(error, receipt);
    }
  }

  #confirm(receipt: string, frame: Frame): void {
    const id = frame.headers.get("transaction") ?? "";
    const transaction = this.#core.manners.confirmsEarly
      ? undefined
      : this.#transactions.get(id);
    if (transaction !== undefined && frame.command !== "BEGIN") {
      transaction.receipts.push(receipt);
      return;
    }
    this.#output.send(new Frame("RECEIPT", { "receipt-id": receipt }));
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
    if (receipt !== undefined && this.#core.manners.namesReceipt) {
      headers.push(["receipt-id", receipt]);
    }
    if (error instanceof Refusal) headers.push(...error.headers);
    this.#output.send(new Frame("ERROR", headers, error.message));
  }

  /**
   * The connection is gone: transactions are void, and what was not
   * acknowledged goes back to its queue.
   */
  lost(): void {
    this.#state = "closed";
    this.#transactions.clear();
    for (const key of [...this.#subscriptions.keys()]) this.#leave(key);
  }

  /** The connection takes more messages again. */
  refresh(): void {
    for (const { subscription } of this.#subscriptions.values()) {
      subscription.refresh();
    }
  }

  /** Does what a frame wants, and says what is to follow its receipt. */
  #handle(frame: Frame): (() => void) | void {
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
        return this.#settle(frame, "done");
      case "NACK":
        return this.#settle(
          frame,
          frame.headers.get("requeue") === "false"
            ? "refused"
            : this.#core.manners.nack,
        );
      case "BEGIN":
        return this.#begin(frame);
      case "COMMIT":
      case "ABORT":
        return this.#end(frame);
    }
  }

  #connect(frame: Frame): void {
    const { headers } = frame;
    const accepted = headers.get("accept-version");
    const version = highestCommonVersion(accepted);
    if (version === undefined) {
      throw new Refusal(
        `This broker speaks STOMP ${VERSIONS.join(", ")}, and none of ${
          quoted(accepted)
        }.`,
        [["version", VERSIONS.join(",")]],
      );
    }
    const { credentials, heartBeat = [0, 0] } = this.#core.options;
    if (!isAdmitted(headers, credentials)) {
      throw new Refusal("Login or passcode is wrong.");
    }
    this.#heartBeat = negotiateHeartBeat(
      heartBeat,
      parseHeartBeat(headers.get("heart-beat")),
    );
    this.#version = version;
    const { server } = this.#core.manners;
    this.#output.send(
      new Frame("CONNECTED", {
        version,
        ...server === undefined ? {} : { server },
        session: this.#session,
        "heart-beat": heartBeat.join(","),
      }),
    );
  }

  #send(frame: Frame): void {
    required(frame, "destination");
    const id = frame.headers.get("transaction");
    if (id === undefined) this.#core.requireRoom([frame], this.#session);
    else this.#transaction(id).sends.push(frame);
    const replyTo = frame.headers.get("reply-to") ?? "";
    if (
      this.#core.dialect.replies === "implicit" &&
      replyTo.startsWith("/temp-queue/") && !this.#subscriptions.has(replyTo)
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

  #subscribe(frame: Frame): () => void {
    const destination = required(frame, "destination");
    const id = this.#version === "1.0"
      ? frame.headers.get("id")
      : required(frame, "id");
    const key = id ?? destination;
    if (this.#subscriptions.has(key)) {
      throw new Refusal(
        `There is a subscription ${quoted(key)} on this connection already.`,
      );
    }
    const ack = frame.headers.get("ack") ?? "auto";
    if (!ACK_MODES.includes(ack)) {
      throw new Refusal(
        `${quoted(ack)} is not an ack mode: use ${ACK_MODES.join(", ")}.`,
      );
    }
    const prefetch = creditOf(frame, this.#core.dialect);
    const source = this.#core.enter({
      destination,
      session: this.#session,
      durable: frame.headers.get("durable") === "true" ? id : undefined,
    });
    const output = this.#output;
    const subscription = new BrokerSubscription({
      id,
      destination,
      ack: ack as AckMode,
      prefetch,
      saysRedelivered: this.#core.manners.saysRedelivered,
      version: this.#version!,
      queue: source.queue,
      // Whoever leaves takes nothing that another subscription gives back.
      isWritable: () => this.#state === "connected" && output.isWritable,
      send: (message) => output.send(message),
    });
    this.#subscriptions.set(key, { subscription, source });
    return () => subscription.attach();
  }

  #unsubscribe(frame: Frame): void {
    const { headers } = frame;
    const key = this.#version === "1.0"
      ? headers.get("id") ?? required(frame, "destination")
      : required(frame, "id");
    if (!this.#subscriptions.has(key)) {
      throw new Refusal(`There is no subscription ${quoted(key)} to end.`);
    }
    this.#leave(key, headers.get("durable") === "true");
  }

  #leave(key: string, isDeleted = false): void {
    const { subscription, source } = this.#subscriptions.get(key)!;
    this.#subscriptions.delete(key);
    subscription.leave();
    source.leave();
    if (isDeleted) source.delete?.();
  }

  #settle(frame: Frame, verdict: Verdict): void {
    const delivery = this.#delivery(frame);
    if (delivery === undefined || delivery.isClaimed) {
      throw new Refusal(
        `There is no message that this ${frame.command} could be for: it was ` +
          "settled before, or its subscription has ended.",
      );
    }
    const { subscription } = delivery;
    const covered = subscription.covered(delivery);
    this.#perform(frame, () => subscription.settle(covered, verdict), covered);
  }

  /** The delivery that an ACK or NACK names, in the way of its version. */
  #delivery(frame: Frame): Delivery | undefined {
    if (this.#version === "1.2") {
      const [id = "", key = ""] = splitAt(required(frame, "id"), "@");
      return this.#subscriptions.get(key)?.subscription.unsettled(id);
    }
    const id = required(frame, "message-id");
    const key = this.#version === "1.1"
      ? required(frame, "subscription")
      : frame.headers.get("subscription");
    if (key !== undefined) {
      return this.#subscriptions.get(key)?.subscription.unsettled(id);
    }
    for (const { subscription } of this.#subscriptions.values()) {
      const delivery = subscription.unsettled(id);
      if (delivery !== undefined) return delivery;
    }
  }

  /** Does something now, or when the frame's transaction is committed. */
  #perform(
    frame: Frame,
    action: () => void,
    claims: readonly Delivery[] = [],
  ): void {
    const id = frame.headers.get("transaction");
    if (id === undefined) return action();
    const transaction = this.#transaction(id);
    transaction.actions.push(action);
    for (const claimed of claims) {
      claimed.isClaimed = true;
      transaction.claims.push(claimed);
    }
  }

  #begin(frame: Frame): void {
    const id = required(frame, "transaction");
    if (this.#transactions.has(id)) {
      throw new Refusal(
        `The transaction ${quoted(id)} has been begun already.`,
      );
    }
    this.#transactions.set(id, {
      actions: [],
      sends: [],
      receipts: [],
      claims: [],
    });
  }

  #end(frame: Frame): () => void {
    const id = required(frame, "transaction");
    const { actions, sends, receipts, claims } = this.#transaction(id);
    if (frame.command === "COMMIT") {
      this.#core.requireRoom(sends, this.#session);
    }
    this.#transactions.delete(id);
    for (const claimed of claims) claimed.isClaimed = false;
    const isCommitted = frame.command === "COMMIT";
    for (const action of isCommitted ? actions : []) action();
    return () => {
      for (const receipt of isCommitted ? receipts : []) {
        this.#output.send(new Frame("RECEIPT", { "receipt-id": receipt }));
      }
    };
  }

  #transaction(id: string): Transaction {
    const transaction = this.#transactions.get(id);
    if (transaction !== undefined) return transaction;
    throw new Refusal(`There is no transaction ${quoted(id)}: BEGIN it first.`);
  }
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
