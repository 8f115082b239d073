import { Refusal } from "./refusal.ts";

/**
 * How long a CONNECT may be, in octets. A login has room for a long token; who
 * has not logged in yet cannot make us keep more.
 */
const LONGEST_CONNECT = 8 * 1024;
/** By then it is clear that a line is no command. */
const LONGEST_COMMAND = 64;

const LF = 0x0a;
const CR = 0x0d;

/** What has come before a session is open. */
export interface Arrival {
  /** What belongs to one frame, or to what is none. */
  readonly octets: Uint8Array;
  /** What came behind that frame. */
  readonly rest: Uint8Array;
  /** What begins otherwise than CONNECT and STOMP do. */
  readonly foreign: string | undefined;
}

/** What stands before a session: only CONNECT and STOMP come through. */
export class ConnectGate {
  #command = "";
  #isCommandComplete = false;
  #length = 0;

  /**
   * Takes what has come.
   *
   * @throws {Refusal} if the frame is too long.
   */
  push(piece: Uint8Array): Arrival {
    let end = 0;
    while (end < piece.length && !this.#takesLast(piece[end]!)) end++;
    const rest = piece.subarray(end + 1);
    const octets = piece.subarray(0, end + 1);
    const foreign =
      this.#isCommandComplete && !/^(CONNECT|STOMP)$/.test(this.#command)
        ? this.#command
        : undefined;
    if (this.#length > LONGEST_CONNECT) {
      throw new Refusal(
        `A CONNECT may have ${LONGEST_CONNECT} octets: this one has more.`,
        { isFatal: true },
      );
    }
    if (end < piece.length && piece[end] === 0) {
      this.#command = "";
      this.#isCommandComplete = false;
      this.#length = 0;
    }
    return { octets, rest, foreign };
  }

  /** Whether an octet is the last one that is looked at. */
  #takesLast(octet: number): boolean {
    const isEol = octet === LF || octet === CR;
    if (this.#length === 0 && isEol) return false;
    this.#length++;
    if (!this.#isCommandComplete) {
      this.#isCommandComplete = isEol || octet === 0 ||
        this.#length > LONGEST_COMMAND;
      if (!this.#isCommandComplete) {
        this.#command += String.fromCharCode(octet);
      }
    }
    return octet === 0 || this.#length > LONGEST_CONNECT;
  }
}
