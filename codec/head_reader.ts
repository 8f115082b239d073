import { FrameError } from "../errors.ts";
import { type Escaping, escapingOf, isEscape } from "./escaping.ts";
import { describeNotStomp, showOctet } from "./not_stomp.ts";
import {
  acceptsCrLf,
  type CommandRule,
  COMMANDS,
  type Version,
} from "./grammar.ts";
import { HeadFlaws } from "./head_flaws.ts";
import type { FrameLimits } from "./limits.ts";
import type { InputWindow } from "./input_window.ts";
import { COMMAND_TRIE } from "./command_trie.ts";
import { sequenceLength } from "./utf8.ts";
import { LazyHeaders, MARKS_PER_HEADER } from "./lazy_headers.ts";

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

const LETTER_R = 0x72;

const CONTENT_LENGTH = "content-length";

/** Room for the marks of about 75 frames. Frames that are kept keep theirs. */
const SLAB = 2048;

/** Octets that end the fast walk over a header line. */
const SPECIAL = new Uint8Array(256).fill(1, 0x80);
for (const octet of [0, LF, CR, BACKSLASH]) SPECIAL[octet] = 1;

/**
 * Reads the head of one frame after the other: the command line, the header
 * lines and the blank line. It looks at each octet once, keeps its place when
 * they run out, and raises whatever is wrong at the first octet that proves it.
 * It makes no text; it notes where each header is.
 */
export class HeadReader {
  readonly #octets: InputWindow;
  readonly #limits: FrameLimits;
  readonly #isLenient: boolean;
  /** Whether the peer uses escapes in 1.0, too. */
  escapedIn10 = false;
  /** The version whose rules hold for this frame. */
  version: Version | undefined;
  /** Whether CR LF is an EOL. */
  crlf = true;
  /** What is known of the frame's command, as soon as that is read. */
  rule: CommandRule = COMMANDS[0]!;
  /** The announced length of the body. */
  contentLength: number | undefined;
  /** The next octet to look at, counted from the beginning of the frame. */
  scanned = 0;
  /** Whether the command line has been read. */
  hasCommand = false;
  /** The limit that the head is over, in words, where that is not fatal. */
  excess: string | undefined;
  /** What was mended. */
  readonly flaws: HeadFlaws = new HeadFlaws();

  #escaping: Escaping = "raw";
  /** Whether the head holds an escape, so that its text must be unescaped. */
  #escapes = false;
  /** Positions of the headers, counted from the beginning of the frame. */
  #marks = new Int32Array(SLAB);
  #firstMark = 0;
  #headers = 0;
  /** Where the line begins, and its colon, once that is seen. */
  #lineStart = 0;
  #colon = -1;
  #lines = 0;

  /** Reads from a window. */
  constructor(octets: InputWindow, limits: FrameLimits, isLenient: boolean) {
    this.#octets = octets;
    this.#limits = limits;
    this.#isLenient = isLenient;
  }

  /** A frame begins where the window does. */
  begin(version: Version | undefined): void {
    this.version = version;
    this.crlf = acceptsCrLf(version);
    this.contentLength = undefined;
    this.scanned = 0;
    this.hasCommand = false;
    this.#escapes = false;
    this.#headers = this.#lines = 0;
    this.#colon = -1;
    if (!this.#isLenient) return;
    this.excess = undefined;
    this.flaws.clear();
  }

  /** Whether flaws of this frame are mended where they can be. */
  get mends(): boolean {
    return this.#isLenient && this.hasCommand && !this.rule.handshake;
  }

  /** Whether this frame is read, whatever is wrong with it: it says why the peer gives up. */
  get isAlwaysRead(): boolean {
    return this.mends && this.rule.command === "ERROR";
  }

  /** Where the line begins that the walk has come to. */
  get lineStart(): number {
    return this.#lineStart;
  }

  /** Ends the head where the stream or a NUL has ended it, `length` octets behind its beginning. */
  cutShort(length: number): void {
    if (length > this.#lineStart) this.#endLine(length, this.#colon);
    this.scanned = length;
    this.contentLength = undefined;
  }

  /**
   * Reads on. Returns whether the head is complete; `scanned` is its length
   * then.
   *
   * @throws {FrameError} if it is not the head of a frame.
   */
  read(): boolean {
    return (this.hasCommand || this.#readCommand()) && this.#readHeaders();
  }

  /** Hands out the headers of a complete head. */
  takeHeaders(): LazyHeaders {
    const { bytes, at } = this.#octets;
    const headers = new LazyHeaders(
      bytes,
      at,
      this.#marks,
      this.#firstMark,
      this.#headers,
      !this.#escapes ? "raw" : this.mends ? "lenient" : this.#escaping,
      this.flaws.list,
    );
    this.#firstMark += this.#headers * MARKS_PER_HEADER;
    return headers;
  }

  #readCommand(): boolean {
    const { bytes, at, end } = this.#octets;
    let letter = COMMAND_TRIE.get(this.version)!;
    for (let i = at; i < end; i++) {
      const octet = bytes[i]!;
      const next = letter.next.get(octet);
      if (next !== undefined) {
        letter = next;
        continue;
      }
      let eol = i;
      if (octet === CR && this.crlf && letter.rule !== undefined) {
        if (++eol === end) return false;
      }
      if (bytes[eol] !== LF || letter.rule === undefined) {
        throw new FrameError(
          describeNotStomp(bytes.slice(at, eol + 1), this.version),
        );
      }
      this.rule = letter.rule;
      this.#escaping = escapingOf(letter.rule, this.version, this.escapedIn10);
      this.scanned = this.#lineStart = eol + 1 - at;
      this.hasCommand = true;
      return true;
    }
    return false;
  }

  /** Walks over the header lines, looking at each octet once. */
  #readHeaders(): boolean {
    const { bytes, at } = this.#octets;
    const end = Math.min(this.#octets.end, at + this.#limits.maxHeaderBytes);
    let i = at + this.scanned;
    let colon = this.#colon;
    for (;;) {
      if (colon < 0) {
        while (i < end && bytes[i] !== COLON && SPECIAL[bytes[i]!] === 0) i++;
        if (i < end && bytes[i] === COLON) {
          colon = i - at;
          if (colon === this.#lineStart) this.#flaw("an empty name");
          i++;
        }
      }
      if (colon >= 0) { while (i < end && SPECIAL[bytes[i]!] === 0) i++; }
      if (i >= end) break;
      let next = i + 1;
      switch (bytes[i]) {
        case CR:
          if (!this.crlf) break;
          if (next === end) return this.#pauseHead(i, colon);
          if (bytes[next] !== LF) {
            if (this.#escaping !== "lenient") this.#flaw("a bare CR");
            break;
          }
          next++;
          // falls through: CR LF ends the line as LF does
        case LF:
          if (i - at === this.#lineStart) {
            this.scanned = next - at;
            return true;
          }
          if (this.#headers === this.#limits.maxHeaderCount) {
            this.#exceed(
              `this ${this.rule.command} frame has more than the limit of ` +
                `${this.#limits.maxHeaderCount} headers; maxHeaderCount raises it`,
            );
            return false;
          }
          this.#endLine(i - at, colon);
          this.#lineStart = next - at;
          colon = -1;
          break;
        case BACKSLASH:
          if (this.#escaping === "raw") break;
          if (next === end) return this.#pauseHead(i, colon);
          if (isEscape(bytes[next]!, this.#escaping)) {
            this.#escapes = true;
            next++;
          } else if (this.#escaping !== "lenient") {
            this.#flaw(
              `an escape that STOMP ${this.version ?? "1.2"} does not have, ` +
                `a backslash before ${showOctet(bytes[next]!)}`,
            );
            // RabbitMQ writes the CR of 1.2 in 1.1, too.
            if (bytes[next] === LETTER_R) this.#escapes = true;
          }
          break;
        case 0:
          if (!this.isAlwaysRead) this.#failLine("a NUL");
          this.#flaw("a NUL");
          this.#colon = colon;
          this.cutShort(i - at);
          return true;
        default: {
          const length = sequenceLength(bytes, i, end);
          if (length < 0) this.#flaw("octets that are not UTF-8");
          if (length === 0) return this.#pauseHead(i, colon);
          next = i + Math.max(length, 1);
        }
      }
      i = next;
    }
    return this.#pauseHead(i, colon);
  }

  /** Keeps the place in the head until more octets come. */
  #pauseHead(position: number, colon: number): false {
    const { at, end } = this.#octets;
    if (end - at >= this.#limits.maxHeaderBytes) {
      this.#exceed(
        `the head of this ${this.rule.command} frame is over the limit of ` +
          `${this.#limits.maxHeaderBytes} octets; maxHeaderBytes raises it`,
      );
    }
    this.scanned = position - at;
    this.#colon = colon;
    return false;
  }

  /** Notes where a header is. Positions count from the frame's beginning. */
  #endLine(valueEnd: number, colon: number): void {
    if (colon < 0) this.#flaw("no colon");
    if (this.flaws.isInLine) this.#mendLine(valueEnd, colon);
    if (colon < 0) {
      this.#lines++;
      return;
    }
    let mark = this.#firstMark + this.#headers * MARKS_PER_HEADER;
    if (mark + MARKS_PER_HEADER > this.#marks.length) mark = this.#moveMarks();
    this.#marks[mark] = this.#lineStart;
    this.#marks[mark + 1] = colon;
    this.#marks[mark + 2] = valueEnd;
    if (
      colon - this.#lineStart === CONTENT_LENGTH.length &&
      this.contentLength === undefined
    ) {
      this.#readContentLength(colon, valueEnd);
    }
    this.#headers++;
    this.#lines++;
  }

  /**
   * The frames that were handed out keep the full array of marks; this frame
   * takes its own along into a new one.
   */
  #moveMarks(): number {
    const kept = this.#marks.subarray(this.#firstMark);
    const length = this.#headers * MARKS_PER_HEADER;
    this.#marks = new Int32Array(Math.max(SLAB, 2 * kept.length));
    this.#marks.set(kept.subarray(0, length));
    this.#firstMark = 0;
    return length;
  }

  #readContentLength(colon: number, valueEnd: number): void {
    const { bytes, at } = this.#octets;
    for (let i = 0; i < CONTENT_LENGTH.length; i++) {
      if (bytes[at + this.#lineStart + i] !== CONTENT_LENGTH.charCodeAt(i)) {
        return;
      }
    }
    let length = 0;
    for (let i = at + colon + 1; i < at + valueEnd; i++) {
      const digit = bytes[i]! - 0x30;
      if (digit < 0 || digit > 9) {
        return this.#missLength("with something other than digits", colon);
      }
      length = length * 10 + digit;
    }
    if (valueEnd === colon + 1) {
      return this.#missLength("without a value", colon);
    }
    this.contentLength = length;
  }

  /** Without its length the frame has no certain end; an ERROR ends at the next NUL. */
  #missLength(what: string, colon: number): void {
    const flaw = `content-length ${what}`;
    if (!this.isAlwaysRead) this.#failLine(flaw);
    this.#flaw(flaw);
    this.#mendLine(colon, colon);
  }

  /** What is wrong with a line is fatal, or noted, the first of it only. */
  #flaw(what: string): void {
    if (!this.mends) this.#failLine(what);
    this.flaws.note(what);
  }

  /**
   * The line is over, and something was wrong with it. Without a colon it goes on
   * with the value before it: a broker that has no escapes has written an LF.
   */
  #mendLine(valueEnd: number, colon: number): void {
    const { bytes, at } = this.#octets;
    let [start, end] = [this.#lineStart, colon];
    if (colon < 0 && this.#headers > 0) {
      const before = this.#firstMark + (this.#headers - 1) * MARKS_PER_HEADER;
      [start, end] = [this.#marks[before]!, this.#marks[before + 1]!];
      this.#marks[before + 2] = valueEnd;
    }
    const name = bytes.subarray(at + start, at + Math.max(start, end));
    this.flaws.endLine(this.#lines + 1, name);
  }

  #exceed(what: string): void {
    if (!this.mends) refuse(what);
    this.excess = what;
  }

  #failLine(what: string): never {
    refuse(
      `header line ${this.#lines + 1} of this ${this.rule.command} frame ` +
        `has ${what}`,
    );
  }
}

/** Says what is wrong with the octets. */
export function refuse(what: string): never {
  throw new FrameError(`Cannot decode frame: ${what}.`);
}
