import type { Arrival } from "./connect_gate.ts";

/** The commands that a client may send. */
const KNOWN: ReadonlySet<string> = new Set([
  "CONNECT",
  "STOMP",
  "SEND",
  "SUBSCRIBE",
  "UNSUBSCRIBE",
  "ACK",
  "NACK",
  "BEGIN",
  "COMMIT",
  "ABORT",
  "DISCONNECT",
]);
/** What might be a command that we do not know. */
const COMMAND = /^[A-Za-z]{1,64}$/;
const LONGEST_COMMAND = 64;

const LF = 0x0a;
const CR = 0x0d;
const NOTHING = new Uint8Array(0);

/**
 * Passes over frames whose command there is not, for brokers that forgive them:
 * a decoder could find no next frame behind the first octet of one.
 */
export class UnknownCommands {
  /** What has come of a command line that is not complete. */
  #begun: Uint8Array = NOTHING;
  /** The command of the frame that is passed over. */
  #skipped: string | undefined;

  /**
   * Takes what has come, and says what of it is for the decoder, which is between
   * two frames or is not. `foreign` is the command of a frame that was passed
   * over.
   */
  push(piece: Uint8Array, isBetween: boolean): Arrival {
    if (this.#skipped !== undefined) return this.#skip(piece);
    if (!isBetween) return cut(piece);
    const octets = joined(this.#begun, piece);
    this.#begun = NOTHING;
    const start = octets.findIndex((octet) => octet !== LF && octet !== CR);
    if (start < 0) return { octets, rest: NOTHING, foreign: undefined };
    const end = octets.findIndex((octet, i) =>
      i > start && (octet === LF || octet === CR || octet === 0)
    );
    if (end < 0 && octets.length - start <= LONGEST_COMMAND) {
      this.#begun = octets;
      return { octets: NOTHING, rest: NOTHING, foreign: undefined };
    }
    const command = end < 0
      ? ""
      : String.fromCharCode(...octets.subarray(start, end));
    if (KNOWN.has(command) || !COMMAND.test(command)) return cut(octets);
    this.#skipped = command;
    return this.#skip(octets.subarray(start));
  }

  #skip(piece: Uint8Array): Arrival {
    const end = piece.indexOf(0);
    if (end < 0) return { octets: NOTHING, rest: NOTHING, foreign: undefined };
    const foreign = this.#skipped;
    this.#skipped = undefined;
    return { octets: NOTHING, rest: piece.subarray(end + 1), foreign };
  }
}

/** Up to where the frame may end. */
function cut(piece: Uint8Array): Arrival {
  const end = piece.indexOf(0) + 1;
  return {
    octets: end === 0 ? piece : piece.subarray(0, end),
    rest: end === 0 ? NOTHING : piece.subarray(end),
    foreign: undefined,
  };
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
