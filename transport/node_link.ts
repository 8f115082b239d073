import type { ConnectionError } from "../errors.ts";
import { connectionError } from "./failure.ts";
import { KEEP_ALIVE, type Link } from "./transport.ts";
import { turn } from "./turn.ts";

/** The part of a socket that we use; Node's types are not a dependency. */
export interface NodeSocket {
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  pause(): void;
  resume(): void;
  /** The callback comes once the operating system has taken all of it. */
  write(octets: Uint8Array, written: (error?: Error | null) => void): void;
  /** Asks after so many ms of silence whether the other side is there. */
  setKeepAlive(keepAlive: boolean, delay: number): void;
  /** Says that we write no more. */
  end(): void;
  /** Lets go of it at once. */
  destroy(): void;
  on(event: "data", listener: (octets: Uint8Array) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  on(event: "end" | "close" | "secure", listener: () => void): void;
}

/** While nobody reads, the socket is paused above so many octets. */
const HIGH_WATER = 64 * 1024;

/** A connection by way of `node:net` or `node:tls`. */
export class NodeLink implements Link {
  readonly peer: string;
  readonly #socket: NodeSocket;
  readonly #isSecure: boolean;
  #isOpening: boolean;
  readonly #unread: Uint8Array[] = [];
  #unreadOctets = 0;
  #isPaused = false;
  /** The peer writes no more. */
  #hasEnded = false;
  /** We have let go of it. */
  #isClosed = false;
  /** We are in the middle of a write. */
  #isWriting = false;
  #cause: Error | undefined;
  #wakeReader: (() => void) | undefined;

  /** It may still be connecting, or agreeing on TLS. */
  constructor(socket: NodeSocket, peer: string, isSecure: boolean) {
    this.#socket = socket;
    this.peer = peer;
    this.#isSecure = isSecure;
    this.#isOpening = isSecure;
    socket.setKeepAlive(true, KEEP_ALIVE);
    socket.on("secure", () => this.#isOpening = false);
    socket.on("data", (octets) => this.#received(octets));
    socket.on("end", () => this.#ended());
    socket.on("close", () => this.#ended());
    socket.on("error", (error) => {
      this.#cause ??= error;
      this.#ended();
    });
  }

  get isOpening(): boolean {
    return this.#isOpening;
  }

  #received(octets: Uint8Array): void {
    // Node's own kind of array has methods of its own under the same names.
    const { buffer, byteOffset, length } = octets;
    this.#unread.push(new Uint8Array(buffer, byteOffset, length));
    this.#unreadOctets += length;
    if (this.#wakeReader !== undefined) this.#wakeReader();
    else if (this.#unreadOctets > HIGH_WATER && !this.#isPaused) {
      this.#isPaused = true;
      this.#socket.pause();
    }
  }

  #ended(): void {
    this.#hasEnded = true;
    this.#wakeReader?.();
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#isClosed) return undefined;
      const octets = this.#unread.shift();
      if (octets !== undefined) {
        this.#unreadOctets -= octets.length;
        if (this.#isPaused && this.#unreadOctets <= HIGH_WATER) {
          this.#isPaused = false;
          this.#socket.resume();
        }
        return octets;
      }
      if (this.#cause !== undefined) throw this.#lost(this.#cause);
      if (this.#hasEnded) return undefined;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
      this.#wakeReader = undefined;
    }
  }

  async write(octets: Uint8Array): Promise<void> {
    if (this.#isClosed) throw this.#lost(undefined);
    this.#isWriting = true;
    try {
      await new Promise<void>((resolve, reject) =>
        this.#socket.write(
          octets,
          (error) => error ? reject(error) : resolve(),
        )
      );
    } catch (error) {
      throw this.#lost(this.#cause ?? error);
    } finally {
      this.#isWriting = false;
    }
    await turn();
  }

  // deno-lint-ignore require-await -- the interface's other adapters wait
  async end(): Promise<void> {
    if (this.#isClosed || this.#cause !== undefined) {
      throw this.#lost(this.#cause);
    }
    this.#socket.end();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unread.length = 0;
    this.#wakeReader?.();
    if (!this.#isSecure || this.#isOpening || this.#isWriting) {
      return this.#socket.destroy();
    }
    // Without a good-bye of TLS the peer would take the end for an attack.
    this.#socket.end();
    void turn().then(() => this.#socket.destroy());
  }

  #lost(cause: unknown): ConnectionError {
    return connectionError(
      `The connection to ${this.peer} ${
        this.#isClosed ? "is closed" : "was lost"
      }`,
      codeOf(cause),
      cause ?? new Error("it was closed here"),
    );
  }
}

/** What the operating system calls an error. */
export function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause
    ? String(cause.code)
    : undefined;
}
