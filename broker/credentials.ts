import { quoted, UsageError } from "../errors.ts";
import { isRecord } from "../session/options.ts";

const TO_UTF8 = new TextEncoder();

/**
 * Checks the option `credentials`, without ever showing a passcode.
 *
 * @throws {UsageError} if they are not passcodes by login.
 */
export function checkCredentials(credentials: unknown): void {
  if (credentials === undefined) return;
  if (!isRecord(credentials)) {
    throw new UsageError(
      'The option "credentials" of serve() must be a record of passcodes by ' +
        'login, such as { guest: "guest" }.',
    );
  }
  for (const [login, passcode] of Object.entries(credentials)) {
    if (typeof passcode !== "string") {
      throw new UsageError(
        `The passcode of the login ${quoted(login)} must be a string.`,
      );
    }
  }
}

/**
 * Whether a CONNECT frame's login and passcode are among those that may
 * connect. It takes the same time for every wrong passcode of a length.
 */
export function isAdmitted(
  headers: ReadonlyMap<string, string>,
  credentials: Readonly<Record<string, string>> | undefined,
): boolean {
  if (credentials === undefined) return true;
  const login = headers.get("login") ?? "";
  const isKnown = Object.hasOwn(credentials, login);
  // An unknown login is compared with something, too.
  const matches = isEqual(
    headers.get("passcode") ?? "",
    isKnown ? credentials[login]! : login,
  );
  return isKnown && matches;
}

function isEqual(given: string, wanted: string): boolean {
  const a = TO_UTF8.encode(given);
  const b = TO_UTF8.encode(wanted);
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) {
    difference |= a[i]! ^ (b[i % Math.max(1, b.length)] ?? 0);
  }
  return difference === 0;
}
