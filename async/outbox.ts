import { type EncodeOptions, FrameBuffer } from "../codec/encoder.ts";
import type { Frame } from "../codec/mod.ts";
import type { ConnectionError } from "../errors.ts";
import type { Link } from "../transport/transport.ts";

/** Above this many octets that the socket has not taken, senders wait. */
const HIGH_WATER = 256 * 1024;
/** The first room for frames that leave together. */
const ROOM = 16 * 1024;

/**
 * What is on its way out of a connection. Frames that are added in the same
 * turn, or while the socket is busy, leave in one write.
 */
export class Outbox {
  readonly #link: Link;
  readonly #sent: () => void;
  readonly #failed: (cause: unknown) => void;
  readonly #buffer = new FrameBuffer(ROOM);
  #inFlight = 0;
  #flushing = false;
  #failure: ConnectionError | undefined;
  #progress = Promise.withResolvers<void>();

  /** `sent` is called after each write, `failed` if one fails. */
  constructor(link: Link, sent: () => void, failed: (cause: unknown) => void) {
    this.#link = link;
    this.#sent = sent;
    this.#failed = failed;
  }

  /**
   * Adds a frame.
   *
   * @throws {UsageError} if the version cannot express it; nothing is added.
   */
  append(frame: Frame, options: EncodeOptions): void {
    this.#buffer.append(frame, options);
    this.#schedule();
  }

  /** Adds an EOL, unless there is something on its way anyhow. */
  appendHeartBeat(): void {
    if (this.#octets > 0) return;
    this.#buffer.appendHeartBeat();
    this.#schedule();
  }

  /** Whether senders should wait. */
  get isFull(): boolean {
    return this.#octets > HIGH_WATER;
  }

  /**
   * Resolves once there is room for more.
   *
   * @throws {ConnectionError} if the connection is lost before.
   */
  async room(): Promise<void> {
    while (this.isFull && this.#failure === undefined) {
      await this.#progress.promise;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Nothing leaves any more; whoever waits is told. */
  fail(failure: ConnectionError): void {
    this.#failure ??= failure;
    this.#progress.resolve();
  }

  get #octets(): number {
    return this.#buffer.length + this.#inFlight;
  }

  #schedule(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  async #flush(): Promise<void> {
    try {
      while (this.#buffer.length > 0 && this.#failure === undefined) {
        const octets = this.#buffer.take();
        this.#inFlight = octets.length;
        await this.#link.write(octets);
        this.#inFlight = 0;
        this.#sent();
        this.#progress.resolve();
        this.#progress = Promise.withResolvers();
      }
    } catch (cause) {
      this.#failed(cause);
    } finally {
      this.#flushing = false;
    }
  }
}
