import { quoted, UsageError } from "../errors.ts";
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
