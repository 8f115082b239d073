import { ConnectionError, FrameError } from "../errors.ts";

/**
 * How a connection ends. It only ever goes down this list:
 *
 * | state  | what leaves it                                        | for    |
 * | ------ | ----------------------------------------------------- | ------ |
 * | `open` | the socket ends, octets cannot be read, a frame is torn | `lost` |
 * | `open` | the program leaves it: `disconnect()`, `reconnect()`  | `told` |
 * | `lost` | a call throws why                                     | `told` |
 *
 * Where it is `lost`, `disconnect()` is the call that has to say so: what was
 * sent without a receipt may be lost, too. Where it is `told`, it just returns.
 * The end of the socket alone is the channel's state, which is noticed later.
 */
export class ConnectionEnd {
  #state: "open" | "lost" | "told" = "open";
  #cause: unknown;
  #failure: ConnectionError | undefined;

  /** Why it is gone; `undefined` while it is open. */
  get failure(): ConnectionError | undefined {
    return this.#failure;
  }

  /** What has ended it, as it was. */
  get cause(): unknown {
    return this.#cause;
  }

  /** What could not be decoded, where that has ended it. */
  get undecodable(): FrameError | undefined {
    return this.#cause instanceof FrameError ? this.#cause : undefined;
  }

  /** Whether the program knows. */
  get isTold(): boolean {
    return this.#state === "told";
  }

  /** It is gone because of this. The first cause counts. */
  lose(cause: unknown, peer: string): void {
    if (this.#state !== "open") return;
    this.#state = "lost";
    this.#cause = cause;
    this.#failure = cause instanceof ConnectionError
      ? cause
      : new ConnectionError(
        `The connection to ${peer} was given up: ${
          cause instanceof Error ? cause.message : String(cause)
        }`,
        { cause },
      );
  }

  /** A call throws why it is gone, if it is, or the program has left it. */
  tell(): void {
    if (this.#state === "lost") this.#state = "told";
  }
}
