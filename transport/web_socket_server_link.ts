import { ConnectionError } from "../errors.ts";
import { systemClock } from "./clock.ts";
import { turn } from "./turn.ts";
import type { Link } from "./transport.ts";

/** What STOMP is called among WebSocket's subprotocols, the best first. */
const SUBPROTOCOLS: readonly string[] = ["v12.stomp", "v11.stomp", "v10.stomp"];

/** Above this many octets that a socket has not taken a write waits. */
const HIGH_WATER = 256 * 1024;
/**
 * So many octets may wait to be read, in any number of messages: more than the
 * largest frame takes.
 */
const MOST_UNREAD = 256 * 1024 * 1024;
/** About what a message takes besides its octets: many small ones are large. */
const OVERHEAD = 200;
const NOTHING = new Uint8Array(0);
/** How often it looks whether they are gone, in ms: nobody tells. */
const LOOK_EVERY = 5;

/** The best subprotocol that a client offers; `undefined` if it offers none. */
export function bestSubprotocol(
  offered: string | null | undefined,
): string | undefined {
  const names = (offered ?? "").split(",").map((name) => name.trim());
  return SUBPROTOCOLS.find((name) => names.includes(name));
}

/** How long a client may take with what comes before and after STOMP, in ms. */
export interface WebSocketTimeouts {
  /** From the connection until the WebSocket is open. */
  readonly upgradeTimeout: number;
  /** From our good-bye until its own. */
  readonly closeTimeout: number;
}

/** What those are where nothing is said. */
export const WEB_SOCKET_TIMEOUTS: WebSocketTimeouts = {
  upgradeTimeout: 10_000,
  closeTimeout: 1_000,
};

/** What somebody is told who does not ask for a WebSocket as one should. */
export const NO_WEB_SOCKET = {
  text: "This is a STOMP broker: connect by WebSocket.\n",
  status: 426,
  headers: { connection: "close", upgrade: "websocket" },
} as const;

/** The runtime's side of a WebSocket. */
export interface WebSocketPort {
  /** How many octets it has not sent. */
  buffered(): number;
  /** Sends a message. */
  send(message: string | Uint8Array<ArrayBuffer>): void;
  /** Says good-bye; what was sent before arrives. */
  close(): void;
  /** The same, and lets go of it soon, whether or not the peer says so, too. */
  drop(): void;
}

/**
 * A link whose octets travel in the messages of a WebSocket; where one message
 * ends and the next begins means nothing. It answers in the kind of messages
 * that it is sent, text or binary; what is no text is sent as binary anyhow.
 */
export class WebSocketLink implements Link {
  readonly peer: string;
  readonly #port: WebSocketPort;
  #unread: Uint8Array[] = [];
  /** The first of them that is unread still: moving the others up costs much. */
  #next = 0;
  /** What they take. */
  #unreadOctets = 0;
  #isBinary = false;
  #hasEnded = false;
  #isClosed = false;
  #wake: (() => void) | undefined;

  /** It is open. */
  constructor(peer: string, port: WebSocketPort) {
    this.peer = peer;
    this.#port = port;
  }

  /** A message has come. Called by the runtime's adapter. */
  received(message: string | Uint8Array): void {
    if (this.#hasEnded || this.#isClosed) return;
    this.#isBinary = typeof message !== "string";
    const octets = typeof message === "string"
      ? new TextEncoder().encode(message)
      : message;
    if (octets.length > 0) {
      this.#unread.push(octets);
      this.#unreadOctets += octets.length + OVERHEAD;
    }
    // Nothing holds a WebSocket up: who sends on and on must go.
    if (this.#unreadOctets > MOST_UNREAD) this.#overflow();
    this.#wake?.();
  }

  #overflow(): void {
    this.#forget();
    this.#hasEnded = true;
    this.#port.drop();
  }

  #forget(): void {
    this.#unread = [];
    this.#next = 0;
    this.#unreadOctets = 0;
  }

  #take(): Uint8Array | undefined {
    const octets = this.#unread[this.#next];
    if (octets === undefined) return undefined;
    this.#unread[this.#next++] = NOTHING;
    this.#unreadOctets -= octets.length + OVERHEAD;
    // What was read is dropped once it is the larger half: O(1) a message.
    if (this.#next >= 32 && this.#next * 2 >= this.#unread.length) {
      this.#unread = this.#unread.slice(this.#next);
      this.#next = 0;
    }
    return octets;
  }

  /** The other side has closed. Called by the runtime's adapter. */
  ended(): void {
    this.#hasEnded = true;
    this.#wake?.();
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#isClosed) return undefined;
      const octets = this.#take();
      if (octets !== undefined) return octets;
      if (this.#hasEnded) return undefined;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  async write(octets: Uint8Array): Promise<void> {
    this.#requireOpen();
    // The array may change once we are back.
    const message = new Uint8Array(octets);
    this.#port.send(this.#isBinary ? message : textOf(message) ?? message);
    await turn();
    while (this.#port.buffered() > HIGH_WATER) {
      this.#requireOpen();
      await new Promise<void>((resolve) =>
        systemClock.after(LOOK_EVERY, resolve)
      );
    }
  }

  /** A WebSocket has no half that could be closed. */
  async end(): Promise<void> {
    this.#requireOpen();
    while (
      this.#port.buffered() > 0 && !this.#hasEnded && !this.#isClosed
    ) {
      await new Promise<void>((resolve) =>
        systemClock.after(LOOK_EVERY, resolve)
      );
    }
    this.#port.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#forget();
    this.#port.drop();
    this.#wake?.();
  }

  #requireOpen(): void {
    if (!this.#hasEnded && !this.#isClosed) return;
    throw new ConnectionError(
      `The connection to ${this.peer} ${
        this.#isClosed ? "is closed" : "was lost: the peer closed it"
      }.`,
    );
  }
}

const FROM_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(octets: Uint8Array): string | undefined {
  try {
    return FROM_UTF8.decode(octets);
  } catch {
    return undefined;
  }
}
