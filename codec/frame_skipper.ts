import { DamagedFrame } from "./damaged_frame.ts";
import { DECIDING } from "./head_flaws.ts";
import { refuse } from "./head_reader.ts";

const LF = 0x0a;
const CR = 0x0d;

/** Header lines that are longer are passed over: a reason or an id is shorter. */
const LONGEST_LINE = 1024;

const TEXT = new TextDecoder();

/** Where in the frame the skipping begins. */
export interface SkipStart {
  readonly command: string;
  /** The headers that are known by then. */
  readonly headers: readonly (readonly [string, string])[];
  /** In the head, at the beginning of a line; or in the body. */
  readonly phase: "head" | "body";
  /** Octets of the body that are still to come, where the head has announced it. */
  readonly contentLength: number | undefined;
}

/**
 * Passes over the rest of one frame without keeping it, until where it ends, and
 * picks up the headers that decide on the way.
 */
export class FrameSkipper {
  readonly #what: string;
  readonly #command: string;
  /** Those that were known, and those that are picked up. */
  readonly #headers: (readonly [string, string])[];
  readonly #line = new Uint8Array(LONGEST_LINE);
  #phase: "head" | "body";
  /** Octets of the present line, those beyond the room for it included. */
  #lineLength = 0;
  /** Octets of the body and its NUL that are to come. */
  #rest: number | undefined;

  /** Begins at the beginning of a header line, or in the body; `what` is why. */
  constructor(
    what: string,
    { command, headers, phase, contentLength }: SkipStart,
  ) {
    this.#what = what;
    this.#command = command;
    this.#headers = [...headers];
    this.#phase = phase;
    if (contentLength !== undefined) this.#rest = contentLength + 1;
  }

  /** What is known of the frame. */
  frame(): DamagedFrame {
    return new DamagedFrame(this.#command, this.#headers, this.#what);
  }

  /**
   * Reads on from `i`. Returns where the frame is over, behind its NUL;
   * `undefined`: not before `end`.
   *
   * @throws {FrameError} if it turns out that its end is not certain.
   */
  read(bytes: Uint8Array, i: number, end: number): number | undefined {
    if (this.#phase === "head") {
      while (i < end && this.#readOctet(bytes[i]!)) i++;
      if (i === end) return undefined;
      // Behind the LF of the blank line.
      i++;
      this.#phase = "body";
    }
    return this.#rest === undefined
      ? this.#findNul(bytes, i, end)
      : this.#count(bytes, i, end);
  }

  /** Returns whether the head goes on behind this octet. */
  #readOctet(octet: number): boolean {
    if (octet === 0) {
      refuse(`the head of this ${this.#command} frame has a NUL`);
    }
    if (octet !== LF) {
      if (this.#lineLength < LONGEST_LINE) this.#line[this.#lineLength] = octet;
      this.#lineLength++;
      return true;
    }
    const length = this.#lineLength;
    this.#lineLength = 0;
    if (length === 0 || length === 1 && this.#line[0] === CR) return false;
    if (length <= LONGEST_LINE) this.#readLine(this.#line.subarray(0, length));
    return true;
  }

  #readLine(line: Uint8Array): void {
    const colon = line.indexOf(0x3a);
    if (colon < 0) return;
    const name = TEXT.decode(line.subarray(0, colon));
    const value = TEXT.decode(line.subarray(colon + 1)).replace(/\r$/, "");
    if (name !== "message" && !DECIDING.has(name)) return;
    this.#headers.push([name, value]);
    if (name !== "content-length" || this.#rest !== undefined) return;
    if (!/^\d+$/.test(value)) {
      refuse(`a content-length of this ${this.#command} frame is no number`);
    }
    this.#rest = Number(value) + 1;
  }

  #findNul(bytes: Uint8Array, i: number, end: number): number | undefined {
    const nul = bytes.indexOf(0, i);
    return nul >= 0 && nul < end ? nul + 1 : undefined;
  }

  #count(bytes: Uint8Array, i: number, end: number): number | undefined {
    const taken = Math.min(this.#rest!, end - i);
    this.#rest! -= taken;
    if (this.#rest! > 0) return undefined;
    if (bytes[i + taken - 1] !== 0) {
      refuse(`the content-length of this ${this.#command} frame is wrong`);
    }
    return i + taken;
  }
}
