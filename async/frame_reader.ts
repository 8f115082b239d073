import { FrameDecoder } from "../codec/decoder.ts";
import type { Frame, FrameLimits } from "../codec/mod.ts";
import type { BeatSchedule } from "../session/beat_schedule.ts";
import type { Link } from "../transport/transport.ts";
import type { ClientContext } from "./client_context.ts";
import type { FrameRouter } from "./frame_router.ts";
import type { FrameWriter } from "./frame_writer.ts";

/** What a reader works with, beside what all parts of a client share. */
export interface FrameReaderInit {
  readonly link: Link;
  readonly limits: FrameLimits;
  readonly beats: BeatSchedule;
  readonly writer: FrameWriter;
  readonly router: FrameRouter;
}

/** Reads the frames of one connection, and rests while too many messages wait. */
export class FrameReader {
  readonly #init: FrameReaderInit;
  readonly #context: ClientContext;
  readonly decoder: FrameDecoder;
  #isOver = false;
  /** Present while it rests. */
  #rest: PromiseWithResolvers<void> | undefined;

  /** It begins with {@linkcode read}. */
  constructor(init: FrameReaderInit, context: ClientContext) {
    this.#init = init;
    this.#context = context;
    const { limits } = init;
    this.decoder = new FrameDecoder({ limits, lenient: true });
  }

  /** Whether it rests, so that silence says nothing. */
  get isResting(): boolean {
    return this.#rest !== undefined;
  }

  /**
   * Hands over each frame that comes, until there will be no more.
   *
   * @throws {FrameError} for octets that are none, {ConnectionError} if the
   * connection is lost, and what `take` throws.
   */
  async read(take: (frame: Frame) => void): Promise<void> {
    const { clock, traffic, pace } = this.#context;
    const { link, beats } = this.#init;
    for (;;) {
      const octets = await pace.outside(link.read());
      if (octets === undefined || this.#isOver) return;
      traffic.receivedAt = clock.now();
      traffic.octetsReceived += octets.length;
      beats.received(traffic.receivedAt);
      this.decoder.push(octets);
      for (const frame of this.decoder) {
        traffic.framesReceived++;
        take(frame);
        if (this.#isOver) return;
      }
      if (this.#mustRest()) await this.#pause();
      if (pace.isOver) await pace.next();
    }
  }

  /** Goes on after a rest, if it may. */
  readOn(): void {
    if (this.#rest === undefined || this.#mustRest()) return;
    this.#context.buffer.onRoom = undefined;
    this.#rest.resolve();
    this.#rest = undefined;
  }

  /** Hands over nothing more. */
  end(): void {
    this.#isOver = true;
    this.readOn();
  }

  /**
   * It goes on whenever somebody waits for an answer: the receipt that would let
   * a loop go on may be behind the messages that it has no time for. And it goes
   * on where the broker takes nothing from us before we have.
   */
  #mustRest(): boolean {
    const { writer, router } = this.#init;
    return !this.#isOver && writer.receipts.size === 0 && !writer.isStalled &&
      router.isFull;
  }

  async #pause(): Promise<void> {
    const { status, buffer, clock } = this.#context;
    const { id, destination } = this.#init.router.fullest;
    status.post({
      type: "reading-paused",
      octets: buffer.octets,
      subscription: id,
      destination,
    });
    this.#rest = Promise.withResolvers();
    buffer.onRoom = () => this.readOn();
    await this.#rest.promise;
    this.#init.beats.received(clock.now());
    status.post({ type: "reading-resumed" });
  }
}
