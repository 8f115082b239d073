import { StompError } from "../errors.ts";

/** Says what a client did wrong; becomes an ERROR frame. */
export class Refusal extends StompError {
  /** The class name. */
  override readonly name = "Refusal";
  /** More headers for the ERROR frame. */
  readonly headers: readonly (readonly [string, string])[];

  /** The message is for the client's developer. */
  constructor(
    message: string,
    headers: readonly (readonly [string, string])[] = [],
  ) {
    super(message);
    this.headers = headers;
  }
}
