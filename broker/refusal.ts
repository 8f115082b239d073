import type { Frame } from "../codec/mod.ts";
import { quoted, StompError } from "../errors.ts";

/** Says what a client did wrong; becomes an ERROR frame. */
export class Refusal extends StompError {
  /** The class name. */
  override readonly name = "Refusal";
  /** More headers for the ERROR frame. */
  readonly headers: readonly (readonly [string, string])[];
  /** Whether no broker survivesErrorOn it. */
  readonly isFatal: boolean;

  /** The message is for the client's developer. */
  constructor(message: string, { headers = [], isFatal = false }: {
    readonly headers?: readonly (readonly [string, string])[];
    readonly isFatal?: boolean;
  } = {}) {
    super(message);
    this.headers = headers;
    this.isFatal = isFatal;
  }
}

/**
 * The value of a header that a frame must have.
 *
 * @throws {Refusal} if it has none.
 */
export function required(frame: Frame, header: string): string {
  const value = frame.headers.get(header);
  if (value !== undefined && value !== "") return value;
  throw new Refusal(
    `This ${frame.command} frame has no ${quoted(header)} header.`,
  );
}

/** How long the names of what the broker keeps may be, in characters. */
const LONGEST_NAME = 4096;

/**
 * The name of something that the broker keeps for as long as the client likes.
 *
 * @throws {Refusal} if it is too long.
 */
export function keptName(
  command: string,
  header: string,
  name: string,
): string {
  if (name.length <= LONGEST_NAME) return name;
  throw new Refusal(
    `The ${quoted(header)} of this ${command} frame has ${name.length} ` +
      `characters; more than ${LONGEST_NAME} are not kept.`,
    { isFatal: true },
  );
}

/**
 * The same of a header that the frame must have.
 *
 * @throws {Refusal} if it has none, or is too long.
 */
export function requiredName(frame: Frame, header: string): string {
  return keptName(frame.command, header, required(frame, header));
}
