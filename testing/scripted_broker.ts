import {
  encodeFrame,
  type Frame,
  FrameDecoder,
  type Version,
} from "../codec/mod.ts";
import { UsageError } from "../errors.ts";
import { AcceptQueue } from "../transport/accept_queue.ts";
import type { Link } from "../transport/transport.ts";

/** Who writes down what the client of a connection has sent. */
type Recorder = (connection: number, frame: Frame) => void;

/**
 * New connections, which come to the test instead of the broker. It is made by
 * `intercept()` of a test broker, and ends when it is disposed of.
 */
export class Interception implements Disposable {
  readonly #links = new AcceptQueue();
  readonly #record: Recorder;
  readonly #end: () => void;
  #last: Promise<unknown> = Promise.resolve();
  /** Numbers of connections, by link. */
  readonly #numbers = new WeakMap<Link, number>();
  #hasEnded = false;

  /** Made by the test broker. */
  constructor(record: Recorder, end: () => void) {
    this.#record = record;
    this.#end = end;
  }

  /** A client has connected. Called by the test broker. */
  offer(number: number, link: Link): void {
    this.#numbers.set(link, number);
    this.#links.offer(link);
  }

  /**
   * Waits for the next connection that a client makes.
   *
   * @throws {UsageError} if the interception has ended.
   */
  accept(): Promise<InterceptedConnection> {
    const next = this.#last.then(() => this.#accept());
    this.#last = next.catch(() => {});
    return next;
  }

  async #accept(): Promise<InterceptedConnection> {
    const link = await this.#links.take();
    if (link !== undefined) {
      const number = this.#numbers.get(link)!;
      return new InterceptedConnection(
        link,
        (frame) => this.#record(number, frame),
      );
    }
    throw new UsageError(
      "There is nothing more to accept: the interception has ended.",
    );
  }

  /**
   * From now on connections are the broker's again; those that wait are closed,
   * and those that were accepted go on. Idempotent.
   */
  [Symbol.dispose](): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#end();
    this.#links.close();
    void (async () => {
      for (let link; (link = await this.#links.take()) !== undefined;) {
        link.close();
      }
    })();
  }
}

/** One connection of a client's, on which the test speaks for the broker. */
export class InterceptedConnection implements Disposable {
  /** The octets, for whoever wants to say what is no frame. */
  readonly link: Link;
  readonly #record: (frame: Frame) => void;
  readonly #decoder = new FrameDecoder();
  #version: Version | undefined;

  /** Made by {@linkcode Interception.accept}. */
  constructor(link: Link, record: (frame: Frame) => void) {
    this.link = link;
    this.#record = record;
  }

  /**
   * The next frame that the client sends, heart-beats not counted; `undefined`
   * once it has closed. The transcript has it, too.
   *
   * @throws {FrameError} if it sends something else, {ConnectionError} if the
   * connection was lost.
   */
  async next(): Promise<Frame | undefined> {
    for (;;) {
      for (const frame of this.#decoder) {
        this.#record(frame);
        return frame;
      }
      const octets = await this.link.read();
      if (octets === undefined) return undefined;
      this.#decoder.push(octets);
    }
  }

  /**
   * Sends a frame, as the version that its CONNECTED has named wants it written.
   *
   * @throws {UsageError} if that version cannot express it, {ConnectionError}
   * if the connection was lost.
   */
  async send(frame: Frame): Promise<void> {
    const octets = encodeFrame(frame, { version: this.#version });
    if (frame.command === "CONNECTED") {
      this.#version = frame.headers.get("version") as Version ?? "1.0";
      this.#decoder.version = this.#version;
    }
    await this.link.write(octets);
  }

  /** Drops the connection. */
  close(): void {
    this.link.close();
  }

  /** The same as {@linkcode close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
