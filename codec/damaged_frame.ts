import { FrameError } from "../errors.ts";
import { Frame } from "./frame.ts";

/**
 * A frame that a lenient decoder could pass over but not hand out whole: it was
 * over a limit, or a header that decides what becomes of it was damaged. Where
 * it ended was certain, so that the frames behind it are sound.
 *
 * It has the headers that are known, which those that are damaged are not, and
 * no body.
 */
export class DamagedFrame extends Frame {
  /** What is wrong with it, what is known of it, and the option that helps. */
  readonly error: FrameError;

  /** Made by the decoder, which says what is wrong. */
  constructor(
    command: string,
    headers: Iterable<readonly [string, string]>,
    what: string,
  ) {
    super(command, headers);
    const known = ["subscription", "destination", "message-id", "receipt-id"]
      .filter((name) => this.headers.has(name))
      .map((name) => `${name} ${JSON.stringify(this.headers.get(name))}`);
    const which = known.length === 0 ? "" : ` It has the ${known.join(", ")}.`;
    this.error = new FrameError(
      `Cannot hand out a ${command} frame: ${what}.${which}`,
    );
  }

  /** What is wrong, as one sentence. */
  override get flaws(): readonly string[] {
    return [this.error.message];
  }
}
