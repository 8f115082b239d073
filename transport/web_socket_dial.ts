import { ConnectionError, UsageError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import { transportIfAny } from "./runtime.ts";
import type { TlsOptions } from "./tls.ts";
import type { Link, Transport } from "./transport.ts";
import { WebSocketClientLink } from "./web_socket_client_link.ts";
import type { WebSocketFactory, WebSocketLike } from "./web_socket_like.ts";

/** How a WebSocket is opened. */
export interface WebSocketDial {
  /** Subprotocols to offer, the best first. */
  readonly protocols: readonly string[];
  /** Makes the WebSocket. @default {over TCP, else the runtime's own} */
  readonly webSocket?: WebSocketFactory | undefined;
  /** What has TCP. @default {the runtime, if it has any} */
  readonly transport?: Transport | undefined;
  /** How a `wss://` URL is secured; without TCP nobody can say that. */
  readonly tls?: TlsOptions | undefined;
  /** Gives up. */
  readonly signal?: AbortSignal | undefined;
  readonly clock: Clock;
}

/**
 * Opens a WebSocket at a URL: by the function that is given, else over TCP where
 * there is TCP, else the one that a page has.
 *
 * @throws {ConnectionError} if it cannot be opened, or another subprotocol is
 * answered; {UsageError} if there is no way to have one here, or the option
 * `webSocket` returns something else; the signal's reason if that aborts.
 */
export async function dialWebSocket(
  url: string,
  dial: WebSocketDial,
): Promise<Link> {
  const { protocols, webSocket, tls, signal, clock } = dial;
  signal?.throwIfAborted();
  const peer = withoutQuery(url);
  const transport = webSocket === undefined
    ? dial.transport ?? await transportIfAny()
    : undefined;
  if (transport !== undefined) {
    const { openWebSocketOverTcp } = await import("./web_socket_over_tcp.ts");
    const link = await openWebSocketOverTcp({
      url,
      peer,
      protocols,
      transport,
      tls,
      signal,
      clock,
    });
    return requireSubprotocol(link, protocols);
  }
  if (tls !== undefined) {
    throw new UsageError(
      'The "tls" options have no effect on a WebSocket that ' +
        (webSocket === undefined ? "a page has" : '"webSocket" returns') +
        ": leave them out.",
    );
  }
  const link = new WebSocketClientLink(
    webSocket === undefined
      ? ownWebSocket(url, protocols, peer)
      : givenWebSocket(webSocket, url, protocols),
    peer,
    clock,
  );
  const abort = () => link.close();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    await link.opened;
    // SockJS and others have no subprotocols.
    if (link.protocol === "" && webSocket !== undefined) return link;
    return requireSubprotocol(link, protocols);
  } catch (error) {
    link.close();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

function requireSubprotocol<L extends Link & { readonly protocol: string }>(
  link: L,
  protocols: readonly string[],
): L {
  const { protocol, peer } = link;
  if (protocols.includes(protocol)) return link;
  link.close();
  throw new ConnectionError(
    `Cannot connect to ${peer}: the WebSocket was opened, but ${
      protocol === ""
        ? "no subprotocol was chosen"
        : `the subprotocol ${JSON.stringify(protocol)} was chosen`
    } where ${
      protocols.join(", ")
    } were offered, so that STOMP is not spoken ` +
      "there; look at the URL's path.",
  );
}

function ownWebSocket(
  url: string,
  protocols: readonly string[],
  peer: string,
): WebSocketLike {
  const { WebSocket, location } = globalThis as {
    WebSocket?: new (url: string, protocols: string[]) => WebSocketLike;
    location?: { readonly protocol: string };
  };
  if (WebSocket === undefined) {
    throw new UsageError(
      "There is neither TCP nor a WebSocket on this runtime: give one by the option " +
        '"webSocket", such as (url, protocols) => new WebSocket(url, protocols) ' +
        'with that of the package "ws".',
    );
  }
  try {
    return new WebSocket(url, [...protocols]);
  } catch (cause) {
    const isMixed = location?.protocol === "https:" && url.startsWith("ws:");
    throw new ConnectionError(
      `Cannot connect to ${peer}: ${
        isMixed
          ? "a page that came by https: may open WebSockets by wss: only"
          : messageOf(cause)
      }.`,
      { cause },
    );
  }
}

function givenWebSocket(
  webSocket: WebSocketFactory,
  url: string,
  protocols: readonly string[],
): WebSocketLike {
  let made: unknown;
  try {
    made = webSocket(url, [...protocols]);
  } catch (cause) {
    throw new ConnectionError(
      `The function that was given as "webSocket" has failed: ${
        messageOf(cause)
      }.`,
      { cause },
    );
  }
  const socket = made as Partial<WebSocketLike> | null | undefined;
  const isOne = typeof socket === "object" && socket !== null &&
    typeof socket.readyState === "number" &&
    typeof socket.send === "function" && typeof socket.close === "function" &&
    typeof socket.addEventListener === "function";
  if (isOne) return socket as WebSocketLike;
  throw new UsageError(
    `The option "webSocket" must return a WebSocket, not ${
      made instanceof Promise
        ? "a promise; ask for what it needs before connect()"
        : made === null
        ? "null"
        : typeof made
    }.`,
  );
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error))
    .replace(/\.$/, "");
}

/** A query may hold a token, which belongs into no message. */
function withoutQuery(url: string): string {
  return url.replace(/\?.*$/s, "");
}
