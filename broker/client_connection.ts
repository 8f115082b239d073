import { FrameDecoder } from "../codec/decoder.ts";
import { FrameBuffer } from "../codec/encoder.ts";
import {
  encodeFrame,
  Frame,
  type FrameLimits,
  type Version,
} from "../codec/mod.ts";
import { ConnectionError, StompError, UsageError } from "../errors.ts";
import { Pulse } from "../session/heart_beat.ts";
import type { Clock } from "../transport/clock.ts";
import { Outbox } from "../transport/outbox.ts";
import type { Link } from "../transport/transport.ts";
import type { BrokerCore } from "./core.ts";
import { BrokerSession, type SessionOutput } from "./session.ts";
import { LinkReader } from "./link_reader.ts";
import type { FaultHook } from "./fault_hook.ts";

/** What a {@linkcode ClientConnection} is made with. */
export interface ClientConnectionOptions {
  readonly clock: Clock;
  readonly limits: Partial<FrameLimits> | undefined;
  readonly connectTimeout: number;
  readonly frameTimeout: number;
  /** Whether it skips heart-beats, as some brokers do. */
  readonly skipsBeats: boolean;
  /** Whether clients connect by TLS. */
  readonly isSecure: boolean;
  /** Who listens in on a link. */
  readonly hookOf: ((link: Link) => FaultHook) | undefined;
}

/** Frames are written into slabs of this many octets. */
const SLAB = 64 * 1024;
/** Bodies of so many octets are written from where they are, not copied. */
const LARGE = 16 * 1024;
/** Above this many octets that a client has not read we do nothing more for it. */
const MOST_UNREAD = 4 * 1024 * 1024;
/**
 * How long a client that was told good-bye may take to close, in ms. Closing
 * first could make its system throw away the last frame (STOMP 1.2,
 * "Connection Lingering").
 */
const LINGER = 2_000;
/**
 * How often a client is sent an EOL that we do not read from, in ms, whatever
 * heart-beats there are: only a write that fails tells that it is gone.
 */
const PROBE_EVERY = 5_000;

/** Joins one client's connection to the broker's core. */
export class ClientConnection implements SessionOutput {
  readonly #link: Link;
  readonly #options: ClientConnectionOptions;
  readonly #decoder: FrameDecoder;
  readonly #buffer = new FrameBuffer(SLAB, LARGE);
  readonly #outbox: Outbox;
  readonly #session: BrokerSession;
  readonly #hook: FaultHook | undefined;
  readonly #input: LinkReader;
  #pulse: Pulse | undefined;
  #cancelTimer: () => void = () => {};
  /** Whether good-bye has been said; what comes then is not looked at. */
  #isClosing = false;
  /** Whether nobody is there any more; what had come before is still handled. */
  #isGone = false;
  /** When the frame has begun that is not complete. */
  #frameSince: number | undefined;
  /** When a client that we do not read from is probed next. */
  #probeAt = Infinity;
  /** Whether the client must wait: for room in a queue, or until it has read. */
  #isWaiting = false;
  #wake: (() => void) | undefined;
  /** Whether consumers may have found the connection full. */
  #wasFull = false;
  /** How many signs of life in a row were left out, where that is the custom. */
  #skipped = 0;
  /** Cancels what is to be written later. */
  readonly #delayed = new Set<() => void>();

  /** A client has connected. */
  constructor(core: BrokerCore, link: Link, options: ClientConnectionOptions) {
    this.#link = link;
    this.#options = options;
    this.#hook = options.hookOf?.(link);
    this.#decoder = new FrameDecoder({ limits: options.limits });
    this.#outbox = new Outbox(link, this.#buffer, {
      sent: () => {
        this.#pulse?.sent(options.clock.now());
        this.#refresh();
      },
      failed: () => this.#leave(),
    });
    this.#session = new BrokerSession(core, this);
    this.#expectConnect();
    this.#input = new LinkReader(link, {
      received: () => {
        this.#probeAt = Infinity;
        this.#pulse?.received(options.clock.now());
      },
      paused: () => {
        this.#probeAt = options.clock.now() + PROBE_EVERY;
        // Before CONNECT, and after good-bye, another time-out runs.
        if (this.#pulse !== undefined && !this.#isClosing) this.#arm();
      },
      // Whoever is not made to wait is served to the end.
      ended: () => this.#isWaiting && this.#leave(),
    });
  }

  #expectConnect(): void {
    const { clock, connectTimeout } = this.#options;
    this.#cancelTimer = clock.after(connectTimeout, () => {
      if (this.#hook?.isPatient) return this.#expectConnect();
      // Whoever has not got as far as STOMP could not read it.
      if (this.#link.isOpening) return this.drop();
      this.#session.refuse(
        new ConnectionError(`No CONNECT came within ${connectTimeout} ms.`),
      );
    });
  }

  /** Serves the client until everything has been handled that it has sent. */
  async run(): Promise<void> {
    try {
      for (;;) {
        const octets = await this.#input.next();
        if (octets === undefined) break;
        if (!this.#isClosing) await this.#take(octets);
        // Whoever asks for answers and does not read them gets no more of them.
        while (this.#outbox.length > MOST_UNREAD && this.#isThere) {
          await this.#wait(this.#outbox.room());
        }
      }
    } finally {
      this.drop();
    }
  }

  /** Whether the client takes what it is sent. */
  get isWritable(): boolean {
    return !this.#outbox.isFull && this.#isThere;
  }

  get #isThere(): boolean {
    return !this.#isClosing && !this.#isGone;
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
    if (this.#isGone) return;
    if (this.#hook === undefined) return this.#write(frame);
    const { frames, delay } = this.#hook.sending(frame);
    const write = () => {
      for (const frame of frames) this.#write(frame);
    };
    if (delay === 0) return write();
    const cancel = this.#options.clock.after(delay, () => {
      this.#delayed.delete(cancel);
      write();
      if (this.#isClosing) this.#endWhenWritten();
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
    this.#wasFull ||= this.#outbox.isFull;
    this.#outbox.flush();
  }

  /** Closes once everything has been sent and the client has closed, too. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#cancelTimer();
    if (!this.#isGone) this.#endWhenWritten();
  }

  #endWhenWritten(): void {
    if (this.#delayed.size > 0) return;
    this.#cancelTimer = this.#options.clock.after(LINGER, () => this.drop());
    this.#outbox.empty().then(() => this.#link.end()).catch(() => this.drop());
  }

  /** Closes now, and handles nothing more. */
  drop(): void {
    this.#isClosing = true;
    this.#leave();
    this.#session.lost();
    this.#wake?.();
  }

  /** The client is gone: closes, while what has come goes on to be handled. */
  #leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    for (const cancel of this.#delayed) cancel();
    this.#delayed.clear();
    this.#cancelTimer();
    this.#outbox.fail(new ConnectionError("The connection is closed."));
    this.#session.gone();
    this.#link.close();
    if (this.#session.isUrgent) this.#wake?.();
  }

  async #take(octets: Uint8Array): Promise<void> {
    this.#decoder.push(octets);
    let isComplete = false;
    try {
      for (const frame of this.#decoder) {
        isComplete = true;
        this.#frameSince = undefined;
        const { version } = this.#session;
        this.#receive(frame);
        if (this.#isClosing) return;
        if (version !== this.#session.version) this.#connected();
        const room = this.#session.takeRoom();
        if (room !== undefined && !this.#session.isUrgent) {
          await this.#wait(room);
        }
        if (this.#isClosing) return;
      }
      this.#heedFrame(isComplete);
    } catch (error) {
      if (!(error instanceof StompError)) throw error;
      this.#session.refuse(error);
    }
  }

  /** A frame that has begun must come to its end. */
  #heedFrame(isComplete: boolean): void {
    if (this.#isClosing) return;
    const { isMidFrame } = this.#decoder;
    if (isComplete || !isMidFrame) this.#frameSince = undefined;
    if (!isMidFrame || this.#frameSince !== undefined) return;
    this.#frameSince = this.#options.clock.now();
    // Before CONNECT another time-out runs.
    if (this.#pulse !== undefined) this.#arm();
  }

  /**
   * Handles nothing until something has happened, or the connection is dropped.
   * A client that is gone meanwhile holds nothing any longer.
   */
  async #wait(promise: Promise<void>): Promise<void> {
    this.#isWaiting = true;
    const waiting = new Promise<void>((resolve) => {
      this.#wake = resolve;
      promise.then(resolve, resolve);
    });
    if (this.#input.hasEnded) this.#leave();
    await waiting;
    this.#isWaiting = false;
  }

  #connected(): void {
    this.#decoder.version = this.#session.version;
    this.#pulse = new Pulse(this.#session.heartBeat, this.#options.clock.now());
    this.#arm();
  }

  get #frameDeadline(): number {
    return (this.#frameSince ?? Infinity) + this.#options.frameTimeout;
  }

  /** Whether this sign of life is left out: two periods pass between two. */
  #isSkipped(): boolean {
    if (!this.#options.skipsBeats) return false;
    this.#skipped = (this.#skipped + 1) % 4;
    return this.#skipped !== 0;
  }

  #arm(): void {
    if (this.#isGone) return;
    this.#cancelTimer();
    const deadline = Math.min(
      this.#pulse?.nextDeadline() ?? Infinity,
      this.#frameDeadline,
      this.#probeAt,
    );
    if (deadline === Infinity) return;
    const { clock } = this.#options;
    this.#cancelTimer = clock.after(
      Math.max(0, deadline - clock.now()),
      () => this.#tick(clock.now()),
    );
  }

  #tick(now: number): void {
    const pulse = this.#pulse!;
    const isPatient = this.#hook?.isPatient ?? false;
    // Nobody is blamed for what we do not read, or do not look at.
    if (!this.#input.isReading || isPatient) pulse.received(now);
    const isWaiting = this.#isWaiting || isPatient;
    if (isWaiting && this.#frameSince !== undefined) this.#frameSince = now;
    if (now >= this.#frameDeadline) {
      return this.#session.refuse(
        new ConnectionError(
          "A frame that has begun was not complete within " +
            `${this.#options.frameTimeout} ms.`,
        ),
      );
    }
    if (pulse.silence(now) !== undefined) return this.#leave();
    const isProbeDue = now >= this.#probeAt;
    if (isProbeDue) this.#probeAt = now + PROBE_EVERY;
    if (isProbeDue || pulse.isSendDue(now)) {
      const beats = (this.#hook?.beats ?? true) &&
        (isProbeDue || !this.#isSkipped());
      if (beats && this.#outbox.length === 0) this.#buffer.appendHeartBeat();
      this.#outbox.flush();
      pulse.sent(now);
    }
    this.#arm();
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
