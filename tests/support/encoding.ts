import { encodeFrame, type EncodeOptions } from "../../codec/mod.ts";
import { frameOf, type PlainFrame, wire } from "./frames.ts";

/** What the encoder makes of a plain frame, one character for each octet. */
export function encode(frame: PlainFrame, options: EncodeOptions = {}): string {
  return wire(encodeFrame(frameOf(frame), options));
}
