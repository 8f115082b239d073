import { connectionError } from "./failure.ts";
import { LinkQueue } from "./link_queue.ts";
import { type Address, type Listener, showAddress } from "./transport.ts";
import { bestSubprotocol, WebSocketLink } from "./web_socket.ts";

/**
 * Listens for WebSockets by way of Deno's own server.
 *
 * @throws {ConnectionError} if the address cannot be had.
 */
export function listenForDenoWebSockets(address: Address): Listener {
  const links = new LinkQueue();
  const closing = new AbortController();
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve(
      { ...address, signal: closing.signal, onListen: () => {} },
      (request, { remoteAddr }) => {
        if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
          return new Response(
            "This is a STOMP broker: connect by WebSocket.\n",
            {
              status: 426,
            },
          );
        }
        const protocol = bestSubprotocol(
          request.headers.get("sec-websocket-protocol"),
        );
        const { socket, response } = Deno.upgradeWebSocket(request, {
          idleTimeout: 0,
        });
        // Deno itself would want a space behind each comma of the offer.
        if (protocol !== undefined) {
          response.headers.set("sec-websocket-protocol", protocol);
        }
        socket.binaryType = "arraybuffer";
        const link = new WebSocketLink(showAddress(remoteAddr), {
          buffered: () => socket.bufferedAmount,
          send: (message) => {
            if (socket.readyState === WebSocket.OPEN) socket.send(message);
          },
          close: () => socket.close(),
        });
        socket.onopen = () => links.offer(link);
        socket.onmessage = ({ data }) =>
          link.received(typeof data === "string" ? data : new Uint8Array(data));
        socket.onclose = () => link.ended();
        socket.onerror = () => link.ended();
        return response;
      },
    );
  } catch (cause) {
    const code = cause instanceof Deno.errors.AddrInUse
      ? "EADDRINUSE"
      : undefined;
    throw connectionError(
      `Cannot listen at ${showAddress(address)}`,
      code,
      cause,
    );
  }
  return {
    address: { hostname: address.hostname, port: server.addr.port },
    accept: () => links.take(),
    close: () => {
      closing.abort();
      links.close();
    },
  };
}
