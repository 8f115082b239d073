import { ConnectionError } from "../errors.ts";
import { connectionError } from "./failure.ts";
import { AcceptQueue } from "./accept_queue.ts";
import { turn } from "./turn.ts";
import type { ServerTlsOptions, TlsOptions } from "./tls.ts";
import {
  type Address,
  type Link,
  type Listener,
  showAddress,
  type Transport,
} from "./transport.ts";

/** The part of Bun's TCP that we use; its types are not a dependency. */
interface BunSocket {
  data: BunLink;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** How many octets it took; it keeps none of the others. -1: closed. */
  write(octets: Uint8Array): number;
  /** Says that we write no more. */
  shutdown(): void;
  /** Closes once what was taken has been sent. */
  end(): void;
  pause(): void;
  resume(): void;
  setNoDelay(noDelay: boolean): void;
}

interface BunHandlers {
  open(socket: BunSocket): void;
  data(socket: BunSocket, octets: Uint8Array): void;
  drain(socket: BunSocket): void;
  end(socket: BunSocket): void;
  close(socket: BunSocket, error?: Error): void;
  error(socket: BunSocket, error: Error): void;
  /** TLS has been agreed on, or has not. */
  handshake(socket: BunSocket, success: boolean, error: Error | null): void;
}

interface BunTls {
  readonly ca?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized: boolean;
}

interface BunTcp {
  connect(
    options: Address & BunOptions,
  ): Promise<BunSocket>;
  listen(
    options: Address & BunOptions,
  ): { readonly port: number; stop(): void };
}

interface BunOptions {
  readonly allowHalfOpen: true;
  readonly socket: BunHandlers;
  readonly tls?: BunTls;
}

const runtime = (globalThis as unknown as { Bun: BunTcp }).Bun;

/**
 * Bun pushes octets. While nobody reads, the socket is paused above so many of
 * them; what comes then comes in larger pieces, and wakes us less often.
 */
const HIGH_WATER = 4 * 1024;

/** Octets that are joined to be read at once. */
const JOINED = 64 * 1024;

class BunLink implements Link {
  readonly peer: string;
  readonly #socket: BunSocket;
  readonly #secured = Promise.withResolvers<void>();
  #unread: Uint8Array[] = [];
  #unreadOctets = 0;
  #paused = false;
  /** The peer writes no more. */
  #ended = false;
  /** We have let go of it. */
  #closed = false;
  #failure: ConnectionError | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  constructor(socket: BunSocket, peer: string) {
    this.#socket = socket;
    this.peer = peer;
    socket.setNoDelay(true);
    // Without TLS nobody waits for it.
    this.#secured.promise.catch(() => {});
  }

  /** Resolves once TLS has been agreed on; rejects with what is wrong with it. */
  get secured(): Promise<void> {
    return this.#secured.promise;
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const octets = this.#takeUnread();
      if (octets !== undefined) {
        this.#unreadOctets -= octets.length;
        if (this.#paused && this.#unreadOctets <= HIGH_WATER) {
          this.#paused = false;
          this.#socket.resume();
        }
        return octets;
      }
      if (this.#closed) return undefined;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
      this.#wakeReader = undefined;
    }
  }

  /** What came in many small pieces is read as few. */
  #takeUnread(): Uint8Array | undefined {
    const unread = this.#unread;
    const first = unread[0];
    if (first === undefined) return undefined;
    let count = 1;
    let length = first.length;
    for (let next; (next = unread[count]) !== undefined; count++) {
      if (length + next.length > JOINED) break;
      length += next.length;
    }
    if (count === 1) return unread.shift();
    const joined = new Uint8Array(length);
    let at = 0;
    for (const octets of unread.splice(0, count)) {
      joined.set(octets, at);
      at += octets.length;
    }
    return joined;
  }

  async write(octets: Uint8Array): Promise<void> {
    for (let at = 0; at < octets.length;) {
      if (this.#failure !== undefined) throw this.#failure;
      const taken = this.#socket.write(at === 0 ? octets : octets.subarray(at));
      if (taken < 0) throw this.#failure ?? this.#lost("EPIPE", undefined);
      at += taken;
      if (at < octets.length) {
        await new Promise<void>((resolve) => this.#wakeWriter = resolve);
      }
    }
    await turn();
  }

  // deno-lint-ignore require-await -- the interface's other adapters wait
  async end(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#socket.shutdown();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#failure ??= new ConnectionError(
      `The connection to ${this.peer} is closed.`,
    );
    this.#unread = [];
    this.#socket.end();
    this.#wake();
  }

  /** What the runtime's handlers call. */
  readonly events: {
    data(octets: Uint8Array): void;
    drained(): void;
    ended(): void;
    closed(error?: Error): void;
    secured(error: Error | null): void;
  } = {
    data: (octets) => {
      this.#unread.push(octets);
      this.#unreadOctets += octets.length;
      if (this.#wakeReader !== undefined) this.#wakeReader();
      else if (this.#unreadOctets > HIGH_WATER && !this.#paused) {
        this.#paused = true;
        this.#socket.pause();
      }
    },
    drained: () => this.#wakeWriter?.(),
    ended: () => {
      this.#ended = true;
      this.#wakeReader?.();
    },
    closed: (error) => {
      this.#ended = true;
      if (error !== undefined) {
        this.#failure ??= this.#lost(codeOf(error), error);
      }
      this.#secured.reject(
        error ?? new Error("the peer closed the connection"),
      );
      this.#wake();
    },
    secured: (error) => {
      if (error === null) this.#secured.resolve();
      else this.#secured.reject(error);
    },
  };

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }

  #lost(code: string | undefined, cause: unknown): ConnectionError {
    return connectionError(
      `The connection to ${this.peer} was lost`,
      code,
      cause,
    );
  }
}

/** The handlers of a socket; `opened` gets the link for it. */
function handlers(
  peerOf: (socket: BunSocket) => string,
  opened: (link: BunLink) => void,
): BunHandlers {
  return {
    open(socket) {
      socket.data = new BunLink(socket, peerOf(socket));
      opened(socket.data);
    },
    data: (socket, octets) => socket.data.events.data(octets),
    drain: (socket) => socket.data.events.drained(),
    end: (socket) => socket.data.events.ended(),
    close: (socket, error) => socket.data?.events.closed(error),
    error: (socket, error) => socket.data?.events.closed(error),
    handshake: (socket, success, error) =>
      socket.data?.events.secured(
        success ? null : error ?? new Error("the TLS handshake failed"),
      ),
  };
}

class BunListener implements Listener {
  readonly address: Address;
  readonly #listener: { stop(): void };
  readonly #links = new AcceptQueue();
  #closed = false;

  constructor(address: Address, tls: ServerTlsOptions | undefined) {
    const listener = runtime.listen({
      ...address,
      ...tls === undefined
        ? {}
        : { tls: { ...tls, rejectUnauthorized: false } },
      allowHalfOpen: true,
      socket: handlers(
        (socket) =>
          showAddress({
            hostname: socket.remoteAddress,
            port: socket.remotePort,
          }),
        (link) => this.#links.offer(link),
      ),
    });
    this.#listener = listener;
    this.address = { hostname: address.hostname, port: listener.port };
  }

  accept(): Promise<Link | undefined> {
    return this.#links.take();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.stop();
    this.#links.close();
  }
}

/** TCP and TLS by way of Bun. */
export const bunTransport: Transport = {
  async connect(address, { signal, tls } = {}) {
    signal?.throwIfAborted();
    const where = showAddress(address);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    let opened: BunLink | undefined;
    const dial = async (): Promise<BunLink> => {
      const { data: link } = await runtime.connect({
        ...address,
        ...tls === undefined ? {} : { tls: bunTls(tls) },
        allowHalfOpen: true,
        socket: handlers(() => where, (link) => {
          opened = link;
          // Bun dials on after an abort; what comes of it is let go.
          if (signal?.aborted) link.close();
        }),
      });
      if (tls !== undefined) await link.secured;
      return link;
    };
    try {
      return await Promise.race([dial(), aborted]);
    } catch (cause) {
      opened?.close();
      signal?.throwIfAborted();
      throw connectionError(`Cannot connect to ${where}`, codeOf(cause), cause);
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  },

  // deno-lint-ignore require-await -- a failure to listen must reject
  async listen(address, { tls } = {}) {
    try {
      return new BunListener(address, tls);
    } catch (cause) {
      throw connectionError(
        `Cannot listen at ${showAddress(address)}`,
        codeOf(cause),
        cause,
      );
    }
  },
};

/** Bun's options; it checks certificates only if it is told to. */
function bunTls({ caCerts, cert, key }: TlsOptions): BunTls {
  return {
    rejectUnauthorized: true,
    ...caCerts === undefined ? {} : { ca: caCerts },
    ...cert === undefined || key === undefined ? {} : { cert, key },
  };
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause
    ? String(cause.code)
    : undefined;
}
