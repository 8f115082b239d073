import { quoted, UsageError } from "../errors.ts";
import type { EscapesIn10 } from "./escaping.ts";
import { isVersion, type Version } from "./grammar.ts";

/** Options of {@linkcode encodeFrame}. */
export interface EncodeOptions {
  /**
   * The version to write in.
   *
   * @default {"1.2"}
   */
  version?: Version | undefined;
  /**
   * Whether a body is preceded by its `content-length`. ActiveMQ makes a bytes
   * message of a frame that has one, and a text message of a frame that has
   * none. Without it the body cannot hold NUL.
   *
   * @default {true}
   */
  contentLength?: boolean | undefined;
  /**
   * What the peer unescapes in 1.0, though that version has no escapes.
   * RabbitMQ does so as in 1.2: `"all"`; ActiveMQ takes a backslash before n, c
   * and another backslash for an escape, but escapes nothing itself, so that LF
   * cannot pass: `"backslash"`. Without effect in later versions.
   *
   * @default {"none"}
   */
  escapesIn10?: EscapesIn10 | undefined;
}

/**
 * Refuses options that are none.
 *
 * @throws {UsageError} that names the value.
 */
export function checkEncoding(version: unknown, contentLength: unknown): void {
  if (version !== "1.2" && !isVersion(version as string)) {
    throw new UsageError(
      `${
        quoted(version)
      } is not a version of STOMP: use "1.0", "1.1" or "1.2".`,
    );
  }
  if (typeof contentLength !== "boolean") {
    throw new UsageError(
      `The option "contentLength" must be true or false, not ${
        quoted(contentLength)
      }.`,
    );
  }
}
