import { quoted, UsageError } from "../errors.ts";

/**
 * Refuses origins that no browser would send.
 *
 * @throws {UsageError} that names the origin.
 */
export function checkOrigins(origins: readonly string[] | undefined): void {
  if (origins === undefined) return;
  if (!Array.isArray(origins)) {
    throw new UsageError(
      'The option "origins" must be an array, such as ' +
        `["https://app.example"], not ${quoted(origins)}.`,
    );
  }
  for (const origin of origins as readonly unknown[]) {
    if (origin === "*" || origin === "null" || isOrigin(origin)) continue;
    throw new UsageError(
      `The option "origins" has ${
        quoted(origin)
      }, which is no origin: write a ` +
        "scheme, a host and, unless it is the usual one, a port, such as " +
        '"https://app.example:8443", or "*" for every page.',
    );
  }
}

function isOrigin(text: unknown): boolean {
  return typeof text === "string" &&
    /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+$/.test(text) &&
    hostOf(text) !== undefined;
}

/**
 * Whether pages of an origin may connect: those that are named, or, where none
 * are, those of this machine's own names. Everybody has the names of loopback;
 * a foreign page whose name leads here (DNS rebinding) has none of them.
 */
export function welcomes(
  origins: readonly string[] | undefined,
  ownNames: readonly string[],
): (origin: string) => boolean {
  if (origins !== undefined) {
    return (origin) => origins.includes("*") || origins.includes(origin);
  }
  const own = new Set(
    ownNames.flatMap((name) => [bare(name), `${bare(name)}.local`]),
  );
  return (origin) => {
    const host = hostOf(origin);
    return host !== undefined && (isLoopback(host) || own.has(host));
  };
}

/** The host of an origin as names are compared; `undefined` if it has none. */
function hostOf(origin: string): string | undefined {
  if (!URL.canParse(origin)) return undefined;
  const { hostname } = new URL(origin);
  return hostname === "" ? undefined : bare(hostname);
}

function bare(name: string): string {
  return name.toLowerCase().replace(/^\[(.*)\]$/, "$1").replace(/%.*$|\.$/, "");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") ||
    host === "::1" || /^127(\.\d+){3}$/.test(host);
}
