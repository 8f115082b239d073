/** Octets for one message, and their text where they are one. */
export interface MessagePiece {
  readonly octets: Uint8Array;
  /** `undefined`: they are no UTF-8. */
  readonly text: string | undefined;
}

const NOTHING = new Uint8Array(0);
const FROM_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Makes messages of octets that are cut anywhere: text wherever it can be, since
 * some brokers take nothing else. So a character is never cut.
 */
export class TextPieces {
  /** The beginning of a character, whose end comes with the next octets. */
  #carried: Uint8Array = NOTHING;

  /** What to send of all that was added; perhaps nothing yet. */
  add(octets: Uint8Array): MessagePiece {
    const all = joined(this.#carried, octets);
    const whole = all.subarray(0, all.length - cutOff(all));
    const text = textOf(whole);
    // Where the rest is no text, a piece of a character is none, either.
    this.#carried = text === undefined ? NOTHING : all.slice(whole.length);
    return { octets: text === undefined ? all : whole, text };
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** How many octets at the end are the beginning of a character in UTF-8. */
function cutOff(octets: Uint8Array): number {
  for (let count = 1; count <= 3 && count <= octets.length; count++) {
    const octet = octets[octets.length - count]!;
    if (octet < 0x80) return 0;
    if (octet >= 0xc0) {
      const needs = octet >= 0xf0 ? 4 : octet >= 0xe0 ? 3 : 2;
      return needs > count ? count : 0;
    }
  }
  return 0;
}

function textOf(octets: Uint8Array): string | undefined {
  try {
    return FROM_UTF8.decode(octets);
  } catch {
    return undefined;
  }
}
