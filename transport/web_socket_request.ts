import { ConnectionError } from "../errors.ts";
import { acceptanceOf, headersOf, namesIn } from "./web_socket_handshake.ts";

/** A request for a WebSocket (RFC 6455, section 4.1). */
export interface UpgradeRequest {
  /** By HTTP. */
  readonly request: string;
  /** What the server must know to answer. */
  readonly key: string;
}

/** Asks for a WebSocket at a URL, and offers subprotocols. */
export function upgradeRequest(
  url: URL,
  protocols: readonly string[],
): UpgradeRequest {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  const key = btoa(String.fromCharCode(...octets));
  return {
    key,
    request: [
      `GET ${url.pathname}${url.search} HTTP/1.1`,
      `Host: ${url.host}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${key}`,
      `Sec-WebSocket-Protocol: ${protocols.join(", ")}`,
      "\r\n",
    ].join("\r\n"),
  };
}

/** What a status means to somebody who connects to a broker. */
const MEANINGS: Readonly<Record<string, string>> = {
  401:
    "the server wants to know who asks, by HTTP; give a WebSocket with such " +
    'headers by the option "webSocket"',
  403: "the server does not let us in",
  404: "there is nothing at this path; brokers often have /ws or /stomp",
  426: "the server wants another kind of connection",
};

/**
 * Looks whether the head of an answer opens the WebSocket, and returns the
 * subprotocol that was chosen; empty: none.
 *
 * @throws {ConnectionError} that says what was answered instead.
 */
export async function checkUpgrade(
  head: string,
  key: string,
  peer: string,
): Promise<string> {
  const [status = "", ...lines] = head.split("\r\n");
  const refuse = (reason: string): never => {
    throw new ConnectionError(`Cannot connect to ${peer}: ${reason}.`);
  };
  const [, code] = /^HTTP\/1\.\d (\d{3})(?: |$)/.exec(status) ?? [];
  if (code !== "101") {
    const meaning = code === undefined ? undefined : MEANINGS[code];
    return refuse(
      `the server answers ${JSON.stringify(status.slice(0, 100))} where it ` +
        `should open a WebSocket${meaning === undefined ? "" : `: ${meaning}`}`,
    );
  }
  const headers = headersOf(lines);
  if (
    !namesIn(headers?.get("upgrade")).includes("websocket") ||
    !namesIn(headers?.get("connection")).includes("upgrade") ||
    headers?.get("sec-websocket-accept") !== await acceptanceOf(key)
  ) {
    return refuse("the server agrees to a WebSocket, but not to ours");
  }
  if (headers.has("sec-websocket-extensions")) {
    return refuse("the server uses an extension that nobody has asked for");
  }
  return headers.get("sec-websocket-protocol") ?? "";
}
