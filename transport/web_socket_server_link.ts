import { ConnectionError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import type { Link } from "./transport.ts";
import {
  closePayload,
  encodeFrame,
  frameHead,
  NORMAL,
  OPCODES,
  type WebSocketEnd,
  WebSocketFrameDecoder,
} from "./web_socket_frames.ts";
import { answerUpgrade, TOO_LONG } from "./web_socket_handshake.ts";

/** The longest request for a WebSocket: a page's cookies come with it. */
const MOST_HEAD = 16 * 1024;
/** Longer messages are written behind their heads, not copied. */
const COPIED = 64 * 1024;
/** How long a client may take to answer our good-bye, and to read it, in ms. */
const CLOSE_TIMEOUT = 1_000;
/** What everybody is told whom we leave in peace. */
const GOOD_BYE: WebSocketEnd = {
  code: NORMAL,
  reason: "The broker has closed the connection.",
};

const NOTHING = new Uint8Array(0);

/** What a {@linkcode WebSocketServerLink} is made with. */
export interface WebSocketServerOptions {
  /** The clock to use. */
  readonly clock: Clock;
  /** Whether pages of this origin may connect. */
  readonly isWelcome: (origin: string) => boolean;
}

/**
 * The server's end of a WebSocket (RFC 6455) over any other link, whose octets
 * travel in its messages; where one message ends and the next begins means
 * nothing. It answers in the kind of messages that it is sent, text or binary;
 * what is no text is sent as binary anyhow.
 *
 * Reads and writes wait for the client's request, too. Nothing gathers here:
 * octets are asked for and handed out as they come.
 */
export class WebSocketServerLink implements Link {
  readonly peer: string;
  readonly #link: Link;
  readonly #options: WebSocketServerOptions;
  readonly #decoder = new WebSocketFrameDecoder();
  /** Resolves once there is a WebSocket, or will be none. */
  readonly #opening: Promise<boolean>;
  #isOpen = false;
  /** What has come and was not handed out. */
  #unread: Uint8Array | undefined;
  /** Present while octets are waited for. */
  #receiving: Promise<void> | undefined;
  /** Whether no more octets will come, not even a good-bye. */
  #hasEnded = false;
  /** Whether what comes is not wanted any more. */
  #isClosed = false;
  /** What is written: one thing behind the other. */
  #writing: Promise<void> = Promise.resolve();
  /** What is to be answered once there is nothing else to write. */
  #ping: Uint8Array | undefined;
  /** The beginning of a character, whose end comes with the next write. */
  #carried: Uint8Array = NOTHING;
  #hasSaidGoodBye = false;
  /** Settles once the connection is gone. */
  #leaving: Promise<void> | undefined;

  /** Somebody has connected, and has still to ask for a WebSocket. */
  constructor(link: Link, options: WebSocketServerOptions) {
    this.#link = link;
    this.peer = link.peer;
    this.#options = options;
    this.#opening = this.#shakeHands();
    // Whoever reads or writes is told.
    this.#opening.catch(() => {});
  }

  get isOpening(): boolean {
    return !this.#isOpen;
  }

  /** What is pending while we close ends when the connection is gone. */
  async read(): Promise<Uint8Array | undefined> {
    await this.#opening;
    while (!this.#isClosed) {
      const octets = this.#unread;
      this.#unread = undefined;
      if (octets !== undefined) return octets;
      if (this.#leaving !== undefined) break;
      await this.#receive();
    }
    await this.#leaving;
    return undefined;
  }

  async write(octets: Uint8Array): Promise<void> {
    if (!await this.#opening) throw this.#over();
    const all = joined(this.#carried, octets);
    const whole = this.#decoder.isText
      ? all.subarray(0, all.length - lengthOfCut(all))
      : all;
    const isText = this.#decoder.isText && isUtf8(whole);
    const payload = isText ? whole : all;
    this.#carried = all.slice(payload.length);
    if (payload.length === 0) return;
    await this.#send(isText ? OPCODES.text : OPCODES.binary, payload);
  }

  /** Says good-bye: a WebSocket has no half that could be closed. */
  async end(): Promise<void> {
    if (!await this.#opening) throw this.#over();
    await this.#sayGoodBye(GOOD_BYE);
  }

  /** Says good-bye, and lets go once the client says so, too, or soon. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unread = undefined;
    if (this.#isOpen) return this.#leave(GOOD_BYE);
    // Whoever is told why there is no WebSocket has a moment to read it.
    if (this.#leaving === undefined) this.#link.close();
  }

  async #shakeHands(): Promise<boolean> {
    let head = "";
    for (;;) {
      const octets = await this.#link.read();
      if (octets === undefined) {
        this.#hasEnded = true;
        this.#leave();
        return false;
      }
      const before = head.length;
      head += new TextDecoder("latin1").decode(octets);
      const end = head.indexOf("\r\n\r\n", Math.max(0, before - 3));
      if (end < 0 && head.length <= MOST_HEAD) continue;
      const answer = end < 0 || end > MOST_HEAD
        ? TOO_LONG
        : await answerUpgrade(head.slice(0, end), this.#options.isWelcome);
      if (this.#isClosed) return false;
      await this.#link.write(new TextEncoder().encode(answer.text));
      this.#isOpen = answer.isAccepted;
      if (this.#isOpen) this.#take(octets.subarray(end + 4 - before));
      else this.#leave();
      return this.#isOpen;
    }
  }

  /** Waits until something comes. Whoever waits meanwhile waits for the same. */
  #receive(): Promise<void> {
    return this.#receiving ??= this.#link.read().then((octets) => {
      if (octets === undefined) this.#hasEnded = true;
      else if (this.#isOpen) this.#take(octets);
      if (this.#hasEnded) this.#leave();
    }).finally(() => this.#receiving = undefined);
  }

  #take(octets: Uint8Array): void {
    const carried = this.#decoder.push(octets);
    if (carried.length > 0 && !this.#isClosed) this.#unread = carried;
    const { end } = this.#decoder;
    if (end !== undefined) return this.#leave(end);
    const ping = this.#decoder.takePing();
    if (ping === undefined) return;
    const isAnswering = this.#ping !== undefined;
    this.#ping = ping;
    if (!isAnswering) void this.#answerPing();
  }

  /** A client that does not read what it is answered is kept one answer. */
  async #answerPing(): Promise<void> {
    await this.#writing;
    const ping = this.#ping!;
    this.#ping = undefined;
    // A connection that was lost is noticed by whoever reads.
    await this.#send(OPCODES.pong, ping).catch(() => {});
  }

  #send(opcode: number, payload: Uint8Array): Promise<void> {
    if (this.#hasSaidGoodBye) return Promise.reject(this.#over());
    const written = this.#writing.then(async () => {
      if (payload.length <= COPIED) {
        return await this.#link.write(encodeFrame(opcode, payload));
      }
      await this.#link.write(frameHead(opcode, payload.length));
      await this.#link.write(payload);
    });
    this.#writing = written.catch(() => {});
    return written;
  }

  #sayGoodBye(end: WebSocketEnd): Promise<void> {
    if (this.#hasSaidGoodBye) return this.#writing;
    const carried = this.#carried;
    this.#carried = NOTHING;
    if (carried.length > 0) void this.#send(OPCODES.binary, carried);
    const said = this.#send(OPCODES.close, closePayload(end));
    this.#hasSaidGoodBye = true;
    return said;
  }

  #leave(end?: WebSocketEnd): void {
    this.#leaving ??= this.#part(end);
  }

  /** Parts as one should, and in any case soon. */
  async #part(end: WebSocketEnd | undefined): Promise<void> {
    const cancel = this.#options.clock.after(
      CLOSE_TIMEOUT,
      () => this.#link.close(),
    );
    try {
      if (this.#isOpen && !this.#hasEnded) await this.#sayGoodBye(end!);
      // The server ends the connection under a WebSocket that both have closed.
      if (!this.#decoder.isClosed && !this.#hasEnded) await this.#drain();
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
    } finally {
      cancel();
      this.#link.close();
    }
  }

  /** Unread octets would make the system throw away what was said last. */
  async #drain(): Promise<void> {
    if (!this.#isOpen || this.#decoder.end !== undefined) {
      await this.#link.end();
    }
    while (!this.#decoder.isClosed && !this.#hasEnded) await this.#receive();
  }

  #over(): ConnectionError {
    return new ConnectionError(
      `The connection to ${this.peer} ${
        this.#isClosed ? "is closed" : "was lost: the peer closed it"
      }.`,
    );
  }
}

function joined(one: Uint8Array, two: Uint8Array): Uint8Array {
  if (one.length === 0) return two;
  const both = new Uint8Array(one.length + two.length);
  both.set(one);
  both.set(two, one.length);
  return both;
}

/** How many octets at the end begin a character that is not complete. */
function lengthOfCut(octets: Uint8Array): number {
  for (let length = 1; length <= Math.min(3, octets.length); length++) {
    const octet = octets[octets.length - length]!;
    if (octet < 0x80) return 0;
    if (octet < 0xc0) continue;
    const needed = octet >= 0xf0 ? 4 : octet >= 0xe0 ? 3 : 2;
    return needed > length ? length : 0;
  }
  return 0;
}

const FROM_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isUtf8(octets: Uint8Array): boolean {
  try {
    FROM_UTF8.decode(octets);
    return true;
  } catch {
    return false;
  }
}
