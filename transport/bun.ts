import { ConnectionError } from "../errors.ts";
import { connectionError } from "./failure.ts";
import { AcceptQueue } from "./accept_queue.ts";
import { codeOf } from "./node_link.ts";
import { nodeTransport } from "./node.ts";
import type { ServerTlsOptions } from "./tls.ts";
import {
  type Address,
  KEEP_ALIVE,
  type Link,
  type Listener,
  showAddress,
  type Transport,
} from "./transport.ts";
import { turn } from "./turn.ts";

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
  /** Closes at once. */
  terminate(): void;
  pause(): void;
  resume(): void;
  setNoDelay(noDelay: boolean): void;
  setKeepAlive(keepAlive: boolean, delay: number): void;
}

interface BunHandlers {
  open(socket: BunSocket): void;
  data(socket: BunSocket, octets: Uint8Array): void;
  drain(socket: BunSocket): void;
  end(socket: BunSocket): void;
  close(socket: BunSocket, error?: Error): void;
  error(socket: BunSocket, error: Error): void;
  /** TLS has been agreed on, or has not. */
  handshake(socket: BunSocket): void;
}

interface BunTcp {
  listen(
    options: Address & BunOptions,
  ): { readonly port: number; stop(): void };
}

interface BunOptions {
  readonly allowHalfOpen: true;
  readonly socket: BunHandlers;
  readonly tls?: ServerTlsOptions & { readonly rejectUnauthorized: false };
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
  #isOpening: boolean;
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

  constructor(socket: BunSocket, peer: string, isSecure: boolean) {
    this.#socket = socket;
    this.peer = peer;
    this.#isOpening = isSecure;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE);
  }

  get isOpening(): boolean {
    return this.#isOpening;
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
      if (this.#isOpening) {
        await new Promise<void>((resolve) => this.#wakeWriter = resolve);
        continue;
      }
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
    // A good-bye of TLS would wait for what there is not yet.
    if (this.#isOpening) this.#socket.terminate();
    else this.#socket.end();
    this.#wake();
  }

  /** What the runtime's handlers call. */
  readonly events: {
    data(octets: Uint8Array): void;
    drained(): void;
    ended(): void;
    closed(error?: Error): void;
    secured(): void;
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
      // Else a writer would wait for ever.
      if (this.#isOpening) this.#failure ??= this.#lost("EPIPE", undefined);
      this.#wake();
    },
    secured: () => {
      this.#isOpening = false;
      this.#wakeWriter?.();
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

/** The handlers of a listener's sockets; `opened` gets the link for each. */
function handlers(
  isSecure: boolean,
  opened: (link: BunLink) => void,
): BunHandlers {
  return {
    open(socket) {
      const { remoteAddress: hostname, remotePort: port } = socket;
      const peer = showAddress({ hostname, port });
      socket.data = new BunLink(socket, peer, isSecure);
      opened(socket.data);
    },
    data: (socket, octets) => socket.data.events.data(octets),
    drain: (socket) => socket.data.events.drained(),
    end: (socket) => socket.data.events.ended(),
    close: (socket, error) => socket.data?.events.closed(error),
    error: (socket, error) => socket.data?.events.closed(error),
    handshake: (socket) => socket.data?.events.secured(),
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
        tls !== undefined,
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

/**
 * Listens by way of Bun, and connects by way of `node:net`: Bun's own does not
 * let go of a dial that is given up.
 */
export const bunTransport: Transport = {
  connect: (address, options) => nodeTransport.connect(address, options),

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
