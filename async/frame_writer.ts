import { FrameBuffer } from "../codec/encoder.ts";
import type { Frame } from "../codec/mod.ts";
import { ConnectionError } from "../errors.ts";
import type { ClientSession } from "../session/client_session.ts";
import { Outbox } from "../transport/outbox.ts";
import type { Link } from "../transport/transport.ts";
import type { Alarm } from "../transport/alarm.ts";
import type { ClientContext } from "./client_context.ts";
import type { BeatSchedule } from "../session/beat_schedule.ts";
import { Receipts } from "./receipts.ts";
import { WriteWatch } from "../transport/write_watch.ts";

/** How a frame that asks for a receipt is put on its way. */
export interface RequestInit {
  /** The receipt that it asks for. */
  readonly receipt: string;
  /** How long that may take, in ms. @default {receiptTimeout} */
  readonly timeout?: number | undefined;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
  /** See `EncodeOptions`. */
  readonly contentLength?: boolean | undefined;
}

/** What a writer works with, beside what all parts of a client share. */
export interface FrameWriterInit {
  readonly link: Link;
  readonly session: ClientSession;
  readonly beats: BeatSchedule;
  readonly alarm: Alarm;
  /** Called where the link takes nothing any more. */
  failed(cause: unknown): void;
}

/** Puts the frames of one connection on their way, and waits for their receipts. */
export class FrameWriter {
  readonly receipts: Receipts;
  readonly #init: FrameWriterInit;
  readonly #context: ClientContext;
  readonly #buffer = new FrameBuffer();
  readonly #outbox: Outbox;
  readonly #watch = new WriteWatch();
  #failure: ConnectionError | undefined;

  /** Nothing is on its way. */
  constructor(init: FrameWriterInit, context: ClientContext) {
    this.#init = init;
    this.#context = context;
    this.receipts = new Receipts(context.signals);
    this.#outbox = new Outbox(init.link, this.#buffer, {
      sent: (octets) => this.#sent(octets),
      failed: (cause) => init.failed(cause),
    });
  }

  /** How many octets the socket has not taken. */
  get length(): number {
    return this.#outbox.length;
  }

  /** Whether the socket takes nothing any more. */
  get isStalled(): boolean {
    return this.#watch.isStalled;
  }

  /** When to look whether it does; `Infinity` for never. */
  get nextDeadline(): number {
    return Math.min(this.#watch.nextDeadline, this.receipts.nextDeadline);
  }

  /** What `Connection.write` does. */
  write(frame: Frame, contentLength: boolean | undefined): void {
    this.#append(frame, contentLength);
    this.receipts.wrote();
  }

  /** What `Connection.request` does. */
  request(
    frame: Frame,
    operation: string,
    { receipt, timeout, signal, contentLength }: RequestInit,
  ): Promise<void> {
    this.#append(frame, contentLength);
    const { clock, receiptTimeout } = this.#context;
    const limit = timeout ?? receiptTimeout;
    const now = clock.now();
    const come = this.receipts.wait(receipt, operation, limit, now, signal);
    this.#init.alarm.by(this.receipts.nextDeadline);
    return come;
  }

  /** Gives a sign of life: what is on its way already is one. */
  beat(): void {
    if (this.length === 0) this.#buffer.appendHeartBeat();
    this.#flush();
  }

  /** What `Connection.room` does. */
  room(signal: AbortSignal | undefined): Promise<void> | undefined {
    if (!this.#outbox.isFull) return undefined;
    const room = this.#outbox.room().catch((cause) => {
      throw unknownFate("what was written last", cause);
    });
    return this.#context.signals.limit(room, signal);
  }

  /** Looks whether anything is late; says whether the socket has just stalled. */
  look(now: number): boolean {
    this.receipts.expire(now);
    const stalls = this.#watch.stalls(now);
    if (stalls) {
      const octets = this.length;
      this.#context.status.post({ type: "write-stalled", octets });
    }
    return stalls;
  }

  /** Writes nothing any more; whoever waits is told. */
  end(failure: ConnectionError): void {
    this.#failure = failure;
    this.#outbox.fail(failure);
    this.receipts.rejectAll((operation) => unknownFate(operation, failure));
  }

  #append(frame: Frame, contentLength: boolean | undefined): void {
    const { session } = this.#init;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      const { version, dialect: { escapesIn10 } } = session;
      this.#buffer.append(frame, { contentLength, version, escapesIn10 });
    } catch (error) {
      session.withdraw(frame);
      throw error;
    }
    this.#context.traffic.framesSent++;
    this.#flush();
  }

  #flush(): void {
    this.#outbox.flush();
    if (this.#watch.isWatching) return;
    this.#watch.begin(this.#context.clock.now());
    this.#init.alarm.by(this.#watch.nextDeadline);
  }

  #sent(octets: number): void {
    const { clock, status, traffic } = this.#context;
    const now = clock.now();
    traffic.octetsSent += octets;
    this.#init.beats.sent(now);
    const resumes = this.#watch.progress(now, this.length > 0);
    if (resumes) status.post({ type: "write-resumed" });
    this.#init.alarm.by(this.#watch.nextDeadline);
  }
}

function unknownFate(operation: string, cause: unknown): ConnectionError {
  return new ConnectionError(
    `It is unknown whether the broker took ${operation}: the connection was ` +
      "lost before that was confirmed. Repeating it may do it twice.",
    { cause, unknown: true },
  );
}
