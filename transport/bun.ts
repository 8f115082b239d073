import { ConnectionError } from "../errors.ts";
import { connectionError } from "./failure.ts";
import { turn } from "./turn.ts";
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
}

interface BunTcp {
  connect(
    options: Address & { allowHalfOpen: true; socket: BunHandlers },
  ): Promise<BunSocket>;
  listen(
    options: Address & { allowHalfOpen: true; socket: BunHandlers },
  ): { readonly port: number; stop(): void };
}

const runtime = (globalThis as unknown as { Bun: BunTcp }).Bun;

/** Bun pushes octets; above this many unread ones the socket is paused. */
const HIGH_WATER = 256 * 1024;

class BunLink implements Link {
  readonly peer: string;
  readonly #socket: BunSocket;
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
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const octets = this.#unread.shift();
      if (octets !== undefined) {
        this.#unreadOctets -= octets.length;
        if (this.#paused && this.#unreadOctets <= HIGH_WATER / 2) {
          this.#paused = false;
          this.#socket.resume();
        }
        return octets;
      }
      if (this.#closed) return undefined;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
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
  } = {
    data: (octets) => {
      this.#unread.push(octets);
      this.#unreadOctets += octets.length;
      if (this.#unreadOctets > HIGH_WATER && !this.#paused) {
        this.#paused = true;
        this.#socket.pause();
      }
      this.#wakeReader?.();
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
      this.#wake();
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
  };
}

class BunListener implements Listener {
  readonly address: Address;
  readonly #listener: { stop(): void };
  readonly #waiting: Link[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(address: Address) {
    const listener = runtime.listen({
      ...address,
      allowHalfOpen: true,
      socket: handlers(
        (socket) =>
          showAddress({
            hostname: socket.remoteAddress,
            port: socket.remotePort,
          }),
        (link) => {
          this.#waiting.push(link);
          this.#wake?.();
        },
      ),
    });
    this.#listener = listener;
    this.address = { hostname: address.hostname, port: listener.port };
  }

  async accept(): Promise<Link | undefined> {
    while (this.#waiting.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#waiting.shift();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.stop();
    this.#wake?.();
  }
}

/** TCP by way of Bun. */
export const bunTransport: Transport = {
  async connect(address, { signal } = {}) {
    signal?.throwIfAborted();
    const where = showAddress(address);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    const dialing = runtime.connect({
      ...address,
      allowHalfOpen: true,
      // Bun dials on after an abort; what comes of it is let go.
      socket: handlers(() => where, (link) => {
        if (signal?.aborted) link.close();
      }),
    });
    try {
      return (await Promise.race([dialing, aborted])).data;
    } catch (cause) {
      signal?.throwIfAborted();
      throw connectionError(`Cannot connect to ${where}`, codeOf(cause), cause);
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  },

  // deno-lint-ignore require-await -- a failure to listen must reject
  async listen(address) {
    try {
      return new BunListener(address);
    } catch (cause) {
      throw connectionError(
        `Cannot listen at ${showAddress(address)}`,
        codeOf(cause),
        cause,
      );
    }
  },
};

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause
    ? String(cause.code)
    : undefined;
}
