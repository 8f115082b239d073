import type { ConnectionError } from "../errors.ts";
import { connectionError } from "./failure.ts";
import { nodeTransport } from "./node.ts";
import { turn } from "./turn.ts";
import {
  type Address,
  type Link,
  type Listener,
  showAddress,
  type Transport,
} from "./transport.ts";

/**
 * Octets are read into slabs of this size, one behind the other, so that what
 * was handed out is never written to again and small reads share memory.
 */
const SLAB = 64 * 1024;
/** The same where little comes: a client that is idle waits with no more. */
const SMALL_SLAB = 2 * 1024;
/** A read into a smaller part of a slab would cut frames into crumbs. */
const CRUMB = 1 / 4;

/** A connection by way of Deno. */
export class DenoLink implements Link {
  readonly peer: string;
  readonly #conn: Deno.TcpConn;
  #slab: Uint8Array = new Uint8Array(SMALL_SLAB);
  #used = 0;
  /** Whether the latest read has had all that there was room for. */
  #isBusy = false;
  #closed = false;

  /** It is open. */
  constructor(conn: Deno.TcpConn, peer: string) {
    this.#conn = conn;
    this.peer = peer;
    conn.setNoDelay(true);
    // After how long is for the system to say.
    conn.setKeepAlive(true);
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#closed) return undefined;
    const isSmall = this.#slab.length === SMALL_SLAB;
    const room = this.#slab.length - this.#used;
    if (room < this.#slab.length * CRUMB || isSmall && this.#isBusy) {
      this.#slab = new Uint8Array(this.#isBusy ? SLAB : SMALL_SLAB);
      this.#used = 0;
    }
    try {
      const count = await this.#conn.read(this.#slab.subarray(this.#used));
      if (count === null) return undefined;
      const octets = this.#slab.subarray(this.#used, this.#used + count);
      this.#used += count;
      // There may be more than there was room for.
      this.#isBusy = this.#used === this.#slab.length;
      return octets;
    } catch (cause) {
      if (this.#closed) return undefined;
      throw this.#lost(cause);
    }
  }

  async write(octets: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < octets.length;) {
        at += await this.#conn.write(at === 0 ? octets : octets.subarray(at));
      }
      await turn();
    } catch (cause) {
      throw this.#lost(cause);
    }
  }

  async end(): Promise<void> {
    try {
      await this.#conn.closeWrite();
    } catch (cause) {
      throw this.#lost(cause);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  #lost(cause: unknown): ConnectionError {
    return connectionError(
      `The connection to ${this.peer} ${
        this.#closed ? "is closed" : "was lost"
      }`,
      codeOf(cause),
      cause,
    );
  }
}

class DenoListener implements Listener {
  readonly address: Address;
  readonly #listener: Deno.TcpListener;

  constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
    this.address = listener.addr;
  }

  async accept(): Promise<Link | undefined> {
    try {
      const conn = await this.#listener.accept();
      return new DenoLink(conn, showAddress(conn.remoteAddr));
    } catch (cause) {
      if (cause instanceof Deno.errors.BadResource) return undefined;
      throw connectionError(
        `Cannot accept at ${showAddress(this.address)}`,
        codeOf(cause),
        cause,
      );
    }
  }

  close(): void {
    try {
      this.#listener.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}

/**
 * TCP by way of Deno, and TLS by way of `node:tls`: until it is agreed on, Deno's
 * own lets go of neither a dial that is given up nor a client that says nothing.
 */
export const denoTransport: Transport = {
  async connect(address, options = {}) {
    const { signal } = options;
    if (options.tls !== undefined) {
      return await nodeTransport.connect(address, options);
    }
    signal?.throwIfAborted();
    const where = showAddress(address);
    // Deno's own signal would also close the connection later on.
    const dialing = new AbortController();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = () => {
      dialing.abort(signal?.reason);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    const connecting = Deno.connect({ ...address, signal: dialing.signal });
    try {
      return new DenoLink(await Promise.race([connecting, aborted]), where);
    } catch (cause) {
      // What comes of it in spite of that is let go.
      connecting.then((conn) => conn.close()).catch(() => {});
      signal?.throwIfAborted();
      throw connectionError(`Cannot connect to ${where}`, codeOf(cause), cause);
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  },

  async listen(address, options = {}) {
    if (options.tls !== undefined) {
      return await nodeTransport.listen(address, options);
    }
    try {
      return new DenoListener(Deno.listen({ ...address }));
    } catch (cause) {
      throw connectionError(
        `Cannot listen at ${showAddress(address)}`,
        codeOf(cause),
        cause,
      );
    }
  },
};

/**
 * What the operating system calls an error of Deno's, which has classes where
 * others have codes; some errors have both.
 */
export function codeOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  if ("code" in cause && typeof cause.code === "string") return cause.code;
  return CODES.get(cause.name);
}

const CODES = new Map([
  ["ConnectionRefused", "ECONNREFUSED"],
  ["ConnectionReset", "ECONNRESET"],
  ["ConnectionAborted", "ECONNRESET"],
  ["BrokenPipe", "EPIPE"],
  ["AddrInUse", "EADDRINUSE"],
  ["AddrNotAvailable", "EADDRNOTAVAIL"],
  ["TimedOut", "ETIMEDOUT"],
]);
