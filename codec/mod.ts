/**
 * Octets ⇄ frames: the wire format of STOMP 1.0, 1.1 and 1.2, without I/O.
 * Useful on its own to proxies, recorders and test tools.
 *
 * @example Decode a stream, look, encode again
 * ```ts
 * import { FrameDecoderStream, FrameEncoderStream } from "@stompest/core/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const capture = "SEND\ndestination:/queue/a\n\nhello\0";
 * const encoded = new Blob([capture]).stream()
 *   .pipeThrough(new FrameDecoderStream({ version: "1.2" }))
 *   .pipeThrough(new FrameEncoderStream({ version: "1.2" }));
 * assertEquals(
 *   await new Response(encoded).text(),
 *   "SEND\ndestination:/queue/a\ncontent-length:5\n\nhello\0",
 * );
 * ```
 *
 * @module
 */

export {
  FrameError,
  ProtocolError,
  StompError,
  UsageError,
} from "../errors.ts";
export { DamagedFrame } from "./damaged_frame.ts";
export { FrameDecoder, type FrameDecoderOptions } from "./decoder.ts";
export { type EncodeOptions } from "./encode_options.ts";
export { encodeFrame, FrameBuffer } from "./encoder.ts";
export { type EscapesIn10 } from "./escaping.ts";
export { Frame, type FrameHeadersInit } from "./frame.ts";
export { isVersion, type Version, VERSIONS } from "./grammar.ts";
export { DEFAULT_LIMITS, type FrameLimits } from "./limits.ts";
export {
  FrameDecoderStream,
  FrameEncoderStream,
  type FrameEncoderStreamOptions,
} from "./streams.ts";
