import { Frame } from "../../codec/mod.ts";

/**
 * A frame as plain data that can be compared and printed. Each character of the
 * body stands for one octet.
 */
export interface PlainFrame {
  readonly command: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Writes a plain frame down. Headers that repeat a name come as pairs. */
export function plain(
  command: string,
  headers: Record<string, string> | PlainFrame["headers"] = {},
  body = "",
): PlainFrame {
  return {
    command,
    headers: Array.isArray(headers) ? headers : Object.entries(headers),
    body,
  };
}

/** Shows what is in a frame. */
export function show(frame: Frame): PlainFrame {
  return {
    command: frame.command,
    headers: frame.headerList,
    body: wire(frame.body),
  };
}

/** Makes the frame that would show like this. */
export function frameOf({ command, headers, body }: PlainFrame): Frame {
  return new Frame(command, headers, octets(body));
}

/** The octets that the characters of a text stand for, one each. */
export function octets(wire: string): Uint8Array {
  return Uint8Array.from(wire, (character) => {
    const code = character.charCodeAt(0);
    if (code > 0xff) throw new Error(`"${character}" is not one octet`);
    return code;
  });
}

/** The inverse of {@linkcode octets}. */
export function wire(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return text;
}

/** A text as its UTF-8 octets, each of them written as one character. */
export function utf8(text: string): string {
  return wire(new TextEncoder().encode(text));
}
