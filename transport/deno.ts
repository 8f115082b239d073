import type { ConnectionError } from "../errors.ts";
import { connectionError } from "./failure.ts";
import { turn } from "./turn.ts";
import type { TlsOptions } from "./tls.ts";
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
/** A read into less than this would cut large frames into crumbs. */
const CRUMB = 16 * 1024;

/** A connection by way of Deno. */
export class DenoLink implements Link {
  readonly peer: string;
  readonly #conn: Deno.Conn;
  #slab: Uint8Array = new Uint8Array(SLAB);
  #used = 0;
  #closed = false;

  /** It is open. */
  constructor(conn: Deno.Conn, peer: string) {
    this.#conn = conn;
    this.peer = peer;
    // A TLS connection has no such switch; its frames leave in one write anyhow.
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#closed) return undefined;
    if (SLAB - this.#used < CRUMB) {
      this.#slab = new Uint8Array(SLAB);
      this.#used = 0;
    }
    try {
      const count = await this.#conn.read(this.#slab.subarray(this.#used));
      if (count === null) return undefined;
      const octets = this.#slab.subarray(this.#used, this.#used + count);
      this.#used += count;
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
  readonly #listener: Deno.TcpListener | Deno.TlsListener;

  constructor(listener: Deno.TcpListener | Deno.TlsListener) {
    this.#listener = listener;
    this.address = listener.addr;
  }

  async accept(): Promise<Link | undefined> {
    try {
      const conn = await this.#listener.accept();
      return new DenoLink(conn, showAddress(conn.remoteAddr as Deno.NetAddr));
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

/** TCP and TLS by way of Deno. */
export const denoTransport: Transport = {
  async connect(address, { signal, tls } = {}) {
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
    const connecting: Promise<Deno.Conn> = tls === undefined
      ? Deno.connect({ ...address, signal: dialing.signal })
      : connectTls(address, tls);
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

  // deno-lint-ignore require-await -- a failure to listen must reject
  async listen(address, { tls } = {}) {
    try {
      return new DenoListener(
        tls === undefined
          ? Deno.listen({ ...address })
          : Deno.listenTls({ ...address, ...tls }),
      );
    } catch (cause) {
      throw connectionError(
        `Cannot listen at ${showAddress(address)}`,
        codeOf(cause),
        cause,
      );
    }
  },
};

async function connectTls(
  address: Address,
  { caCerts, cert, key }: TlsOptions,
): Promise<Deno.Conn> {
  const conn = await Deno.connectTls({
    ...address,
    ...caCerts === undefined ? {} : { caCerts: [...caCerts] },
    ...cert === undefined || key === undefined ? {} : { cert, key },
  });
  try {
    await conn.handshake();
    return conn;
  } catch (error) {
    conn.close();
    throw error;
  }
}

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
