import { FrameDecoder, type Version } from "../../codec/mod.ts";
import { ConnectionError } from "../../errors.ts";
import type { Link, Transport } from "../../transport/transport.ts";
import { assertEquals } from "./assert.ts";
import { octets, type PlainFrame, show, wire } from "./frames.ts";
import { settled } from "./virtual_clock.ts";

/** Writes a frame down as it goes over the wire, without any check or escape. */
export function raw(
  command: string,
  headers: Record<string, string | undefined> = {},
  body = "",
): string {
  const lines = Object.entries(headers)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}:${value}\n`);
  return `${command}\n${lines.join("")}\n${body}\0`;
}

/** The same with CR LF where the head has LF; its body must have none. */
export function crlf(wire: string): string {
  return wire.replaceAll("\n", "\r\n");
}

/** The first entry of a header. */
export function headerOf(
  frame: PlainFrame | undefined,
  name: string,
): string | undefined {
  return frame?.headers.find(([key]) => key === name)?.[1];
}

/** The bodies of frames that must be messages; redelivered ones have a star. */
export function bodiesOf(frames: readonly PlainFrame[]): string[] {
  return frames.map((frame) => {
    assertEquals(frame.command, "MESSAGE", JSON.stringify(frame));
    return frame.body + (headerOf(frame, "redelivered") === "true" ? "*" : "");
  });
}

/**
 * A client that says exactly what a test tells it to. In the wire texts that it
 * says and hears each character stands for one octet.
 */
export class RawPeer implements AsyncDisposable {
  readonly #link: Link;
  readonly #reading: Promise<void>;
  readonly #decoder = new FrameDecoder();
  #frames: PlainFrame[] = [];
  #heard = "";
  #hasEnded = false;
  #wake: (() => void) | undefined;
  /** Present while the peer does not read. */
  #deaf: PromiseWithResolvers<void> | undefined;

  /** Reads from now on. */
  constructor(link: Link) {
    this.#link = link;
    this.#reading = this.#read();
  }

  /** Connects to a URL of `serve()`. */
  static async dial(transport: Transport, url: string): Promise<RawPeer> {
    const { hostname, port } = new URL(url);
    const bare = hostname.replace(/^\[(.*)\]$/, "$1");
    return new RawPeer(
      await transport.connect({ hostname: bare, port: Number(port) }),
    );
  }

  /** Whether the other side has ended the connection. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Says something in one write, and returns the frames that are the answer.
   * In memory alone: over a socket nobody knows when an answer is complete.
   */
  async say(text: string): Promise<PlainFrame[]> {
    await this.write(text);
    return await this.frames();
  }

  /** Says something. */
  write(text: string): Promise<void> {
    return this.#link.write(octets(text));
  }

  /** The bodies of the messages that have come. In memory alone. */
  async bodies(): Promise<string[]> {
    return bodiesOf(await this.frames());
  }

  /** The frames that have come since somebody asked. In memory alone. */
  async frames(): Promise<PlainFrame[]> {
    await settled();
    return this.#frames.splice(0);
  }

  /** The octets that have come since somebody asked. In memory alone. */
  async octets(): Promise<string> {
    await settled();
    const heard = this.#heard;
    this.#heard = "";
    return heard;
  }

  /** Waits for the next frame; `undefined` at the end. */
  async next(): Promise<PlainFrame | undefined> {
    while (this.#frames.length === 0 && !this.#hasEnded) await this.#change();
    return this.#frames.shift();
  }

  /** Waits until the other side ends the connection. */
  async end(): Promise<void> {
    while (!this.#hasEnded) await this.#change();
  }

  /** Opens a session that must be accepted. */
  async connect(
    version: Version,
    headers: Record<string, string> = {},
  ): Promise<PlainFrame> {
    await this.write(
      raw("CONNECT", { "accept-version": version, host: "/", ...headers }),
    );
    const answer = await this.next();
    assertEquals(answer?.command, "CONNECTED");
    this.#heard = "";
    return answer!;
  }

  /** Reads no more, so that what comes has to wait. */
  pause(): void {
    this.#deaf ??= Promise.withResolvers();
  }

  /** Reads on. */
  resume(): void {
    this.#deaf?.resolve();
    this.#deaf = undefined;
  }

  /** Says that it will say no more. */
  finish(): Promise<void> {
    return this.#link.end();
  }

  /** Lets go of the connection. */
  async close(): Promise<void> {
    this.#link.close();
    this.resume();
    await this.#reading;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const octets = await this.#link.read();
        if (octets === undefined) break;
        this.#heard += wire(octets);
        this.#decoder.push(octets);
        for (const frame of this.#decoder) this.#frames.push(show(frame));
        this.#wake?.();
        await this.#deaf?.promise;
      }
    } catch (error) {
      // A connection that was lost has ended, too.
      if (!(error instanceof ConnectionError)) throw error;
    } finally {
      this.#hasEnded = true;
      this.#wake?.();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }
}
