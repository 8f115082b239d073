import { quoted, UsageError } from "../errors.ts";
import { isRecord } from "../session/option_checks.ts";

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
 * connect. How long it takes depends on nothing but their lengths: both are
 * compared with every entry, to the end.
 */
export function isAdmitted(
  headers: ReadonlyMap<string, string>,
  credentials: Readonly<Record<string, string>> | undefined,
): boolean {
  if (credentials === undefined) return true;
  const login = TO_UTF8.encode(headers.get("login"));
  const passcode = TO_UTF8.encode(headers.get("passcode"));
  let matches = 0;
  for (const [known, wanted] of Object.entries(credentials)) {
    const isLogin = isEqual(login, TO_UTF8.encode(known));
    const isPasscode = isEqual(passcode, TO_UTF8.encode(wanted));
    matches += Number(isLogin) & Number(isPasscode);
  }
  return matches > 0;
}

/** Whether two texts are equal, found out in a time that the given one's length decides. */
export function isEqual(
  given: ArrayLike<number>,
  wanted: ArrayLike<number>,
): boolean {
  let difference = given.length ^ wanted.length;
  for (let i = 0; i < given.length; i++) {
    difference |= given[i]! ^ (wanted[i % Math.max(1, wanted.length)] ?? 0);
  }
  return difference === 0;
}
