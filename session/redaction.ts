/**
 * What a peer says may repeat our passcode, and not always letter by letter:
 * quoted in JSON or by a program, escaped as STOMP does it, or percent-encoded.
 * It is taken out of whatever can be printed, in each of these spellings.
 *
 * @module
 */

import { Frame } from "../codec/mod.ts";

/** Headers that we or the protocol chose; a short passcode may look like them. */
const OURS: ReadonlySet<string> = new Set([
  "receipt-id",
  "subscription",
  "content-length",
  "content-type",
  "version",
]);

/** A text that is cut before it is shown may end within a passcode. */
const LONGEST_PIECE = 64;

/** The text without the passcode, and without the beginning of one that is cut. */
export function redactText(text: string, passcode: string | undefined): string {
  if (!passcode) return text;
  const spellings = spellingsOf(passcode);
  return text
    .replace(new RegExp(spellings.join(""), "gi"), "…")
    .replace(pieceOf(spellings), "…");
}

/** The frame without the passcode; the same one where it is not in there. */
export function redactFrame(frame: Frame, passcode: string | undefined): Frame {
  if (!passcode) return frame;
  const { headerList } = frame;
  const headers = headerList.map(([name, value]) =>
    OURS.has(name)
      ? [name, value] as const
      : [redactText(name, passcode), redactText(value, passcode)] as const
  );
  const text = new TextDecoder().decode(frame.body);
  const body = redactText(text, passcode);
  const isSame = body === text &&
    headers.every(([name, value], index) =>
      name === headerList[index]![0] && value === headerList[index]![1]
    );
  if (isSame) return frame;
  return new Frame(frame.command, headers, body === text ? frame.body : body);
}

/** A pattern for each character; no two of them can share a backslash. */
function spellingsOf(passcode: string): string[] {
  return [...passcode.replace(/\\+/g, "\\")].map((character, index, all) => {
    if (character === "\\") return "(?:(?:\\\\|%5c){1,16}|\\\\u005c)";
    const escapes = all[index - 1] === "\\" ? "" : "\\\\{0,16}";
    const units = character.split("").map((unit) =>
      `\\\\{1,16}u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
    );
    const ways = [
      `${escapes}${literal(character)}`,
      literal(percentEncoded(character)),
      units.join(""),
      ...(ENTITIES[character] ?? []),
    ];
    const letter = LETTERS[character];
    if (letter !== undefined) ways.push(`\\\\{1,16}${letter}`);
    return `(?:${ways.join("|")})`;
  });
}

/** What stands behind a backslash for another character: STOMP's and JSON's. */
const LETTERS: Readonly<Record<string, string>> = {
  ":": "c",
  "\t": "t",
  "\b": "b",
  "\f": "f",
  "\v": "v",
};

const ENTITIES: Readonly<Record<string, readonly string[]>> = {
  '"': ["&quot;", "&#0*34;"],
  "'": ["&apos;", "&#0*39;"],
  "&": ["&amp;", "&#0*38;"],
  "<": ["&lt;", "&#0*60;"],
  ">": ["&gt;", "&#0*62;"],
};

/** Some or all of the first characters, in front of where a text was cut. */
function pieceOf(spellings: readonly string[]): RegExp {
  const first = spellings.slice(0, LONGEST_PIECE);
  const rest = first.slice(1).reduceRight(
    (behind, spelling) => `(?:${spelling}${behind})?`,
    "",
  );
  return new RegExp(`${first[0]}${rest}(?=…)`, "gi");
}

function percentEncoded(character: string): string {
  return Array.from(
    new TextEncoder().encode(character),
    (octet) => `%${octet.toString(16).padStart(2, "0")}`,
  ).join("");
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
