import { FrameDecoder, type FrameDecoderOptions } from "../../codec/decoder.ts";
import {
  FrameDecoderStream,
  FrameError,
  type Version,
} from "../../codec/mod.ts";
import { assertEquals } from "./assert.ts";
import { chunkings } from "./chunkings.ts";
import { octets, type PlainFrame, show } from "./frames.ts";

/** Everything that comes of some octets: frames, then perhaps an error. */
export interface Outcome {
  readonly frames: readonly PlainFrame[];
  /** What the `FrameError` says. */
  readonly error: string | undefined;
}

/**
 * Decodes a wire text, in which each character stands for one octet, to its
 * end, and makes sure that the chunking does not matter.
 */
export function decode(
  text: string,
  options: FrameDecoderOptions = {},
): Outcome {
  const bytes = octets(text);
  const outcome = outcomeOf([bytes], options);
  for (const { name, chunks } of chunkings(bytes)) {
    assertEquals(outcomeOf(chunks, options), outcome, name);
  }
  return outcome;
}

/** Decodes a wire text that must be right. */
export function decodeFrames(
  text: string,
  options: FrameDecoderOptions = {},
): readonly PlainFrame[] {
  const { frames, error } = decode(text, options);
  assertEquals(error, undefined);
  return frames;
}

/** What is wrong with a wire text; "none" where nothing is. */
export function errorIn(text: string, version: Version): string {
  return decode(text, { version }).error ?? "none";
}

/** What a decoder says to a stream that consists of these chunks. */
export function outcomeOf(
  chunks: Iterable<Uint8Array>,
  options: FrameDecoderOptions = {},
): Outcome {
  const decoder = new FrameDecoder(options);
  const frames: PlainFrame[] = [];
  const error = errorOf(() => {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (const frame of decoder) frames.push(show(frame));
    }
    decoder.end();
  });
  return { frames, error };
}

/** What the decoder stream says to these chunks. */
export async function outcomeOfStream(
  chunks: Iterable<Uint8Array>,
  options: FrameDecoderOptions = {},
): Promise<Outcome> {
  const frames: PlainFrame[] = [];
  try {
    const stream = ReadableStream.from(chunks)
      .pipeThrough(new FrameDecoderStream(options));
    for await (const frame of stream) frames.push(show(frame));
  } catch (error) {
    return { frames, error: messageOf(error) };
  }
  return { frames, error: undefined };
}

/** The message of the `FrameError` that this throws. Others pass. */
export function errorOf(body: () => void): string | undefined {
  try {
    body();
  } catch (error) {
    return messageOf(error);
  }
}

function messageOf(error: unknown): string {
  if (error instanceof FrameError) return error.message;
  throw error;
}
