import { type Message, UsageError } from "../mod.ts";

/** A message as one line of JSON: what `listen --json` and `dump` write and `load` reads. */
export interface MessageRecord {
  readonly destination: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text, where it is UTF-8 … */
  readonly body?: string;
  /** … and its octets in base64, where it is not. */
  readonly bodyBase64?: string;
  /** What was mended while reading, where something was. */
  readonly flaws?: readonly string[];
}

/** A message as a record, octets intact. */
export function recordOf(message: Message): MessageRecord {
  const { destination, flaws } = message;
  const headers = Object.fromEntries(message.headers);
  return {
    destination,
    headers,
    ...bodyOf(message),
    ...(flaws.length > 0 ? { flaws } : {}),
  };
}

function bodyOf(message: Message): Pick<MessageRecord, "body" | "bodyBase64"> {
  try {
    return { body: message.text() };
  } catch {
    return { bodyBase64: toBase64(message.body) };
  }
}

/**
 * Reads a line of JSON.
 *
 * @throws {UsageError} that says in which line what is wrong.
 */
export function parseRecord(line: string, number: number): MessageRecord {
  const wrong = (what: string) =>
    new UsageError(
      `Line ${number} ${what}: each line is an object such as ` +
        '{"destination":"/queue/a","headers":{},"body":"text"}.',
    );
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch (cause) {
    throw wrong(`is no JSON (${(cause as Error).message})`);
  }
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw wrong("is no object");
  }
  const { destination = "", headers = {}, body, bodyBase64 } =
    record as Partial<MessageRecord>;
  if (typeof destination !== "string") {
    throw wrong("has a destination that is no text");
  }
  if (typeof headers !== "object" || headers === null) {
    throw wrong("has headers that are no object");
  }
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== "string") {
      throw wrong(`has a header ${JSON.stringify(name)} that is no text`);
    }
  }
  if (body !== undefined && typeof body !== "string") {
    throw wrong("has a body that is no text");
  }
  if (bodyBase64 === undefined) {
    return { destination, headers, body: body ?? "" };
  }
  if (typeof bodyBase64 !== "string" || !isBase64(bodyBase64)) {
    throw wrong("has a bodyBase64 that is not base64");
  }
  return { destination, headers, bodyBase64 };
}

/** The body of a record, text or octets. */
export function bodyOfRecord({ body, bodyBase64 }: MessageRecord):
  | string
  | Uint8Array {
  if (bodyBase64 === undefined) return body ?? "";
  return Uint8Array.from(atob(bodyBase64), (octet) => octet.charCodeAt(0));
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0;
}

function toBase64(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return btoa(text);
}

/** A message for a person. */
export function showMessage(
  message: Message,
  parts: {
    readonly headers: boolean;
    readonly body: boolean;
    /** Whether a terminal shows it, whose cursor nothing in it may move. */
    readonly isForTerminal: boolean;
  },
): string {
  const lines: string[] = [];
  if (parts.headers) {
    for (const [name, value] of message.headerList) {
      lines.push(
        `${harmless(name)}: ${harmless(value).replaceAll("\n", "\\n")}`,
      );
    }
    for (const flaw of message.flaws) lines.push(`(mended: ${flaw})`);
    if (parts.body) lines.push("");
  }
  if (parts.body) {
    const text = textOf(message);
    lines.push(parts.isForTerminal ? harmless(text) : text);
  }
  if (parts.headers) lines.push("");
  return lines.join("\n");
}

function textOf(message: Message): string {
  try {
    return message.text();
  } catch {
    return `(${message.body.length} octets that are not text: --json shows them)`;
  }
}

/** A text whose control characters, other than line ends and tabs, are written out. */
function harmless(text: string): string {
  return text.replace(
    /[^\P{Cc}\n\t]/gu,
    (character) =>
      `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
