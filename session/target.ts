import { quoted, UsageError } from "../errors.ts";

/** Where a broker is and who we are to it, as a URL says it. */
export interface Target {
  /** Host name or IP address, IPv6 without brackets. */
  readonly hostname: string;
  /** TCP port. */
  readonly port: number;
  /** Whether the scheme asks for TLS. */
  readonly tls: boolean;
  /** The URL's user name. */
  readonly login: string | undefined;
  /** The URL's password. */
  readonly passcode: string | undefined;
  /** The virtual host: the URL's path without its first slash, else `/`. */
  readonly host: string;
}

/** Schemes and whether they ask for TLS; tcp and ssl are stompest's. */
const SCHEMES = new Map([
  ["stomp:", false],
  ["tcp:", false],
  ["stomps:", true],
  ["ssl:", true],
]);

const DEFAULT_PORT = 61613;
const DEFAULT_TLS_PORT = 61614;

/**
 * Reads a URL such as `stomp://login:passcode@host:61613/vhost`.
 *
 * @throws {UsageError} that shows what is wrong, but no passcode.
 */
export function parseTarget(target: string | URL): Target {
  if (typeof target !== "string" && !(target instanceof URL)) {
    throw new UsageError(
      `The target must be a URL such as "stomp://127.0.0.1:61613", not ${
        quoted(target)
      }.`,
    );
  }
  const refuse = (reason: string): never => {
    throw new UsageError(
      `Cannot use ${
        quoted(withoutLogin(String(target)))
      } as a broker's URL: ${reason}.`,
    );
  };
  if (!URL.canParse(String(target))) {
    return refuse(
      'it must look like "stomp://login:passcode@host:61613/vhost", special ' +
        "characters in login and passcode percent-encoded",
    );
  }
  const url = new URL(target);
  const tls = SCHEMES.get(url.protocol);
  if (tls === undefined) {
    return refuse(
      `its scheme is none of ${
        [...SCHEMES.keys()].map((scheme) => `${scheme}//`).join(", ")
      }`,
    );
  }
  if (url.hostname === "") return refuse("it names no host");
  if (url.port === "0") return refuse("nothing can listen on port 0");
  if (url.search !== "" || url.hash !== "") {
    return refuse(
      "it has a query or a fragment; options go into the second argument",
    );
  }
  const decoded = (text: string, part: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      return refuse(`its ${part} is not percent-encoded UTF-8`);
    }
  };
  const named = url.username !== "" || url.password !== "";
  return {
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === ""
      ? (tls ? DEFAULT_TLS_PORT : DEFAULT_PORT)
      : Number(url.port),
    tls,
    login: named ? decoded(url.username, "login") : undefined,
    passcode: named ? decoded(url.password, "passcode") : undefined,
    host: decoded(url.pathname.slice(1), "path") || "/",
  };
}

/** Everything between the scheme's slashes and the last @ may be a secret. */
export function withoutLogin(target: string): string {
  return target.replace(/^([a-z][a-z0-9+.-]*:\/+)?.*@/is, "$1…@");
}
