/**
 * How header text is escaped: what the decoder takes for an escape, and how the
 * encoder writes each character.
 *
 * @module
 */

import { quoted, UsageError } from "../errors.ts";
import type { CommandRule, Version } from "./grammar.ts";

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * How the header text of a frame is written.
 *
 * - `raw`: as it is; 1.0 knows no escapes, and CONNECT, STOMP and CONNECTED
 *   never use them (STOMP 1.2, "Value Encoding").
 * - `1.1`: `\n`, `\c` and `\\`; any other escape is fatal.
 * - `1.2`: the same and `\r`; a bare CR is fatal.
 * - `lenient`: an ERROR in answer to CONNECT may come from a broker of any
 *   version: known escapes are mapped, unknown ones left as they are.
 */
export type Escaping = "raw" | "1.1" | "1.2" | "lenient";

/**
 * How a frame that is received writes its header text. `escapedIn10`: the peer
 * uses escapes in 1.0, too, as real brokers do.
 */
export function escapingOf(
  rule: CommandRule,
  version: Version | undefined,
  escapedIn10: boolean,
): Escaping {
  if (rule.handshake) return "raw";
  if (version === "1.0") return escapedIn10 ? "lenient" : "raw";
  if (version !== undefined) return version;
  return rule.command === "ERROR" ? "lenient" : "1.2";
}

/** Escape letters (as character codes) and the octet that each stands for. */
export const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x6e, 0x0a], // \n
  [0x63, 0x3a], // \c
  [0x5c, 0x5c], // \\
  [0x72, 0x0d], // \r, from 1.2
]);

/** Whether `\` followed by this character code is an escape. */
export function isEscape(letter: number, escaping: Escaping): boolean {
  return ESCAPES.has(letter) && (letter !== 0x72 || escaping !== "1.1");
}

/** Characters that cannot always be written as they are. */
export const SPECIAL_NAMES: ReadonlyMap<number, string> = new Map([
  [0, "NUL"],
  [LF, "LF"],
  [CR, "CR"],
  [COLON, "a colon"],
  [BACKSLASH, "a backslash"],
]);

/** Where in which frame a text stands: what decides how it is written. */
export interface Place {
  readonly header: string;
  readonly isName: boolean;
  readonly rule: CommandRule;
  readonly version: Version;
  readonly escapesIn10: EscapesIn10;
}

/**
 * What the peer unescapes in 1.0, which by the specification has no escapes:
 * nothing, backslashes alone need doubling (ActiveMQ), or as in 1.2 (RabbitMQ).
 */
export type EscapesIn10 = "none" | "backslash" | "all";

/** The letter behind the backslash, where this character is written escaped. */
export function escapeLetter(code: number, place: Place): number | undefined {
  if (place.rule.handshake) return undefined;
  if (place.version === "1.0" && place.escapesIn10 !== "all") {
    return code === BACKSLASH && place.escapesIn10 === "backslash"
      ? BACKSLASH
      : undefined;
  }
  switch (code) {
    case LF:
      return 0x6e;
    case COLON:
      return 0x63;
    case BACKSLASH:
      return BACKSLASH;
    case CR:
      return place.version === "1.1" ? undefined : 0x72;
  }
}

/** Whether a special character that has no escape may be written as it is. */
export function isPlain(
  code: number,
  { isName, rule, version }: Place,
): boolean {
  switch (code) {
    case BACKSLASH:
      return true;
    case COLON:
      return !isName;
    case CR:
      // Before negotiation the peer takes a CR for a part of the line's end.
      return !rule.handshake && version !== "1.2";
    default:
      return false;
  }
}

/** Says that a version cannot express a text, and why. */
export function refuse(what: string, text: string, place: Place): never {
  const { header, isName, rule, version } = place;
  throw new UsageError(
    `Cannot encode frame: the ${isName ? "name" : "value"} of the header ${
      quoted(header)
    } holds ${what}, which a ${rule.command} frame ${
      rule.handshake ? "" : `of STOMP ${version} `
    }cannot express${isName ? "" : `: ${shown(header, text)}`}.`,
  );
}

/** A header value for a message; secrets are never shown. */
export function shown(name: string, value: string): string {
  return name === "passcode" ? "(not shown)" : quoted(value);
}
