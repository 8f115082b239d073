import { ConnectionError } from "../errors.ts";
import type { SharedChannel } from "./shared_channel.ts";

/** How often we look around, in ms, while there is anything to do. */
export const LOOK_AROUND = 1000;

/** After so long without a sign of life, in ms, the worker is given up. */
const LIFELESS = 10_000;

/**
 * How much of that passes from one look to the next at most: where the whole
 * machine was asleep, the worker has to be given the time to show something.
 */
const LONGEST_LOOK = 3000;

/** No worker's error can be heard while we wait, so this looks whether it lives. */
export class WorkerWatch {
  readonly #channel: SharedChannel;
  readonly #peer: string;
  #lastSign = 0;
  #lastLook = 0;
  /** For how long there has been no sign of life, in ms. */
  #lifeless = 0;

  /** Watches who works for this channel. */
  constructor(channel: SharedChannel, peer: string) {
    this.#channel = channel;
    this.#peer = peer;
  }

  /** Looks now and then, and ends the channel of a worker that has died. */
  look(now: number): void {
    const passed = now - this.#lastLook;
    if (passed < LOOK_AROUND) return;
    this.#lastLook = now;
    const sign = this.#channel.signOfLife;
    if (sign !== this.#lastSign || this.#channel.state !== "open") {
      this.#lastSign = sign;
      this.#lifeless = 0;
      return;
    }
    this.#lifeless += Math.min(passed, LONGEST_LOOK);
    if (this.#lifeless < LIFELESS) return;
    this.#channel.fail(
      new ConnectionError(
        `The connection to ${this.#peer} was lost: its worker has died.`,
      ),
    );
  }
}
