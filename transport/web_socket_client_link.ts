import { ConnectionError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import { OctetQueue } from "./octet_queue.ts";
import type { Link } from "./transport.ts";
import { turn } from "./turn.ts";
import type { WebSocketEnd } from "./web_socket_frames.ts";
import { showEnd, type WebSocketLike } from "./web_socket_like.ts";
import { TextPieces } from "./web_socket_text.ts";

/** Above this many octets that the socket has not sent a write waits. */
const HIGH_WATER = 256 * 1024;
/** How often it looks whether they are gone, in ms: nobody tells. */
const LOOK_EVERY = 5;
/** More may not wait to be read; the largest frame takes less. */
const MOST_UNREAD = 256 * 1024 * 1024;
/** How long the other side may take to answer our good-bye, in ms. */
const CLOSE_TIMEOUT = 1000;

const IS_OPEN = 1;
const NORMAL = 1000;
const NO_CODE = 1005;

/**
 * The client's end of a WebSocket, whose octets travel in messages; where one
 * ends and the next begins means nothing. What is UTF-8 leaves as text, since
 * some brokers take nothing else, and the rest as binary; both are read.
 */
export class WebSocketClientLink implements Link {
  readonly peer: string;
  readonly #socket: WebSocketLike;
  readonly #clock: Clock;
  readonly #opened = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  readonly #unread = new OctetQueue();
  readonly #texts = new TextPieces();
  #wasOpen = false;
  /** How it has ended. */
  #end: Partial<WebSocketEnd> | undefined;
  #isClosed = false;
  /** Why, where we did it ourselves. */
  #failure: ConnectionError | undefined;
  /** What the runtime says of an error; a page is told nothing. */
  #said: unknown;
  #wakeReader: (() => void) | undefined;

  /** It may still be on its way to be open. */
  constructor(socket: WebSocketLike, peer: string, clock: Clock) {
    this.peer = peer;
    this.#socket = socket;
    this.#clock = clock;
    this.#opened.promise.catch(() => {});
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => this.#open());
    socket.addEventListener("message", ({ data }) => this.#received(data));
    socket.addEventListener("error", ({ error, message }) => {
      this.#said ??= withoutQueries(error ?? message);
      // Node's has no "close" behind an error while it is being opened.
      void turn().then(() => {
        if (!this.#wasOpen) this.#ended({});
      });
    });
    socket.addEventListener("close", (end) => this.#ended(end));
    if (socket.readyState === IS_OPEN) this.#open();
    else if (socket.readyState > IS_OPEN) this.#ended({});
  }

  /**
   * Resolves once it is open.
   *
   * @throws {ConnectionError} if it cannot be opened.
   */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** The subprotocol that was answered; empty: none. */
  get protocol(): string {
    return this.#socket.protocol ?? "";
  }

  /** A read that is pending while we close ends when the WebSocket has. */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isClosed) {
        await this.#gone.promise;
        return undefined;
      }
      const octets = this.#unread.take();
      if (octets !== undefined) return octets;
      if (this.#end !== undefined) {
        if (isNormal(this.#end)) return undefined;
        throw this.#lost();
      }
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
      this.#wakeReader = undefined;
    }
  }

  async write(octets: Uint8Array): Promise<void> {
    this.#requireOpen();
    this.#send(octets);
    await turn();
    while ((this.#socket.bufferedAmount ?? 0) > HIGH_WATER) {
      this.#requireOpen();
      await new Promise<void>((resolve) => {
        this.#clock.after(LOOK_EVERY, resolve);
      });
    }
  }

  #send(octets: Uint8Array): void {
    const socket = this.#socket as WebSocketLike & {
      send(message: string | Uint8Array): void;
    };
    const message = this.#texts.add(octets);
    const { text } = message;
    if (text === undefined) socket.send(message.octets.slice());
    else if (text !== "") socket.send(text);
  }

  /** A WebSocket has no half that could be closed. */
  // deno-lint-ignore require-await -- the interface's other adapters wait
  async end(): Promise<void> {
    this.#requireOpen();
    this.#socket.close(NORMAL);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unread.clear();
    try {
      if (this.#wasOpen) this.#socket.close(NORMAL);
      else this.#socket.close();
    } catch {
      // A polyfill may object to it; it is no use to us in any case.
    }
    this.#wakeReader?.();
    this.#opened.reject(
      new ConnectionError(`The connection to ${this.peer} is closed.`),
    );
    if (this.#end !== undefined) return;
    const giveUp = this.#clock.after(CLOSE_TIMEOUT, () => this.#gone.resolve());
    void this.#gone.promise.then(giveUp);
  }

  #open(): void {
    // Not everybody can stop on the way.
    if (this.#isClosed) return this.#socket.close(NORMAL);
    this.#wasOpen = true;
    this.#opened.resolve();
  }

  #received(data: unknown): void {
    if (this.#isClosed || this.#end !== undefined) return;
    if (typeof data === "string") this.#unread.addText(data);
    else if (data instanceof ArrayBuffer) {
      this.#unread.add(new Uint8Array(data));
    } else if (ArrayBuffer.isView(data)) {
      // Its owner may use the memory again.
      const { buffer, byteOffset, byteLength } = data;
      this.#unread.add(new Uint8Array(buffer, byteOffset, byteLength).slice());
    } else {
      return this.#fail(
        `gave a message that is neither text nor an ArrayBuffer, but ${
          Object.prototype.toString.call(data).slice(8, -1)
        }`,
      );
    }
    // Nothing holds a WebSocket up, whoever does not read.
    if (this.#unread.length > MOST_UNREAD) {
      return this.#fail(
        `has brought over ${MOST_UNREAD} octets that nobody has read: let ` +
          "messages be acknowledged, so that the broker waits for us",
      );
    }
    this.#wakeReader?.();
  }

  #fail(what: string): void {
    this.#failure ??= new ConnectionError(
      `The WebSocket to ${this.peer} ${what}.`,
    );
    this.close();
  }

  #ended(end: Partial<WebSocketEnd>): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    if (!this.#wasOpen) this.#opened.reject(this.#notOpened());
    this.#gone.resolve();
    this.#wakeReader?.();
  }

  #requireOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isClosed) {
      throw new ConnectionError(`The connection to ${this.peer} is closed.`);
    }
    if (this.#end !== undefined) throw this.#lost();
  }

  #lost(): ConnectionError {
    return new ConnectionError(
      `The connection to ${this.peer} was lost: the WebSocket${
        this.protocol === "" ? "" : ` (subprotocol ${this.protocol})`
      } was closed with ${showEnd(this.#end!)}.`,
      { cause: this.#said ?? this.#end },
    );
  }

  #notOpened(): ConnectionError {
    const said = this.#said instanceof Error ? this.#said.message : this.#said;
    return new ConnectionError(
      `Cannot connect to ${this.peer}: the WebSocket was never open, and ended ` +
        `with ${showEnd(this.#end!)}. ${
          typeof said === "string" && said !== ""
            ? `The runtime says: ${withoutFullStop(said)}.`
            : "A page is not told why."
        } Is there a broker that speaks STOMP by WebSocket, at this path, with ` +
        "a certificate that is trusted, and does it let this origin in?",
      { cause: this.#said ?? this.#end },
    );
  }
}

function isNormal({ code, reason }: Partial<WebSocketEnd>): boolean {
  return (code === NORMAL || code === NO_CODE) && !reason;
}

/** A runtime may show the URL, whose query may hold a token. */
function withoutQueries(said: unknown): unknown {
  const text = said instanceof Error ? said.message : said;
  if (typeof text !== "string") return said;
  const shown = text.replace(/(wss?:\/\/[^\s'"?]*)\?[^\s'"]*/g, "$1");
  return shown === text ? said : new Error(shown);
}

function withoutFullStop(text: string): string {
  return text.replace(/\.$/, "");
}
