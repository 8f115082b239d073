const TO_UTF8 = new TextEncoder();

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
