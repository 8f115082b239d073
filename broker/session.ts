import { Frame, type Version } from "../codec/mod.ts";
import { quoted, StompError } from "../errors.ts";
import type { HeartBeat } from "../session/heart_beat.ts";
import { nextState } from "../session/states.ts";
import { ClientRequests, type FrameOutput } from "./client_requests.ts";
import {
  type ConnectionEvent,
  type ConnectionState,
  nextConnectionState,
} from "./connection_state.ts";
import type { BrokerCore, ClientIdentity } from "./core.ts";
import { shakeHands } from "./handshake.ts";
import { Refusal } from "./refusal.ts";

/** Where a session's frames go; {@linkcode BrokerSession.refresh} says when it takes more. */
export interface SessionOutput extends FrameOutput {
  /** The connection is in another state now. */
  entered(state: ConnectionState): void;
}

/** The commands that can belong to a transaction. */
const INSIDE: readonly string[] = ["SEND", "ACK", "NACK"];

/** One client of the broker: where its connection stands, and what it is answered. */
export class BrokerSession {
  readonly #core: BrokerCore;
  readonly #identity: ClientIdentity;
  readonly #output: SessionOutput;
  #state: ConnectionState = "open";
  #version: Version | undefined;
  #heartBeat: HeartBeat = [0, 0];
  /** The name that it has given itself. */
  #client: string | undefined;
  /** Whether that name is taken by us, not free or a successor's. */
  #isEnrolled = false;
  /** Present once the session is open. */
  #requests: ClientRequests | undefined;

  /** A client has connected, which hears by `output`. */
  constructor(core: BrokerCore, output: SessionOutput) {
    this.#core = core;
    this.#identity = core.newClient();
    this.#output = output;
  }

  /** Where the connection stands. */
  get state(): ConnectionState {
    return this.#state;
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
    return this.#requests?.takeRoom();
  }

  /**
   * Whether what it has sent is to be handled without waiting for room: it is
   * gone and holds messages still, for which others may wait.
   */
  get isUrgent(): boolean {
    return this.#state === "orphaned" &&
      (this.#requests?.holdsAfterEnd ?? false);
  }

  /**
   * Takes a frame of the client's. Whatever is wrong with it is answered with
   * ERROR and the end of the connection (STOMP 1.2, "ERROR"). What it sets free
   * to be delivered goes out behind its RECEIPT.
   */
  receive(frame: Frame): void {
    if (this.#state === "leaving" || this.#state === "closed") return;
    const receipt = frame.headers.get("receipt");
    try {
      const before = this.#version === undefined ? "idle" : "connected";
      const next = nextState(before, "client", frame.command, "broker");
      const afterwards = this.#handle(frame);
      if (this.#core.dialect.deliversBeforeReceipt.includes(frame.command)) {
        this.#core.deliver();
      }
      // CONNECT may not ask for one (STOMP 1.2, "receipt").
      if (receipt !== undefined && next !== "connecting") {
        this.#confirm(receipt, frame);
      }
      afterwards?.();
      if (next === "disconnecting") this.move("good-bye");
    } catch (error) {
      if (!(error instanceof StompError)) throw error;
      if (this.#survives(frame, error)) this.#complain(error, receipt);
      else this.refuse(error, receipt);
    }
    this.#core.deliver();
  }

  /** Takes a frame whose command there is not. */
  receiveUnknown(command: string): void {
    if (this.#state !== "open") return;
    const error = new Refusal(`${quoted(command)} is no command of STOMP.`);
    if (this.#core.dialect.survivesUnknownCommands) {
      this.#complain(error, undefined);
    } else this.refuse(error);
  }

  /** Whether the connection goes on after this. */
  #survives({ command }: Frame, error: StompError): boolean {
    const { survivesErrorOn } = this.#core.dialect;
    if (error instanceof Refusal && error.isFatal) return false;
    return survivesErrorOn === "all" || survivesErrorOn.includes(command);
  }

  #confirm(receipt: string, frame: Frame): void {
    const { confirmsEarly } = this.#core.dialect;
    // The one of a COMMIT or ABORT is gone by now.
    const isInside = !confirmsEarly && INSIDE.includes(frame.command);
    if (isInside && this.#requests!.confirmsLater(frame, receipt)) return;
    this.#output.send(new Frame("RECEIPT", { "receipt-id": receipt }));
  }

  /** Answers ERROR and ends the connection. */
  refuse(error: StompError, receipt?: string): void {
    if (this.#state === "leaving" || this.#state === "closed") return;
    this.#complain(error, receipt);
    this.move("good-bye");
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

  /** Something has happened to the connection. */
  move(event: ConnectionEvent): void {
    const state = nextConnectionState(this.#state, event);
    if (state === this.#state) return;
    this.#state = state;
    // What is claimed by transactions that frames may still commit stays theirs.
    if (state === "orphaned") this.#requests?.orphan();
    else this.#requests?.end();
    // Others may have the name now; what follows is still done under it.
    if (this.#isEnrolled) this.#core.dismiss(this.#client!);
    this.#isEnrolled = false;
    this.#output.entered(state);
    this.#core.deliver();
  }

  /** The connection takes more messages again. */
  refresh(): void {
    this.#requests?.refresh();
    this.#core.deliver();
  }

  /** Does what a frame wants, and says what is to follow its receipt. */
  #handle(frame: Frame): (() => void) | void {
    const objection = this.#core.dialect.objection(frame);
    if (objection !== undefined) throw new Refusal(objection);
    if (this.#requests === undefined) return this.#connect(frame);
    return this.#requests.handle(frame);
  }

  #connect(frame: Frame): void {
    const { version, client, heartBeat, connected } = shakeHands(
      frame,
      this.#core,
      this.#identity.session,
    );
    this.#version = version;
    this.#client = client;
    this.#isEnrolled = client !== undefined;
    this.#heartBeat = heartBeat;
    this.#requests = new ClientRequests(this.#core, this.#output, {
      identity: this.#identity,
      version,
      client,
    });
    this.#output.send(connected);
  }
}
