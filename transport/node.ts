import { AcceptQueue } from "./accept_queue.ts";
import { connectionError } from "./failure.ts";
import { codeOf, NodeLink, type NodeSocket } from "./node_link.ts";
import type { ServerTlsOptions, TlsOptions } from "./tls.ts";
import {
  type Address,
  type Link,
  type Listener,
  showAddress,
  type Transport,
} from "./transport.ts";

interface NodeServer {
  address(): { readonly port: number };
  listen(port: number, hostname: string, listening: () => void): void;
  close(): void;
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

/** Node's own: nothing of it is looked at. */
type SecureContext = object;

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
  createSecureContext(options: ServerTlsOptions): SecureContext;
  /** TLS over a socket that is connected. */
  readonly TLSSocket: new (
    socket: NodeSocket,
    options: {
      readonly isServer: true;
      readonly allowHalfOpen: true;
      readonly secureContext: SecureContext;
    },
  ) => NodeSocket;
  /** Those that this program trusts; not in the first releases of Node 22. */
  getCACertificates?(): readonly string[];
  /** Those that come with the runtime. */
  readonly rootCertificates: readonly string[];
}

interface NodeCrypto {
  readonly X509Certificate: new (pem: string) => {
    checkPrivateKey(key: object): boolean;
  };
  createPrivateKey(pem: string): object;
}

/** Asked for by name at run time: a bundler for pages finds nothing to resolve. */
function builtin<Module>(name: string): Module {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: string): Module };
  };
  return process.getBuiltinModule(name);
}

const SOCKET: SocketOptions = { allowHalfOpen: true, noDelay: true };

class NodeListener implements Listener {
  readonly address: Address;
  readonly #server: NodeServer;
  readonly #links: AcceptQueue;

  constructor(address: Address, server: NodeServer, links: AcceptQueue) {
    this.address = address;
    this.#server = server;
    this.#links = links;
  }

  accept(): Promise<Link | undefined> {
    return this.#links.take();
  }

  close(): void {
    this.#server.close();
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
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    try {
      const secured = tls === undefined ? plain : securedBy(tls);
      const server = builtin<NodeNet>("node:net").createServer(
        SOCKET,
        (socket) =>
          links.offer(
            new NodeLink(secured(socket), peerOf(socket), tls !== undefined),
          ),
      );
      // One that cannot be accepted later on does not end the listening.
      server.on("error", reject);
      server.listen(address.port, address.hostname, resolve);
      await promise;
      const { port } = server.address();
      return new NodeListener({ ...address, port }, server, links);
    } catch (cause) {
      throw connectionError(
        `Cannot listen at ${showAddress(address)}`,
        codeOf(cause),
        cause,
      );
    }
  },
};

function plain(socket: NodeSocket): NodeSocket {
  return socket;
}

/**
 * TLS for each socket from its first octet: `node:tls` itself would keep those
 * to itself that have not agreed on it.
 */
function securedBy(
  options: ServerTlsOptions,
): (socket: NodeSocket) => NodeSocket {
  requirePair(options);
  const tls = builtin<NodeTls>("node:tls");
  const secureContext = tls.createSecureContext(options);
  return (socket) =>
    new tls.TLSSocket(socket, {
      isServer: true,
      allowHalfOpen: true,
      secureContext,
    });
}

function dialTls(
  { hostname, port }: Address,
  { caCerts, cert, key }: TlsOptions,
  secured: () => void,
): NodeSocket {
  const tls = builtin<NodeTls>("node:tls");
  if (cert !== undefined && key !== undefined) requirePair({ cert, key });
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

/** Not every runtime says what is wrong with a key of another certificate. */
function requirePair({ cert, key }: ServerTlsOptions): void {
  const crypto = builtin<NodeCrypto>("node:crypto");
  const certificate = new crypto.X509Certificate(cert);
  if (certificate.checkPrivateKey(crypto.createPrivateKey(key))) return;
  throw Object.assign(new Error("key values mismatch"), {
    code: "KEY_VALUES_MISMATCH",
  });
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
