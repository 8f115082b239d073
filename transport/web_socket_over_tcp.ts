import { ConnectionError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import type { TlsOptions } from "./tls.ts";
import type { Link, Transport } from "./transport.ts";
import {
  closePayload,
  encodeMaskedFrame,
  NORMAL,
  OPCODES,
  type WebSocketEnd,
  WebSocketFrameDecoder,
} from "./web_socket_frames.ts";
import { checkUpgrade, upgradeRequest } from "./web_socket_request.ts";
import { showEnd } from "./web_socket_like.ts";
import { TextPieces } from "./web_socket_text.ts";

/** The longest head of an answer to our request. */
const MOST_HEAD = 64 * 1024;
/** How long our good-bye may take to leave, in ms. */
const CLOSE_TIMEOUT = 1000;
const NO_CODE = 1005;

/** Where and how a WebSocket is opened over TCP. */
export interface WebSocketOverTcpDial {
  readonly url: string;
  /** The URL as messages show it. */
  readonly peer: string;
  readonly protocols: readonly string[];
  readonly transport: Transport;
  readonly tls: TlsOptions | undefined;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
}

/**
 * Opens a WebSocket over TCP, where there is TCP. Against those of the runtimes,
 * which differ, it lets go of the socket when it is given up, takes certificates,
 * tells what a server answers instead, and holds up a broker that nobody reads.
 *
 * @throws {ConnectionError} if it cannot be opened; the signal's reason if that
 * aborts.
 */
export async function openWebSocketOverTcp(
  dial: WebSocketOverTcpDial,
): Promise<WebSocketOverTcp> {
  const { transport, tls, signal, peer } = dial;
  const url = new URL(dial.url);
  const isSecure = url.protocol === "wss:";
  const link = await transport.connect({
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port) || (isSecure ? 443 : 80),
  }, { signal, tls: isSecure ? tls ?? {} : undefined });
  const abort = () => link.close();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const { request, key } = upgradeRequest(url, dial.protocols);
    await link.write(new TextEncoder().encode(request));
    const { head, rest } = await headOfAnswer(link, peer);
    const protocol = await checkUpgrade(head, key, peer);
    return new WebSocketOverTcp(link, { ...dial, protocol }, rest);
  } catch (error) {
    link.close();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** Everything up to the empty line, and what has come behind it. */
async function headOfAnswer(
  link: Link,
  peer: string,
): Promise<{ readonly head: string; readonly rest: Uint8Array }> {
  let head = "";
  for (;;) {
    const octets = await link.read();
    const before = head.length;
    head += new TextDecoder("latin1").decode(octets);
    const end = head.indexOf("\r\n\r\n", Math.max(0, before - 3));
    if (end >= 0) {
      const rest = octets?.subarray(end + 4 - before) ?? new Uint8Array(0);
      return { head: head.slice(0, end), rest };
    }
    const isHttp = "HTTP/1.".startsWith(head.slice(0, 7));
    if (octets !== undefined && isHttp && head.length <= MOST_HEAD) continue;
    throw new ConnectionError(
      `Cannot connect to ${peer}: ${
        head === ""
          ? "the server hung up where it should open a WebSocket"
          : `what answers there speaks no HTTP, and so no WebSocket: ${
            JSON.stringify(head.slice(0, 60))
          }`
      }.`,
    );
  }
}

/** The client's end of a WebSocket (RFC 6455) over another link. */
export class WebSocketOverTcp implements Link {
  readonly peer: string;
  /** The subprotocol that was answered; empty: none. */
  readonly protocol: string;
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #decoder = new WebSocketFrameDecoder("server");
  readonly #texts = new TextPieces();
  #unread: Uint8Array | undefined;
  /** The latest thing that is written: everything is, one behind the other. */
  #writing: Promise<void> | undefined;
  #hasSaidGoodBye = false;
  #isClosed = false;

  /** It is open; `rest` has come behind the answer to our request. */
  constructor(
    link: Link,
    options: {
      readonly peer: string;
      readonly protocol: string;
      readonly clock: Clock;
    },
    rest: Uint8Array,
  ) {
    this.#link = link;
    this.peer = options.peer;
    this.protocol = options.protocol;
    this.#clock = options.clock;
    this.#take(rest);
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#isClosed) return await this.#drain();
      const octets = this.#unread;
      this.#unread = undefined;
      if (octets !== undefined) return octets;
      const { end } = this.#decoder;
      if (end !== undefined) {
        if (this.#decoder.isClosed && isNormal(end)) return undefined;
        throw this.#lost(end);
      }
      const received = await this.#link.read();
      if (received !== undefined) this.#take(received);
      else if (!this.#isClosed) throw this.#lost({});
    }
  }

  /** A read that is pending while we close ends when the connection has. */
  async #drain(): Promise<undefined> {
    while (await this.#link.read() !== undefined);
    return undefined;
  }

  #take(octets: Uint8Array): void {
    const carried = this.#decoder.push(octets);
    if (carried.length > 0) this.#unread = carried;
    const ping = this.#decoder.takePing();
    if (ping !== undefined) {
      this.#send(OPCODES.pong, ping).catch(() => {});
    }
    const { end } = this.#decoder;
    if (end !== undefined) this.#sayGoodBye(end).catch(() => {});
  }

  async write(octets: Uint8Array): Promise<void> {
    this.#requireOpen();
    const message = this.#texts.add(octets);
    if (message.octets.length === 0) return;
    await this.#send(
      message.text === undefined ? OPCODES.binary : OPCODES.text,
      message.octets,
    );
  }

  /** A WebSocket has no half that could be closed. */
  async end(): Promise<void> {
    this.#requireOpen();
    await this.#sayGoodBye({ code: NORMAL, reason: "" });
  }

  close(): void {
    if (this.#isClosed) return;
    const isIdle = this.#writing === undefined;
    this.#isClosed = true;
    if (this.#hasSaidGoodBye || !isIdle) return this.#link.close();
    const cancel = this.#clock.after(CLOSE_TIMEOUT, () => this.#link.close());
    this.#sayGoodBye({ code: NORMAL, reason: "" }).catch(() => {}).then(() => {
      cancel();
      this.#link.close();
    });
  }

  async #sayGoodBye(end: WebSocketEnd): Promise<void> {
    if (this.#hasSaidGoodBye) return;
    this.#hasSaidGoodBye = true;
    await this.#send(OPCODES.close, closePayload(end));
  }

  async #send(opcode: number, payload: Uint8Array): Promise<void> {
    const frame = encodeMaskedFrame(opcode, payload, newMask());
    const before = this.#writing;
    const written = before === undefined
      ? this.#link.write(frame)
      : before.then(() => this.#link.write(frame));
    const settled = written.catch(() => {});
    this.#writing = settled;
    await written;
    if (this.#writing === settled) this.#writing = undefined;
  }

  #requireOpen(): void {
    if (this.#isClosed || this.#hasSaidGoodBye) {
      const { end } = this.#decoder;
      throw end === undefined
        ? new ConnectionError(`The connection to ${this.peer} is closed.`)
        : this.#lost(end);
    }
  }

  #lost(end: Partial<WebSocketEnd>): ConnectionError {
    const subprotocol = this.protocol === ""
      ? ""
      : ` (subprotocol ${this.protocol})`;
    const { isClosed } = this.#decoder;
    return new ConnectionError(
      `The connection to ${this.peer} was lost: the WebSocket${subprotocol} ${
        isClosed || end.code === undefined
          ? `was closed with ${showEnd(end)}`
          : `breaks the rules: ${end.reason?.replace(/\.$/, "")}`
      }.`,
      { cause: end },
    );
  }
}

function isNormal({ code = NO_CODE, reason }: WebSocketEnd): boolean {
  return (code === NORMAL || code === NO_CODE) && reason === "";
}

/** Octets of chance are fetched so many at a time, which costs less. */
const POOL = 4096;
const pool = new Uint8Array(POOL);
let poolAt = POOL;

function newMask(): Uint8Array {
  if (poolAt === POOL) {
    crypto.getRandomValues(pool);
    poolAt = 0;
  }
  poolAt += 4;
  return pool.subarray(poolAt - 4, poolAt);
}
