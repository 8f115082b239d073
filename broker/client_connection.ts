import { FrameBuffer } from "../codec/encoder.ts";
import {
  encodeFrame,
  Frame,
  type FrameLimits,
  type Version,
} from "../codec/mod.ts";
import { ConnectionError, StompError, UsageError } from "../errors.ts";
import { Outbox } from "../transport/outbox.ts";
import type { Link } from "../transport/transport.ts";
import type { ConnectionState } from "./connection_state.ts";
import {
  ConnectionWatch,
  type WatchEvents,
  type WatchOptions,
} from "./connection_watch.ts";
import type { BrokerCore } from "./core.ts";
import type { FairTurns, Task } from "./fair_turns.ts";
import type { FaultHook } from "./fault_hook.ts";
import { FrameReader } from "./frame_reader.ts";
import { LinkReader } from "./link_reader.ts";
import { BrokerSession, type SessionOutput } from "./session.ts";

/** What a {@linkcode ClientConnection} is made with. */
export interface ClientConnectionOptions extends WatchOptions {
  readonly limits: Partial<FrameLimits> | undefined;
  /** Shares the event loop among all connections. */
  readonly turns: FairTurns;
  /** Who listens in on a link. */
  readonly hookOf: ((link: Link) => FaultHook) | undefined;
}

/** Frames are written into slabs of this many octets. */
const SLAB = 64 * 1024;
/** Bodies of so many octets are written from where they are, not copied. */
const LARGE = 16 * 1024;
/** Above this many octets that a client has not read we do nothing more for it. */
const MOST_UNREAD = 4 * 1024 * 1024;
/** So many octets to be written wait for no more. */
const ENOUGH = 32 * 1024;
/** After so many octets of one client it is another's turn. */
const SHARE = 16 * 1024;
/** The clock is looked at after so many frames: it costs as much as half of one. */
const LOOK_EVERY = 4;
/**
 * How long a client that was told good-bye may take to close, in ms. Closing
 * first could make its system throw away the last frame (STOMP 1.2,
 * "Connection Lingering").
 */
const LINGER = 2_000;

/** Joins one client's connection to the broker's core. */
export class ClientConnection implements SessionOutput, Task, WatchEvents {
  readonly #core: BrokerCore;
  readonly #link: Link;
  readonly #options: ClientConnectionOptions;
  readonly #reader: FrameReader;
  /** Whether the session has been opened. */
  #isConnected = false;
  readonly #buffer = new FrameBuffer(SLAB, LARGE);
  readonly #outbox: Outbox;
  readonly #session: BrokerSession;
  readonly #hook: FaultHook | undefined;
  readonly #input: LinkReader;
  readonly #watch: ConnectionWatch;
  readonly #closed = Promise.withResolvers<void>();
  /** What the client must wait for: room in a queue, or until it has read. */
  #awaited: Promise<void> | undefined;
  /** Whether consumers may have found the connection full. */
  #wasFull = false;
  /** Whether what is being written is a heart-beat alone. */
  #isBeating = false;
  /** Cancels what is to be written later. */
  readonly #delayed = new Set<() => void>();
  #cancelLinger: () => void = () => {};

  /** A client has connected. */
  constructor(core: BrokerCore, link: Link, options: ClientConnectionOptions) {
    this.#core = core;
    this.#link = link;
    this.#options = options;
    this.#hook = options.hookOf?.(link);
    this.#reader = new FrameReader({
      limits: options.limits,
      skipsUnknownCommands: core.dialect.survivesUnknownCommands,
    });
    this.#outbox = new Outbox(link, this.#buffer, {
      sent: () => {
        this.#watch.sent(this.#isBeating);
        this.#refresh();
      },
      failed: () => this.#session.move("lost"),
    });
    this.#session = new BrokerSession(core, this);
    this.#watch = new ConnectionWatch(options, this);
    this.#input = new LinkReader(link, {
      received: () => {
        this.#watch.received();
        this.#options.turns.add(this);
      },
      paused: () => this.#watch.paused(),
      ended: () => {
        // Whoever is not made to wait is served to the end.
        if (this.#awaited !== undefined) this.#session.move("lost");
        this.#options.turns.add(this);
      },
    });
  }

  /** Serves the client until everything has been handled that it has sent. */
  async run(): Promise<void> {
    await Promise.all([this.#input.start(), this.#closed.promise]);
  }

  /** Closes now, and handles nothing more. */
  drop(): void {
    this.#session.move("over");
  }

  /** Answers with ERROR and closes: the client cannot be served. */
  refuse(error: StompError): void {
    this.#session.refuse(error);
  }

  get #isHandling(): boolean {
    const { state } = this.#session;
    return this.#awaited === undefined &&
      (state === "open" || state === "orphaned");
  }

  /** Handles what has come, until it is another client's turn. */
  work(until: number): boolean {
    let octets = 0;
    let frames = 0;
    while (this.#isHandling) {
      // Whoever asks for answers and does not read them gets no more of them.
      if (this.#outbox.length > MOST_UNREAD && this.isTaking) {
        this.#wait(this.#outbox.room());
        break;
      }
      const frame = this.#nextFrame();
      if (frame !== undefined) {
        this.#handle(frame);
        // What it has set free goes out before anything else is set free.
        if (this.#core.isBehind) return true;
        if (++frames % LOOK_EVERY > 0) continue;
        if (this.#options.clock.now() >= until) return true;
        continue;
      }
      if (!this.#isHandling) break;
      if (octets >= SHARE) return true;
      const piece = this.#input.take(SHARE);
      if (piece === undefined) break;
      octets += piece.length;
      this.#push(piece);
    }
    if (!this.#isOpenOrOrphaned) this.#input.discard();
    else if (this.#awaited !== undefined) return false;
    if (this.#input.hasEnded && this.#input.length === 0) this.#finish();
    return false;
  }

  get #isOpenOrOrphaned(): boolean {
    const { state } = this.#session;
    return state === "open" || state === "orphaned";
  }

  /** All that has come is handled, and nothing more will come. */
  #finish(): void {
    const isWritten = this.#outbox.length === 0 && this.#delayed.size === 0;
    // Who has only ended its own half still reads our answers.
    if (this.#session.state === "open" && !isWritten) {
      this.#session.move("good-bye");
    } else if (isWritten || this.#session.state !== "leaving") this.drop();
  }

  #push(piece: Uint8Array): void {
    try {
      const rest = this.#reader.push(piece);
      if (rest !== undefined) this.#input.giveBack(rest);
      const skipped = this.#reader.takeSkipped();
      if (skipped !== undefined) this.#session.receiveUnknown(skipped);
    } catch (error) {
      if (!(error instanceof StompError)) throw error;
      this.#session.refuse(error);
    }
  }

  /** The next frame that is complete. */
  #nextFrame(): Frame | undefined {
    try {
      const frame = this.#reader.next();
      if (frame !== undefined) return frame;
    } catch (error) {
      if (!(error instanceof StompError)) throw error;
      this.#session.refuse(error);
      return undefined;
    }
    if (this.#reader.isMidFrame) this.#watch.frameBegun();
    else this.#watch.frameEnded();
    return undefined;
  }

  #handle(frame: Frame): void {
    this.#watch.frameEnded();
    this.#receive(frame);
    const { version } = this.#session;
    if (!this.#isConnected && version !== undefined) {
      this.#isConnected = true;
      this.#reader.open(version);
      if (this.#session.state === "open") {
        this.#watch.connected(this.#session.heartBeat);
      }
    }
    const room = this.#session.takeRoom();
    if (room !== undefined && !this.#session.isUrgent) this.#wait(room);
  }

  /**
   * Handles nothing until something has happened, or the connection is dropped.
   * A client that is gone meanwhile holds nothing any longer.
   */
  #wait(promise: Promise<void>): void {
    this.#awaited = promise;
    const goOn = () => {
      if (this.#awaited === promise) this.#goOn();
    };
    promise.then(goOn, goOn);
    if (this.#input.hasEnded) this.#session.move("lost");
  }

  #goOn(): void {
    this.#awaited = undefined;
    this.#options.turns.add(this);
  }

  /** Whether there is somebody who takes what is sent. */
  get isTaking(): boolean {
    return this.#session.state === "open";
  }

  /** Whether the client takes more messages. */
  get isWritable(): boolean {
    return !this.#outbox.isFull && this.isTaking;
  }

  /** Consumers that have found the connection full may find it otherwise. */
  #refresh(): void {
    if (!this.#wasFull || !this.isWritable) return;
    this.#wasFull = false;
    this.#session.refresh();
  }

  #receive(frame: Frame): void {
    const reception = this.#hook?.received(frame) ?? "handle";
    if (reception === "handle") this.#session.receive(frame);
    else if (reception === "drop") this.drop();
    else if (reception !== "ignore") {
      const receipt = frame.headers.get("receipt");
      this.#session.refuse(new ConnectionError(reception.error), receipt);
    }
  }

  /** Sends a frame to the client. */
  send(frame: Frame): void {
    const { state } = this.#session;
    if (state === "orphaned" || state === "closed") return;
    if (this.#hook === undefined) return this.#write(frame);
    const { frames, delay } = this.#hook.sending(frame);
    const write = () => {
      for (const frame of frames) this.#write(frame);
    };
    if (delay === 0) return write();
    const cancel = this.#options.clock.after(delay, () => {
      this.#delayed.delete(cancel);
      write();
      if (this.#session.state === "leaving") this.#endWhenWritten();
    });
    this.#delayed.add(cancel);
  }

  #write(frame: Frame): void {
    const { version } = this.#session;
    try {
      this.#buffer.append(frame, { version });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.#buffer.append(expressible(frame, version), { version });
    }
    this.#isBeating = false;
    this.#wasFull ||= this.#outbox.isFull;
    if (this.#outbox.length > ENOUGH) this.#outbox.flush();
    else this.#options.turns.writeSoon(this.#outbox);
  }

  /** Does what a state of the connection means for its octets. */
  entered(state: ConnectionState): void {
    this.#watch.end();
    if (state === "leaving") {
      this.#awaited = undefined;
      this.#endWhenWritten();
      this.#options.turns.add(this);
      return;
    }
    for (const cancel of this.#delayed) cancel();
    this.#delayed.clear();
    this.#cancelLinger();
    this.#outbox.fail(new ConnectionError("The connection is closed."));
    this.#link.close();
    if (state === "closed") {
      this.#awaited = undefined;
      this.#input.discard();
      this.#closed.resolve();
    } else if (this.#session.isUrgent) this.#goOn();
  }

  #endWhenWritten(): void {
    if (this.#delayed.size > 0) return;
    this.#cancelLinger = this.#options.clock.after(LINGER, () => this.drop());
    this.#outbox.empty()
      .then(() => this.#link.end())
      .then(() => this.#options.turns.add(this))
      .catch(() => this.drop());
  }

  /** Nobody is blamed for what we do not read, or do not look at. */
  get isSilenceExcused(): boolean {
    return !this.#input.isReading || this.isPatient;
  }

  /** Neither for what waits for us. */
  get isDelayExcused(): boolean {
    return this.#awaited !== undefined || this.isPatient;
  }

  /** Whether the test kit lets the client take its time. */
  get isPatient(): boolean {
    return this.#hook?.isPatient ?? false;
  }

  /** Sends an EOL. */
  beat(): void {
    if ((this.#hook?.beats ?? true) && this.#outbox.length === 0) {
      this.#isBeating = true;
      this.#buffer.appendHeartBeat();
    }
    this.#outbox.flush();
  }

  /** No CONNECT has come in time. */
  noConnect(): void {
    // Whoever has not got as far as STOMP could not read it.
    if (this.#link.isOpening) return this.drop();
    const { connectTimeout } = this.#options;
    this.refuse(
      new ConnectionError(`No CONNECT came within ${connectTimeout} ms.`),
    );
  }

  /** A frame was not complete in time. */
  frameTooSlow(): void {
    this.refuse(
      new ConnectionError(
        "A frame that has begun was not complete within " +
          `${this.#options.frameTimeout} ms.`,
      ),
    );
  }

  /** The client has been silent for too long. */
  silent(): void {
    this.#session.move("lost");
  }
}

/** A message without those headers that the consumer's version cannot have. */
function expressible(
  frame: Frame,
  version: Version | undefined,
): Frame {
  const headers = frame.headerList.filter((header) => {
    try {
      return encodeFrame(new Frame("MESSAGE", [header]), { version });
    } catch {
      return false;
    }
  });
  return new Frame(frame.command, headers, frame.body);
}
