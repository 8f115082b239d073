/**
 * How the encoder writes header text, character by character.
 *
 * @module
 */

import { quoted, UsageError } from "../errors.ts";
import type { CommandRule, Version } from "./grammar.ts";

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

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
