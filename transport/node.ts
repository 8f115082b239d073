import type { ConnectionError } from "../errors.ts";
import { AcceptQueue } from "./accept_queue.ts";
import { connectionError } from "./failure.ts";
import type { ServerTlsOptions, TlsOptions } from "./tls.ts";
import {
  type Address,
  type Link,
  type Listener,
  showAddress,
  type Transport,
} from "./transport.ts";
import { turn } from "./turn.ts";

/** The part of a socket that we use; Node's types are not a dependency. */
interface NodeSocket {
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  pause(): void;
  resume(): void;
  /** The callback comes once the operating system has taken all of it. */
  write(octets: Uint8Array, written: (error?: Error | null) => void): void;
  /** Says that we write no more. */
  end(): void;
  /** Lets go of it at once. */
  destroy(): void;
  on(event: "data", listener: (octets: Uint8Array) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  on(event: "end" | "close", listener: () => void): void;
}

interface NodeServer {
  address(): { readonly port: number };
  listen(port: number, hostname: string, listening: () => void): void;
  close(): void;
  on(event: "connection", listener: (socket: NodeSocket) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
}

interface SocketOptions {
  readonly allowHalfOpen: true;
  readonly noDelay: true;
}

interface Dial extends SocketOptions {
  readonly host: string;
  readonly port: number;
}

interface NodeNet {
  connect(options: Dial, connected: () => void): NodeSocket;
  createServer(
    options: SocketOptions,
    connected: (socket: NodeSocket) => void,
  ): NodeServer;
  isIP(host: string): number;
}

interface NodeTls {
  connect(
    options: Dial & {
      readonly rejectUnauthorized: true;
      readonly servername?: string;
      readonly ca?: readonly string[];
      readonly cert?: string;
      readonly key?: string;
    },
    secured: () => void,
  ): NodeSocket;
  createServer(
    options: SocketOptions & ServerTlsOptions & {
      readonly handshakeTimeout: number;
    },
    secured: (socket: NodeSocket) => void,
  ): NodeServer;
  /** Those that this program trusts; not in the first releases of Node 22. */
  getCACertificates?(): readonly string[];
  /** Those that come with the runtime. */
  readonly rootCertificates: readonly string[];
}

/** Asked for by name at run time: a bundler for pages finds nothing to resolve. */
function builtin<Module>(name: string): Module {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: string): Module };
  };
  return process.getBuiltinModule(name);
}

const SOCKET: SocketOptions = { allowHalfOpen: true, noDelay: true };

/** While nobody reads, the socket is paused above so many octets. */
const HIGH_WATER = 64 * 1024;

/** How long a client may take to agree on TLS, in ms. */
const HANDSHAKE_TIMEOUT = 10_000;

/** A connection by way of `node:net` or `node:tls`. */
class NodeLink implements Link {
  readonly peer: string;
  readonly #socket: NodeSocket;
  readonly #isSecure: boolean;
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

  /** It may still be connecting. */
  constructor(socket: NodeSocket, peer: string, isSecure: boolean) {
    this.#socket = socket;
    this.peer = peer;
    this.#isSecure = isSecure;
    socket.on("data", (octets) => this.#received(octets));
    socket.on("end", () => this.#ended());
    socket.on("close", () => this.#ended());
    socket.on("error", (error) => {
      this.#cause ??= error;
      this.#ended();
    });
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
    if (!this.#isSecure || this.#isWriting) return this.#socket.destroy();
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

class NodeListener implements Listener {
  readonly address: Address;
  readonly #server: NodeServer;
  readonly #links: AcceptQueue;
  readonly #handshaking: ReadonlyMap<string, NodeSocket>;

  constructor(
    address: Address,
    server: NodeServer,
    links: AcceptQueue,
    handshaking: ReadonlyMap<string, NodeSocket>,
  ) {
    this.address = address;
    this.#server = server;
    this.#links = links;
    this.#handshaking = handshaking;
  }

  accept(): Promise<Link | undefined> {
    return this.#links.take();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#handshaking.values()) socket.destroy();
    this.#links.close();
  }
}

/** TCP and TLS by way of `node:net` and `node:tls`. */
export const nodeTransport: Transport = {
  async connect(address, { signal, tls } = {}) {
    signal?.throwIfAborted();
    const where = showAddress(address);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    let socket: NodeSocket | undefined;
    try {
      socket = tls === undefined
        ? builtin<NodeNet>("node:net").connect(
          { ...SOCKET, host: address.hostname, port: address.port },
          resolve,
        )
        : dialTls(address, tls, resolve);
      // It listens before anything can happen.
      const link = new NodeLink(socket, where, tls !== undefined);
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("the peer hung up")));
      await promise;
      return link;
    } catch (cause) {
      socket?.destroy();
      signal?.throwIfAborted();
      throw connectionError(`Cannot connect to ${where}`, codeOf(cause), cause);
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  },

  async listen(address, { tls } = {}) {
    const links = new AcceptQueue();
    const handshaking = new Map<string, NodeSocket>();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    try {
      const accepted = (socket: NodeSocket) => {
        const peer = peerOf(socket);
        handshaking.delete(peer);
        links.offer(new NodeLink(socket, peer, tls !== undefined));
      };
      const server = tls === undefined
        ? builtin<NodeNet>("node:net").createServer(SOCKET, accepted)
        : builtin<NodeTls>("node:tls").createServer(
          { ...SOCKET, ...tls, handshakeTimeout: HANDSHAKE_TIMEOUT },
          accepted,
        );
      if (tls !== undefined) {
        server.on("connection", (socket) => {
          const peer = peerOf(socket);
          handshaking.set(peer, socket);
          socket.on("close", () => handshaking.delete(peer));
        });
      }
      // One that cannot be accepted later on does not end the listening.
      server.on("error", reject);
      server.listen(address.port, address.hostname, resolve);
      await promise;
      const { port } = server.address();
      const { hostname } = address;
      return new NodeListener({ hostname, port }, server, links, handshaking);
    } catch (cause) {
      throw connectionError(
        `Cannot listen at ${showAddress(address)}`,
        codeOf(cause),
        cause,
      );
    }
  },
};

function dialTls(
  { hostname, port }: Address,
  { caCerts, cert, key }: TlsOptions,
  secured: () => void,
): NodeSocket {
  const tls = builtin<NodeTls>("node:tls");
  return tls.connect({
    ...SOCKET,
    host: hostname,
    port,
    rejectUnauthorized: true,
    // An address is no name to ask for; the certificate is checked for it anyhow.
    ...builtin<NodeNet>("node:net").isIP(hostname) === 0
      ? { servername: hostname }
      : {},
    ...caCerts === undefined ? {} : { ca: [...trustedAnyhow(tls), ...caCerts] },
    ...cert === undefined || key === undefined ? {} : { cert, key },
  }, secured);
}

/** What Node would trust if we named nobody: there `ca` stands instead of it. */
function trustedAnyhow(tls: NodeTls): readonly string[] {
  try {
    return tls.getCACertificates?.() ?? tls.rootCertificates;
  } catch {
    // Deno shows them with a permission only, and trusts them in any case.
    return [];
  }
}

function peerOf({ remoteAddress, remotePort }: NodeSocket): string {
  return remoteAddress === undefined || remotePort === undefined
    ? "somebody"
    : showAddress({ hostname: remoteAddress, port: remotePort });
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause
    ? String(cause.code)
    : undefined;
}
