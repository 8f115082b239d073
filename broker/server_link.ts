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
import type { Peer, PeerOutput } from "./peer.ts";
import type { LinkTap } from "./tap.ts";

/** What a {@linkcode ServerLink} is made with. */
export interface ServerLinkOptions {
  readonly clock: Clock;
  readonly limits: Partial<FrameLimits> | undefined;
  readonly connectTimeout: number;
  readonly frameTimeout: number;
  /** Whether it skips heart-beats, as some brokers do. */
  readonly skipsBeats: boolean;
  /** Whether clients connect by TLS. */
  readonly isSecure: boolean;
  /** Who listens in on a link. */
  readonly tapOf: ((link: Link) => LinkTap) | undefined;
}

/** Frames are written into slabs of this many octets. */
const SLAB = 64 * 1024;
/** Bodies of so many octets are written from where they are, not copied. */
const LARGE = 16 * 1024;
/** Above this many octets that a client has not read we read none of its own. */
const MOST_UNREAD = 4 * 1024 * 1024;
/**
 * How long a client that was told good-bye may take to close, in ms. Closing
 * first could make its system throw away the last frame (STOMP 1.2,
 * "Connection Lingering").
 */
const LINGER = 2_000;

/** Joins one client's connection to the broker's core. */
export class ServerLink implements PeerOutput {
  readonly #link: Link;
  readonly #options: ServerLinkOptions;
  readonly #decoder: FrameDecoder;
  readonly #buffer = new FrameBuffer(SLAB, LARGE);
  readonly #outbox: Outbox;
  readonly #peer: Peer;
  readonly #tap: LinkTap | undefined;
  #pulse: Pulse | undefined;
  #cancelTimer: () => void = () => {};
  /** Whether good-bye has been said; what comes then is not looked at. */
  #isClosing = false;
  /** When the frame has begun that is not complete. */
  #frameSince: number | undefined;
  /** Whether the client must wait until a queue has room. */
  #isBlocked = false;
  /** What was read while the client must wait. */
  #parked: Promise<Uint8Array | undefined> | undefined;
  #wake: (() => void) | undefined;
  /** How many signs of life in a row were left out, where that is the custom. */
  #skipped = 0;
  /** Cancels what is to be written later. */
  readonly #delayed = new Set<() => void>();

  /** A client has connected. */
  constructor(core: BrokerCore, link: Link, options: ServerLinkOptions) {
    this.#link = link;
    this.#options = options;
    this.#tap = options.tapOf?.(link);
    this.#decoder = new FrameDecoder({ limits: options.limits });
    this.#outbox = new Outbox(link, this.#buffer, {
      sent: () => {
        this.#pulse?.sent(options.clock.now());
        if (this.isWritable) this.#peer.refresh();
      },
      failed: () => this.drop(),
    });
    this.#peer = core.connect(this);
    this.#expectConnect();
  }

  #expectConnect(): void {
    const { clock, connectTimeout } = this.#options;
    this.#cancelTimer = clock.after(connectTimeout, () => {
      if (this.#tap?.isPatient) return this.#expectConnect();
      this.#peer.refuse(
        new ConnectionError(`No CONNECT came within ${connectTimeout} ms.`),
      );
    });
  }

  /** Serves the client until its connection ends. */
  async run(): Promise<void> {
    try {
      for (;;) {
        const octets = await (this.#parked ?? this.#link.read());
        this.#parked = undefined;
        if (octets === undefined) break;
        if (!this.#isClosing) await this.#take(octets);
        // Whoever asks for answers and does not read them is not heard either.
        while (this.#outbox.length > MOST_UNREAD && !this.#isClosing) {
          await this.#unlessDropped(this.#outbox.room());
        }
      }
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
    } finally {
      this.drop();
    }
  }

  /** Whether the client takes what it is sent. */
  get isWritable(): boolean {
    return !this.#outbox.isFull && !this.#isClosing;
  }

  #receive(frame: Frame): void {
    const reception = this.#tap?.received(frame) ?? "handle";
    if (reception === "handle") this.#peer.receive(frame);
    else if (reception === "drop") this.drop();
    else if (reception !== "ignore") {
      const receipt = frame.headers.get("receipt");
      this.#peer.refuse(new ConnectionError(reception.error), receipt);
    }
  }

  /** Sends a frame to the client. */
  send(frame: Frame): void {
    if (this.#tap === undefined) return this.#write(frame);
    const { frames, delay } = this.#tap.sending(frame);
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
    const { version } = this.#peer;
    try {
      this.#buffer.append(frame, { version });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.#buffer.append(expressible(frame, version), { version });
    }
    this.#outbox.flush();
  }

  /** Closes once everything has been sent and the client has closed, too. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(LINGER, () => this.drop());
    this.#endWhenWritten();
  }

  #endWhenWritten(): void {
    if (this.#delayed.size > 0) return;
    this.#outbox.empty().then(() => this.#link.end()).catch(() => this.drop());
  }

  /** Closes now. */
  drop(): void {
    this.#isClosing = true;
    this.#wake?.();
    for (const cancel of this.#delayed) cancel();
    this.#delayed.clear();
    this.#cancelTimer();
    this.#outbox.fail(new ConnectionError("The connection is closed."));
    this.#peer.lost();
    this.#link.close();
  }

  async #take(octets: Uint8Array): Promise<void> {
    this.#pulse?.received(this.#options.clock.now());
    this.#decoder.push(octets);
    let isComplete = false;
    try {
      for (const frame of this.#decoder) {
        isComplete = true;
        this.#frameSince = undefined;
        const { version } = this.#peer;
        this.#receive(frame);
        if (this.#isClosing) return;
        if (version !== this.#peer.version) this.#connected();
        const room = this.#peer.takeRoom();
        if (room !== undefined) await this.#blocked(room);
      }
      this.#heedFrame(isComplete);
    } catch (error) {
      if (!(error instanceof StompError)) throw error;
      this.#peer.refuse(error);
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

  /** The client's signs of life are not looked at while we do not read. */
  async #blocked(room: Promise<void>): Promise<void> {
    this.#isBlocked = true;
    // One read looks ahead, so that a client that is gone is noticed.
    this.#parked ??= this.#link.read();
    this.#parked.then(
      (octets) => octets === undefined && this.drop(),
      () => this.drop(),
    );
    await this.#unlessDropped(room);
    this.#isBlocked = false;
    this.#pulse?.received(this.#options.clock.now());
  }

  /** Waits for something, but not longer than there is a connection. */
  #unlessDropped(promise: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      promise.then(resolve, resolve);
    });
  }

  #connected(): void {
    this.#decoder.version = this.#peer.version;
    this.#pulse = new Pulse(this.#peer.heartBeat, this.#options.clock.now());
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
    this.#cancelTimer();
    const deadline = Math.min(
      this.#pulse?.nextDeadline() ?? Infinity,
      this.#frameDeadline,
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
    const isPatient = this.#tap?.isPatient ?? false;
    if (this.#isBlocked || isPatient) pulse.received(now);
    if (isPatient && this.#frameSince !== undefined) this.#frameSince = now;
    if (now >= this.#frameDeadline) {
      return this.#peer.refuse(
        new ConnectionError(
          "A frame that has begun was not complete within " +
            `${this.#options.frameTimeout} ms.`,
        ),
      );
    }
    if (pulse.silence(now) !== undefined) return this.drop();
    if (pulse.isSendDue(now)) {
      const beats = (this.#tap?.beats ?? true) && !this.#isSkipped();
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
