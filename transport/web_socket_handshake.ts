/** What STOMP is called among WebSocket's subprotocols, the best first. */
const SUBPROTOCOLS: readonly string[] = ["v12.stomp", "v11.stomp", "v10.stomp"];

/** What the key of a request is answered with (RFC 6455, section 1.3). */
const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** What a request for a WebSocket is answered. */
export interface UpgradeAnswer {
  /** Whether there is a WebSocket now. */
  readonly isAccepted: boolean;
  /** The answer by HTTP. */
  readonly text: string;
}

/** The answer to a request that is no request, or never ends. */
export const TOO_LONG: UpgradeAnswer = refusal(
  "431 Request Header Fields Too Large",
  "The head of this request is too long.",
);

/**
 * Answers the head of a request by HTTP as the server of a WebSocket (RFC 6455,
 * section 4.2). Who offers subprotocols without one of STOMP's means somebody
 * else, and is told so.
 */
export async function answerUpgrade(
  head: string,
  isWelcome: (origin: string) => boolean,
): Promise<UpgradeAnswer> {
  const [request = "", ...lines] = head.split("\r\n");
  if (!/^[A-Z]+ \S+ HTTP\/\d\.\d$/.test(request)) {
    return refusal("400 Bad Request", "This is no request by HTTP.");
  }
  const headers = headersOf(lines);
  if (headers === undefined) {
    return refusal("400 Bad Request", "A header of this request is malformed.");
  }
  if (
    !/^GET \S+ HTTP\/1\.1$/.test(request) ||
    !namesIn(headers.get("upgrade")).includes("websocket") ||
    !namesIn(headers.get("connection")).includes("upgrade")
  ) {
    return refusal(
      "426 Upgrade Required",
      "This is a STOMP broker: connect by WebSocket.",
      ["Upgrade: websocket"],
    );
  }
  if (headers.get("sec-websocket-version") !== "13") {
    return refusal("426 Upgrade Required", "Use version 13 of WebSocket.", [
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
    ]);
  }
  const key = headers.get("sec-websocket-key") ?? "";
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) {
    return refusal("400 Bad Request", "Sec-WebSocket-Key must be 16 octets.");
  }
  const origin = headers.get("origin");
  if (origin !== undefined && !isWelcome(origin)) {
    return refusal(
      "403 Forbidden",
      `Pages of ${
        JSON.stringify(origin.slice(0, 200))
      } may not connect here: ` +
        'see the option "origins" of serve().',
    );
  }
  const offered = headers.get("sec-websocket-protocol");
  const names = offered?.split(",").map((name) => name.trim()) ?? [];
  const chosen = SUBPROTOCOLS.find((name) => names.includes(name));
  if (offered !== undefined && chosen === undefined) {
    return refusal(
      "400 Bad Request",
      `Only STOMP is spoken here: offer ${
        SUBPROTOCOLS.join(", ")
      }, or nothing.`,
    );
  }
  return {
    isAccepted: true,
    text: [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${await acceptanceOf(key)}`,
      ...chosen === undefined ? [] : [`Sec-WebSocket-Protocol: ${chosen}`],
      "\r\n",
    ].join("\r\n"),
  };
}

function refusal(
  status: string,
  sentence: string,
  headers: readonly string[] = [],
): UpgradeAnswer {
  const body = `${sentence}\n`;
  return {
    isAccepted: false,
    text: [
      `HTTP/1.1 ${status}`,
      ...headers,
      "Connection: close",
      "Content-Type: text/plain;charset=utf-8",
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n"),
  };
}

/** Headers by their names in small letters; repeated ones are one list. */
export function headersOf(
  lines: readonly string[],
): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([^\s:]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const key = name.toLowerCase();
    const before = headers.get(key);
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

/** The names of a header that is a list, in small letters. */
export function namesIn(list: string | undefined): string[] {
  return list?.split(",").map((name) => name.trim().toLowerCase()) ?? [];
}

/** The proof that a server has read this key. */
export async function acceptanceOf(key: string): Promise<string> {
  const octets = new TextEncoder().encode(key + MAGIC);
  const digest = await crypto.subtle.digest("SHA-1", octets);
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
