import type { FrameError } from "../errors.ts";

/** So many connections that end with the same are no accident. */
const MEETINGS = 3;

/** Within so many ms. */
const WHILE = 60_000;

/**
 * What could not be decoded, connection after connection: a broker delivers
 * again what was not acknowledged, so that one such message would have a client
 * connect anew for ever.
 */
export class Undecodable {
  #message: string | undefined;
  #meetings: number[] = [];

  /** Takes note of one, and says whether it has been met too often. */
  meet({ message }: FrameError, now: number): boolean {
    if (message !== this.#message) this.#meetings = [];
    this.#message = message;
    this.#meetings = this.#meetings.filter((at) => now - at < WHILE);
    this.#meetings.push(now);
    return this.#meetings.length >= MEETINGS;
  }
}
