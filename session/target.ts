import { quoted, UsageError } from "../errors.ts";

/** Where a broker is and who we are to it, as a URL says it. */
export interface Target {
  /** Host name or IP address, IPv6 without brackets. */
  readonly hostname: string;
  /** TCP port. */
  readonly port: number;
  /** Whether the scheme asks for TLS. */
  readonly tls: boolean;
  /**
   * The URL to open a WebSocket at, as it was given but without login and
   * passcode; `undefined`: plain TCP.
   */
  readonly webSocket: string | undefined;
  /** The URL's user name. */
  readonly login: string | undefined;
  /** The URL's password. */
  readonly passcode: string | undefined;
  /**
   * The virtual host: the URL's path without its first slash, else `/`. The path
   * of a WebSocket's URL belongs to the WebSocket.
   */
  readonly host: string;
}

/** What a scheme stands for. */
interface Scheme {
  readonly tls: boolean;
  readonly isWebSocket: boolean;
  /** Where the URL has none. */
  readonly port: number;
}

const TCP: Scheme = { tls: false, isWebSocket: false, port: 61_613 };
const TLS: Scheme = { tls: true, isWebSocket: false, port: 61_614 };

/** tcp and ssl are stompest's, stomp+ssl is what ActiveMQ calls it. */
const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ["stomp:", TCP],
  ["tcp:", TCP],
  ["stomps:", TLS],
  ["ssl:", TLS],
  ["stomp+ssl:", TLS],
  ["ws:", { tls: false, isWebSocket: true, port: 80 }],
  ["wss:", { tls: true, isWebSocket: true, port: 443 }],
]);

/**
 * Reads a URL such as `stomp://login:passcode@host:61613/vhost`, or
 * `wss://login:passcode@host/ws` for a WebSocket.
 *
 * @throws {UsageError} that shows what is wrong, but no passcode.
 */
export function parseTarget(target: string | URL): Target {
  requireUrl(target);
  return readTarget(String(target), (reason) => {
    throw new UsageError(
      `Cannot use ${
        quoted(withoutLogin(String(target)))
      } as a broker's URL: ${reason}.`,
    );
  });
}

/** @throws {UsageError} if it is neither a text nor a URL. */
export function requireUrl(target: unknown): void {
  if (typeof target === "string" || target instanceof URL) return;
  throw new UsageError(
    `The target must be a URL such as "stomp://127.0.0.1:61613", not ${
      quoted(target)
    }.`,
  );
}

/**
 * Reads one broker's URL for somebody who words the refusal. The reason that
 * `refuse` is given repeats nothing of the text, which may hold a passcode.
 */
export function readTarget(
  text: string,
  refuse: (reason: string) => never,
): Target {
  if (!URL.canParse(text)) {
    return refuse(
      'it must look like "stomp://login:passcode@host:61613/vhost", special ' +
        "characters in login and passcode percent-encoded",
    );
  }
  const url = new URL(text);
  const scheme = SCHEMES.get(url.protocol);
  if (scheme === undefined) {
    return refuse(
      `its scheme is none of ${
        [...SCHEMES.keys()].map((scheme) => `${scheme}//`).join(", ")
      }`,
    );
  }
  if (url.hostname === "") return refuse("it names no host");
  if (isNumber(text)) {
    return refuse(
      "its host is a mere number, as if it were the port: the host comes " +
        'first, such as "stomp://127.0.0.1:61613"',
    );
  }
  if (url.port === "0") return refuse("nothing can listen on port 0");
  if (url.hash !== "") return refuse("it has a fragment, which means nothing");
  if (url.search !== "" && !scheme.isWebSocket) {
    return refuse("it has a query");
  }
  const decoded = (text: string, part: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      return refuse(`its ${part} is not percent-encoded UTF-8`);
    }
  };
  const isNamed = url.username !== "" || url.password !== "";
  return {
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? scheme.port : Number(url.port),
    tls: scheme.tls,
    webSocket: scheme.isWebSocket ? anonymous(url) : undefined,
    login: isNamed ? decoded(url.username, "login") : undefined,
    passcode: isNamed ? decoded(url.password, "passcode") : undefined,
    host: scheme.isWebSocket
      ? "/"
      : decoded(url.pathname.slice(1), "path") || "/",
  };
}

/** `tcp://61613` is a port without a host; for `ws:` it even looks like one. */
function isNumber(text: string): boolean {
  const opaque = text.replace(/^\s*[a-z+]+:\/*/i, "stomp://");
  return URL.canParse(opaque) && /^[0-9]+$/.test(new URL(opaque).hostname);
}

function anonymous(url: URL): string {
  const copy = new URL(url);
  copy.username = copy.password = "";
  return copy.href;
}

/**
 * Refuses WebSockets for a client that has none.
 *
 * @throws {UsageError} that names the client.
 */
export function requireTcp(targets: readonly Target[], client: string): void {
  const webSocket = targets.find(({ webSocket }) => webSocket !== undefined);
  if (webSocket === undefined) return;
  throw new UsageError(
    `${client} has no WebSockets, so that it cannot use ${
      quoted(webSocket.webSocket)
    }: connect to the broker's TCP port, such as "stomp://host:61613".`,
  );
}

/** Everything between the scheme's slashes and the last @ may be a secret. */
export function withoutLogin(target: string): string {
  return target
    .replace(/^([a-z][a-z0-9+.-]*:\/+)?.*@/is, "$1…@")
    .replace(SECRET_OPTION, "$1=…");
}

/** Nobody reads these there, but somebody may try; a WebSocket's may have them. */
const SECRET_OPTION =
  /([?&,][^=&,]*(?:pass|pwd|secret|token|key)[^=&,]*)=[^&,)]*/gi;
