import { toTransformStream } from "@std/streams";
import { FrameDecoder, type FrameDecoderOptions } from "./decoder.ts";
import { encodeFrame } from "./encoder.ts";
import type { Frame } from "./frame.ts";
import { isVersion, type Version } from "./grammar.ts";

/** `@std/streams` comes without types here; this is the one it has. */
const transformStream: <I, O>(
  transformer: (source: ReadableStream<I>) => AsyncIterable<O>,
) => TransformStream<I, O> = toTransformStream;

/**
 * A stream that turns octets into frames: {@linkcode FrameDecoder} with a
 * writable and a readable end. Frames that were complete before a wrong octet
 * are always delivered; then the readable end fails with a `FrameError`.
 *
 * @example
 * ```ts
 * import { FrameDecoderStream } from "@stompest/core/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const capture = new Blob(["SEND\ndestination:/queue/a\n\nhello\0"]);
 * const frames = capture.stream().pipeThrough(
 *   new FrameDecoderStream({ version: "1.2" }),
 * );
 * assertEquals((await Array.fromAsync(frames))[0]?.text(), "hello");
 * ```
 */
export class FrameDecoderStream implements TransformStream<Uint8Array, Frame> {
  /** Where the frames come out. */
  readonly readable: ReadableStream<Frame>;
  /** Where the octets go in. */
  readonly writable: WritableStream<Uint8Array>;

  /**
   * Takes the options of {@linkcode FrameDecoder}.
   *
   * @throws {UsageError} if the version or a limit is not one.
   */
  constructor(options: FrameDecoderOptions = {}) {
    const decoder = new FrameDecoder(options);
    const { readable, writable } = transformStream<Uint8Array, Frame>(
      async function* (chunks) {
        for await (const chunk of chunks) {
          decoder.push(chunk);
          yield* decoder;
        }
        decoder.end();
      },
    );
    this.readable = readable;
    this.writable = writable;
  }
}

/** Options of {@linkcode FrameEncoderStream}. */
export interface FrameEncoderStreamOptions {
  /**
   * The version to write in. Leave it out to begin before negotiation: the
   * stream then adopts the version of the first CONNECTED that it writes, as
   * the decoder at the other end will; until then it writes 1.2.
   */
  version?: Version | undefined;
}

/**
 * The inverse of {@linkcode FrameDecoderStream}: each frame becomes one chunk,
 * as {@linkcode encodeFrame} makes it. A frame that cannot be expressed fails
 * the stream with a `UsageError`.
 */
export class FrameEncoderStream extends TransformStream<Frame, Uint8Array> {
  /** Begins before negotiation, or in a given version. */
  constructor(options: FrameEncoderStreamOptions = {}) {
    let { version } = options;
    super({
      transform(frame, controller) {
        controller.enqueue(encodeFrame(frame, { version }));
        if (version === undefined && frame.command === "CONNECTED") {
          const chosen = frame.headers.get("version") ?? "1.0";
          if (isVersion(chosen)) version = chosen;
        }
      },
    });
  }
}
