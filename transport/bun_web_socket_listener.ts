import { connectionError } from "./failure.ts";
import { LinkQueue } from "./accept_queue.ts";
import { type Address, type Listener, showAddress } from "./transport.ts";
import {
  bestSubprotocol,
  NO_WEB_SOCKET,
  WebSocketLink,
} from "./web_socket_server_link.ts";

/** The part of Bun's server that we use; its types are not a dependency. */
interface BunWebSocket {
  readonly data: { link?: WebSocketLink; readonly peer: string };
  getBufferedAmount(): number;
  send(message: string | Uint8Array): number;
  close(): void;
}

interface BunServer {
  readonly port: number;
  requestIP(request: Request): Address & { readonly address: string } | null;
  upgrade(
    request: Request,
    options: {
      readonly data: BunWebSocket["data"];
      readonly headers: Record<string, string>;
    },
  ): boolean;
  stop(closesConnections: boolean): void;
}

interface BunServing {
  serve(
    options: Address & {
      fetch(request: Request, server: BunServer): Response | undefined;
      readonly websocket: {
        readonly idleTimeout: number;
        readonly maxPayloadLength: number;
        open(socket: BunWebSocket): void;
        message(socket: BunWebSocket, message: string | Uint8Array): void;
        close(socket: BunWebSocket): void;
      };
    },
  ): BunServer;
}

const runtime = (globalThis as unknown as { Bun: BunServing }).Bun;

/** No message may be larger, in octets; a frame may come in several. */
const LARGEST_MESSAGE = 128 * 1024 * 1024;

/**
 * Listens for WebSockets by way of Bun's own server, which cuts whoever takes
 * more than 12 s until the WebSocket is open, or 1 s to say good-bye.
 *
 * @throws {ConnectionError} if the address cannot be had.
 */
export function listenForBunWebSockets(address: Address): Listener {
  const links = new LinkQueue();
  let server: BunServer;
  try {
    server = runtime.serve({
      ...address,
      fetch(request, server) {
        const protocol = bestSubprotocol(
          request.headers.get("sec-websocket-protocol"),
        );
        const from = server.requestIP(request);
        const peer = from === null
          ? "somebody"
          : showAddress({ hostname: from.address, port: from.port });
        const isUpgraded = server.upgrade(request, {
          data: { peer },
          headers: protocol === undefined
            ? {}
            : { "sec-websocket-protocol": protocol },
        });
        if (isUpgraded) return undefined;
        const { text, ...how } = NO_WEB_SOCKET;
        return new Response(text, how);
      },
      websocket: {
        idleTimeout: 0,
        maxPayloadLength: LARGEST_MESSAGE,
        open(socket) {
          const link = new WebSocketLink(socket.data.peer, {
            buffered: () => socket.getBufferedAmount(),
            send: (message) => void socket.send(message),
            close: () => socket.close(),
            drop: () => socket.close(),
          });
          socket.data.link = link;
          links.offer(link);
        },
        // The runtime may use its memory again.
        message: (socket, message) =>
          socket.data.link?.received(
            typeof message === "string" ? message : new Uint8Array(message),
          ),
        close: (socket) => socket.data.link?.ended(),
      },
    });
  } catch (cause) {
    throw connectionError(
      `Cannot listen at ${showAddress(address)}`,
      (cause as { code?: string }).code,
      cause,
    );
  }
  return {
    address: { hostname: address.hostname, port: server.port },
    accept: () => links.take(),
    close: () => {
      server.stop(false);
      links.close();
    },
  };
}
