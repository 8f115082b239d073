import { FrameDecoder, type FrameDecoderOptions } from "./decoder.ts";
import { checkEncoding } from "./encode_options.ts";
import { encodeFrame } from "./encoder.ts";
import type { Frame } from "./frame.ts";
import { isVersion, type Version } from "./grammar.ts";

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
    const frames = decoder[Symbol.iterator]();
    const { readable, writable } = new TransformStream<
      Uint8Array,
      Uint8Array
    >();
    const chunks = readable.getReader();
    this.writable = writable;
    this.readable = new ReadableStream({
      async pull(controller): Promise<void> {
        try {
          for (;;) {
            const frame = frames.next();
            if (!frame.done) return controller.enqueue(frame.value);
            const { done, value } = await chunks.read();
            if (done) {
              decoder.end();
              return controller.close();
            }
            decoder.push(value);
          }
        } catch (error) {
          chunks.cancel(error).catch(() => {});
          controller.error(error);
        }
      },
      // Not by way of `toTransformStream`: its cancelling waits for a chunk.
      cancel: (reason) => chunks.cancel(reason),
    });
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
  /**
   * Begins before negotiation, or in a given version.
   *
   * @throws {UsageError} if the version is none.
   */
  constructor(options: FrameEncoderStreamOptions = {}) {
    let { version } = options;
    checkEncoding(version ?? "1.2", true);
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
