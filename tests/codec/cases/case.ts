import { type Version, VERSIONS } from "../../../codec/mod.ts";
import type { PlainFrame } from "../../support/frames.ts";

/** What some octets mean, under the rules of some versions. */
export interface Case {
  readonly name: string;
  /** `undefined` stands for the time before negotiation. */
  readonly versions: readonly (Version | undefined)[];
  /** The octets, one character each. */
  readonly wire: string;
  readonly frames: readonly PlainFrame[];
  /** Whether the encoder writes these frames as exactly these octets. */
  readonly canonical: boolean;
  /** What the error says that comes behind the frames. */
  readonly error?: string;
  /** Whether nothing but the end of the stream proves the error. */
  readonly atEnd?: boolean;
}

/** With and without a version. */
export const ALL: Case["versions"] = [undefined, ...VERSIONS];
/** Where CR LF is a line's end. */
export const CRLF: Case["versions"] = [undefined, "1.2"];
/** Where CR is a character like any other. */
export const NO_CRLF: Case["versions"] = ["1.0", "1.1"];
/** Where there are escapes, and bodies are restricted. */
export const ESCAPED: Case["versions"] = [undefined, "1.1", "1.2"];

/** A row that goes both ways: octets to frames and frames to octets. */
export function both(
  name: string,
  versions: Case["versions"],
  wire: string,
  ...frames: readonly PlainFrame[]
): Case {
  return { name, versions, wire, frames, canonical: true };
}

/** A row of octets that are right, although we would write them differently. */
export function read(
  name: string,
  versions: Case["versions"],
  wire: string,
  ...frames: readonly PlainFrame[]
): Case {
  return { name, versions, wire, frames, canonical: false };
}

/** A row whose last octet is the first one that proves it wrong. */
export function bad(
  name: string,
  versions: Case["versions"],
  wire: string,
  error: string,
  ...frames: readonly PlainFrame[]
): Case {
  return { name, versions, wire, frames, canonical: false, error };
}

/** A row of octets that something has to follow. */
export function cut(
  name: string,
  versions: Case["versions"],
  wire: string,
  error: string,
  ...frames: readonly PlainFrame[]
): Case {
  return { ...bad(name, versions, wire, error, ...frames), atEnd: true };
}
