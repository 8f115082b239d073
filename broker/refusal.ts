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
