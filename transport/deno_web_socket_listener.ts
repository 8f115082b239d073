import { systemClock } from "./clock.ts";
import { codeOf, DenoLink, denoTransport } from "./deno.ts";
import { ConnectionError } from "../errors.ts";
import { connectionError } from "./failure.ts";
import { LinkQueue } from "./accept_queue.ts";
import { Relay } from "./deno_web_socket_relay.ts";
import {
  type Address,
  type Link,
  type Listener,
  showAddress,
} from "./transport.ts";
import {
  bestSubprotocol,
  NO_WEB_SOCKET,
  WEB_SOCKET_TIMEOUTS,
  WebSocketLink,
  type WebSocketTimeouts,
} from "./web_socket_server_link.ts";

/** Where Deno's own server listens: for nobody but us. */
const INSIDE: Address = { hostname: "127.0.0.1", port: 0 };
/** How long to wait after an accept that has failed, in ms. */
const ACCEPT_PAUSE = 10;

/**
 * Listens for WebSockets by way of Deno's own server. That one waits for ever
 * for a request, and for the answer to its good-bye; so it listens on a port
 * of its own, and each client is led there by a relay, which can be cut.
 *
 * @throws {ConnectionError} if the address cannot be had.
 */
export async function listenForDenoWebSockets(
  address: Address,
  timeouts: Partial<WebSocketTimeouts>,
): Promise<Listener> {
  const outside = await denoTransport.listen(address);
  try {
    return new DenoWebSocketListener(outside, {
      ...WEB_SOCKET_TIMEOUTS,
      ...timeouts,
    });
  } catch (cause) {
    outside.close();
    throw connectionError(
      `Cannot listen at ${showAddress(INSIDE)}`,
      codeOf(cause),
      cause,
    );
  }
}

class DenoWebSocketListener implements Listener {
  readonly address: Address;
  readonly #outside: Listener;
  readonly #timeouts: WebSocketTimeouts;
  readonly #links = new LinkQueue();
  readonly #relays = new Set<Relay>();
  /** Those that have come to the server, by the port that they come from. */
  readonly #arrived = new Map<number, Relay>();
  readonly #closing = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #isClosed = false;

  constructor(outside: Listener, timeouts: WebSocketTimeouts) {
    this.#outside = outside;
    this.#timeouts = timeouts;
    this.address = outside.address;
    this.#server = Deno.serve(
      { ...INSIDE, signal: this.#closing.signal, onListen: () => {} },
      (request, { remoteAddr }) => this.#answer(request, remoteAddr.port),
    );
    void this.#admit();
  }

  accept(): Promise<Link | undefined> {
    return this.#links.take();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#outside.close();
    this.#links.close();
    for (const relay of this.#relays) if (relay.isLimited) relay.cut();
    this.#closeServer();
  }

  async #admit(): Promise<void> {
    for (;;) {
      try {
        const client = await this.#outside.accept();
        if (client === undefined) return;
        this.#relay(client);
      } catch (error) {
        // It is gone already, or there are too many of them at the moment.
        if (!(error instanceof ConnectionError)) throw error;
        await new Promise<void>((resolve) =>
          systemClock.after(ACCEPT_PAUSE, resolve)
        );
      }
    }
  }

  #relay(client: Link): void {
    // It was accepted just before.
    if (this.#isClosed) return client.close();
    let port: number | undefined;
    const relay = new Relay(client, systemClock, () => {
      this.#relays.delete(relay);
      if (port !== undefined) this.#arrived.delete(port);
      this.#closeServer();
    });
    this.#relays.add(relay);
    relay.cutAfter(this.#timeouts.upgradeTimeout);
    void relay.run(async () => {
      const conn = await this.#dial();
      port = conn.localAddr.port;
      // It may have been cut meanwhile.
      if (this.#relays.has(relay)) this.#arrived.set(port, relay);
      return new DenoLink(conn, "the server of Deno");
    });
  }

  async #dial(): Promise<Deno.TcpConn> {
    try {
      return await Deno.connect({ ...INSIDE, port: this.#server.addr.port });
    } catch (cause) {
      throw connectionError(
        "Cannot connect to the server of Deno",
        codeOf(cause),
        cause,
      );
    }
  }

  #answer(request: Request, port: number): Response {
    const relay = this.#arrived.get(port);
    const upgrade = relay && upgradeOf(request);
    if (upgrade === undefined) {
      if (relay !== undefined) this.#letGo(relay);
      const { text, ...how } = NO_WEB_SOCKET;
      return new Response(text, how);
    }
    this.#open(relay!, upgrade.socket);
    return upgrade.response;
  }

  #open(relay: Relay, socket: WebSocket): void {
    socket.binaryType = "arraybuffer";
    const link = new WebSocketLink(relay.peer, {
      buffered: () => socket.bufferedAmount,
      send: (message) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(message);
      },
      close: () => socket.close(),
      drop: () => {
        socket.close();
        this.#letGo(relay);
      },
    });
    socket.onopen = () => {
      relay.goOn();
      this.#links.offer(link);
    };
    socket.onmessage = ({ data }) =>
      link.received(typeof data === "string" ? data : new Uint8Array(data));
    socket.onclose = socket.onerror = () => {
      link.ended();
      this.#letGo(relay);
    };
  }

  /** It has little time left to say good-bye. */
  #letGo(relay: Relay): void {
    if (this.#isClosed) relay.cut();
    else relay.cutAfter(this.#timeouts.closeTimeout);
  }

  /** Those that are led there still would be lost with it. */
  #closeServer(): void {
    if (this.#isClosed && this.#relays.size === 0) this.#closing.abort();
  }
}

/** The WebSocket that a request asks for, if it does as it should. */
function upgradeOf(request: Request): Deno.WebSocketUpgrade | undefined {
  const protocol = bestSubprotocol(
    request.headers.get("sec-websocket-protocol"),
  );
  try {
    const upgrade = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
    // Deno itself would want a space behind each comma of the offer.
    if (protocol !== undefined) {
      upgrade.response.headers.set("sec-websocket-protocol", protocol);
    }
    return upgrade;
  } catch {
    return undefined;
  }
}
