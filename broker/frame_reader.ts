import { FrameDecoder } from "../codec/decoder.ts";
import type { Frame, FrameLimits, Version } from "../codec/mod.ts";
import { nextState } from "../session/states.ts";
import { ConnectGate } from "./connect_gate.ts";
import { UnknownCommands } from "./unknown_commands.ts";

/** How a client's frames are read. */
export interface FrameReaderOptions {
  readonly limits: Partial<FrameLimits> | undefined;
  /** Whether frames are passed over whose command there is not. */
  readonly skipsUnknownCommands: boolean;
}

/** Reads the frames of one client: CONNECT first, and nothing else before it. */
export class FrameReader {
  readonly #decoder: FrameDecoder;
  readonly #frames: Iterator<Frame>;
  /** Present until the session is open. */
  #gate: ConnectGate | undefined = new ConnectGate();
  readonly #unknown: UnknownCommands | undefined;
  /** What has begun otherwise than CONNECT does. */
  #foreign: string | undefined;
  /** The command of a frame that was passed over. */
  #skipped: string | undefined;

  /** Begins before CONNECT. */
  constructor({ limits, skipsUnknownCommands }: FrameReaderOptions) {
    this.#decoder = new FrameDecoder({ limits });
    this.#frames = this.#decoder[Symbol.iterator]();
    this.#unknown = skipsUnknownCommands ? new UnknownCommands() : undefined;
  }

  /** Whether what has come ends inside a frame. */
  get isMidFrame(): boolean {
    return this.#decoder.isMidFrame;
  }

  /** The session is open in this version. */
  open(version: Version): void {
    this.#gate = undefined;
    this.#decoder.version = version;
  }

  /**
   * Takes octets. Returns those that are to be pushed again once the frame before
   * them is handled.
   *
   * @throws {Refusal} if there are too many of them before CONNECT.
   */
  push(piece: Uint8Array): Uint8Array | undefined {
    if (this.#gate !== undefined) {
      const { octets, rest, foreign } = this.#gate.push(piece);
      this.#decoder.push(octets);
      this.#foreign = foreign;
      return rest;
    }
    if (this.#unknown !== undefined) {
      const isBetween = !this.#decoder.isMidFrame;
      const { octets, rest, foreign } = this.#unknown.push(piece, isBetween);
      this.#decoder.push(octets);
      this.#skipped = foreign;
      return rest;
    }
    this.#decoder.push(piece);
  }

  /** The command of a frame that was passed over. Tells it once. */
  takeSkipped(): string | undefined {
    const skipped = this.#skipped;
    this.#skipped = undefined;
    return skipped;
  }

  /**
   * The next frame that is complete.
   *
   * @throws {FrameError} if the octets are wrong, {ProtocolError} if they are not
   * those of a CONNECT.
   */
  next(): Frame | undefined {
    const { done, value } = this.#frames.next();
    if (!done) return value;
    // The decoder knows what speaks HTTP, and a whole frame its receipt.
    if (this.#foreign === undefined) return undefined;
    nextState("idle", "client", this.#foreign, "broker");
  }
}
