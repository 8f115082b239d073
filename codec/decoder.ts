import { FrameError, quoted, UsageError } from "../errors.ts";
import { Frame } from "./frame.ts";
import { describeGarbage, showOctet } from "./garbage.ts";
import {
  acceptsCrLf,
  type CommandRule,
  COMMANDS,
  commandsOf,
  type Escaping,
  escapingOf,
  isEscape,
  isVersion,
  mayCarryBody,
  type Version,
  VERSIONS,
} from "./grammar.ts";
import { type FrameLimits, resolveLimits } from "./limits.ts";
import { Octets } from "./octets.ts";
import { sequenceLength } from "./utf8.ts";
import { MARKS_PER_HEADER, WireHeaders } from "./wire_headers.ts";

/** Options of {@linkcode FrameDecoder} and its stream. */
export interface FrameDecoderOptions {
  /**
   * The version that the octets are written in. Leave it out to begin before
   * negotiation: the decoder then adopts the version of the first CONNECTED.
   */
  version?: Version | undefined;
  /** How large a frame may be; see {@linkcode FrameLimits}. */
  limits?: Partial<FrameLimits> | undefined;
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

const CONTENT_LENGTH = "content-length";

/** Room for the marks of about 75 frames. Frames that are kept keep theirs. */
const SLAB = 2048;

/** Octets that end the fast walk over a header line. */
const SPECIAL = new Uint8Array(256).fill(1, 0x80);
for (const octet of [0, LF, CR, BACKSLASH]) SPECIAL[octet] = 1;

/** Where in a frame the decoder stands when it runs out of octets. */
type Phase = "between" | "command" | "header" | "body";

/** One letter of the commands of a version. */
interface Letter {
  readonly next: Map<number, Letter>;
  rule: CommandRule | undefined;
}

function spell(commands: readonly CommandRule[]): Letter {
  const root: Letter = { next: new Map(), rule: undefined };
  for (const rule of commands) {
    let letter = root;
    for (const character of rule.command) {
      const octet = character.charCodeAt(0);
      let next = letter.next.get(octet);
      if (next === undefined) {
        next = { next: new Map(), rule: undefined };
        letter.next.set(octet, next);
      }
      letter = next;
    }
    letter.rule = rule;
  }
  return root;
}

const SPELLING = new Map<Version | undefined, Letter>(
  [undefined, ...VERSIONS].map((version) => [
    version,
    spell(commandsOf(version)),
  ]),
);

/**
 * Turns octets into frames, synchronously and piece by piece: push what has
 * arrived, then iterate the frames that are complete.
 *
 * It is strict, because STOMP has no way to recover from a malformed frame:
 * whatever the specification calls fatal is raised when the frame is decoded.
 * Frames that were complete before the bad octet come first. From then on the
 * decoder is dead and raises the same error again.
 *
 * The work is linear in the input, however it is cut into pieces.
 *
 * @example
 * ```ts
 * import { FrameDecoder } from "@stompest/core/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const decoder = new FrameDecoder({ version: "1.2" });
 * decoder.push(new TextEncoder().encode("RECEIPT\nreceipt-id:7\n\n\0"));
 * const [frame] = decoder;
 * assertEquals(frame?.headers.get("receipt-id"), "7");
 * decoder.end();
 * ```
 */
export class FrameDecoder implements Iterable<Frame> {
  readonly #limits: FrameLimits;
  readonly #octets = new Octets();
  #version: Version | undefined;
  #crlf = true;
  #letters: Letter;

  #phase: Phase = "between";
  /** The next octet to look at, counted from the beginning of the frame. */
  #scanned = 0;
  #rule: CommandRule = COMMANDS[0]!;
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
  #contentLength: number | undefined;
  #bodyStart = 0;

  #failure: FrameError | undefined;
  readonly #ready: Frame[] = [];

  /**
   * Begins before the first frame.
   *
   * @throws {UsageError} if the version or a limit is not one.
   */
  constructor(options: FrameDecoderOptions = {}) {
    this.#limits = resolveLimits(options.limits);
    this.#letters = SPELLING.get(undefined)!;
    this.version = options.version;
    this.#crlf = acceptsCrLf(options.version);
  }

  /**
   * The version whose rules hold for the next frame; `undefined` before
   * negotiation. A server sets it between two frames. On the client's side it
   * sets itself when a CONNECTED passes.
   */
  get version(): Version | undefined {
    return this.#version;
  }

  set version(version: Version | undefined) {
    if (version !== undefined && !isVersion(version)) {
      throw new UsageError(
        `${
          quoted(version)
        } is not a version of STOMP: use "1.0", "1.1" or "1.2".`,
      );
    }
    this.#version = version;
    this.#letters = SPELLING.get(version)!;
  }

  /**
   * Takes a piece of the stream. The decoder keeps views on it: it must not be
   * written to again. Content never makes this throw; errors come from the
   * iteration, behind the frames that were complete before them.
   */
  push(chunk: Uint8Array): void {
    if (!(chunk instanceof Uint8Array)) {
      throw new UsageError(
        `A decoder takes a Uint8Array, not ${quoted(chunk)}.`,
      );
    }
    if (this.#failure === undefined) this.#octets.push(chunk);
  }

  /**
   * The frames that are complete by now, each handed out once. Each frame is
   * decoded when it is asked for.
   *
   * @throws {FrameError} behind the last good frame, if the octets are wrong.
   */
  [Symbol.iterator](): Iterator<Frame> {
    return {
      next: (): IteratorResult<Frame> => {
        const value = this.#ready.shift() ?? this.#decode();
        return value === undefined
          ? { done: true, value }
          : { done: false, value };
      },
    };
  }

  /**
   * Says that nothing follows.
   *
   * @throws {FrameError} if the stream stopped inside a frame, or was wrong
   * before. Frames that nobody has asked for yet can still be iterated.
   */
  end(): void {
    let frame = this.#decode();
    for (; frame !== undefined; frame = this.#decode()) this.#ready.push(frame);
    if (this.#phase === "between") {
      if (this.#scanned > 0) this.#fail("the stream ended with a bare CR");
      return;
    }
    const what = this.#phase === "command" ? "" : `${this.#rule.command} `;
    this.#fail(
      `the stream ended inside a ${what}frame, ${
        this.#octets.end - this.#octets.at
      } octets after its beginning`,
    );
  }

  #decode(): Frame | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    for (;;) {
      const frame = this.#step();
      if (frame !== undefined) return frame;
      if (!this.#octets.more(this.#frameLength())) return undefined;
    }
  }

  /** Goes as far as the octets that are here allow. */
  #step(): Frame | undefined {
    if (this.#phase === "between" && !this.#skipEols()) return;
    if (this.#phase === "command" && !this.#readCommand()) return;
    if (this.#phase === "header" && !this.#readHeaders()) return;
    return this.#readBody();
  }

  /** The length of the current frame, as soon as its head has told it. */
  #frameLength(): number | undefined {
    return this.#phase === "body" && this.#contentLength !== undefined
      ? this.#bodyStart + this.#contentLength + 1
      : undefined;
  }

  /**
   * Passes the EOLs behind a frame. They are part of it (STOMP 1.2, "Augmented
   * BNF"), so it is its version that says what an EOL is.
   */
  #skipEols(): boolean {
    const { bytes, end } = this.#octets;
    let i = this.#octets.at;
    while (i < end) {
      if (bytes[i] === LF) i++;
      else if (bytes[i] === CR && this.#crlf) {
        if (i + 1 === end) break;
        if (bytes[i + 1] !== LF) this.#fail("a bare CR between two frames");
        i += 2;
      } else {
        this.#octets.advance(i);
        this.#begin();
        return true;
      }
    }
    // A CR at the end of what is here waits for its LF inside the window.
    this.#scanned = end - i;
    this.#octets.advance(i);
    return false;
  }

  #begin(): void {
    this.#phase = "command";
    this.#scanned = 0;
    this.#crlf = acceptsCrLf(this.#version);
    this.#escapes = false;
    this.#headers = 0;
    this.#colon = -1;
    this.#contentLength = undefined;
  }

  #readCommand(): boolean {
    const { bytes, at, end } = this.#octets;
    let letter = this.#letters;
    for (let i = at; i < end; i++) {
      const octet = bytes[i]!;
      const next = letter.next.get(octet);
      if (next !== undefined) {
        letter = next;
        continue;
      }
      let eol = i;
      if (octet === CR && this.#crlf && letter.rule !== undefined) {
        if (++eol === end) return false;
      }
      if (bytes[eol] !== LF || letter.rule === undefined) {
        this.#die(
          describeGarbage(bytes.slice(at, eol + 1), this.#version),
        );
      }
      this.#rule = letter.rule;
      this.#escaping = escapingOf(letter.rule, this.#version);
      this.#scanned = this.#lineStart = eol + 1 - at;
      this.#phase = "header";
      return true;
    }
    return false;
  }

  /** Walks over the header lines, looking at each octet once. */
  #readHeaders(): boolean {
    const { bytes, at } = this.#octets;
    const end = Math.min(this.#octets.end, at + this.#limits.maxHeaderBytes);
    let i = at + this.#scanned;
    let colon = this.#colon;
    for (;;) {
      if (colon < 0) {
        while (i < end && bytes[i] !== COLON && SPECIAL[bytes[i]!] === 0) i++;
        if (i < end && bytes[i] === COLON) {
          colon = i - at;
          if (colon === this.#lineStart) this.#failLine("an empty name");
          i++;
        }
      }
      if (colon >= 0) { while (i < end && SPECIAL[bytes[i]!] === 0) i++; }
      if (i >= end) break;
      let next = i + 1;
      switch (bytes[i]) {
        case CR:
          if (!this.#crlf) break;
          if (next === end) return this.#pauseHead(i, colon);
          if (bytes[next] !== LF) {
            if (this.#escaping === "lenient") break;
            this.#failLine("a bare CR");
          }
          next++;
          // falls through: CR LF ends the line as LF does
        case LF:
          if (i - at === this.#lineStart) return this.#endHead(next - at);
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
            this.#failLine(
              `an escape that STOMP ${this.#version ?? "1.2"} does not have, ` +
                `a backslash before ${showOctet(bytes[next]!)}`,
            );
          }
          break;
        case 0:
          this.#failLine("a NUL");
          break;
        default: {
          const length = sequenceLength(bytes, i, end);
          if (length < 0) this.#failLine("octets that are not UTF-8");
          if (length === 0) return this.#pauseHead(i, colon);
          next = i + length;
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
      this.#fail(
        `the head of this ${this.#rule.command} frame is over the limit of ` +
          `${this.#limits.maxHeaderBytes} octets; maxHeaderBytes raises it`,
      );
    }
    this.#scanned = position - at;
    this.#colon = colon;
    return false;
  }

  /** Notes where a header is. Positions count from the frame's beginning. */
  #endLine(valueEnd: number, colon: number): void {
    if (colon < 0) this.#failLine("no colon");
    if (this.#headers === this.#limits.maxHeaderCount) {
      this.#fail(
        `this ${this.#rule.command} frame has more than the limit of ` +
          `${this.#limits.maxHeaderCount} headers; maxHeaderCount raises it`,
      );
    }
    let mark = this.#firstMark + this.#headers * MARKS_PER_HEADER;
    if (mark + MARKS_PER_HEADER > this.#marks.length) mark = this.#moveMarks();
    this.#marks[mark] = this.#lineStart;
    this.#marks[mark + 1] = colon;
    this.#marks[mark + 2] = valueEnd;
    if (
      colon - this.#lineStart === CONTENT_LENGTH.length &&
      this.#contentLength === undefined
    ) {
      this.#readContentLength(colon, valueEnd);
    }
    this.#headers++;
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
        this.#failLine("content-length with something other than digits");
      }
      length = length * 10 + digit;
    }
    if (valueEnd === colon + 1) {
      this.#failLine("content-length without a value");
    }
    this.#contentLength = length;
  }

  #endHead(bodyStart: number): true {
    this.#bodyStart = this.#scanned = bodyStart;
    this.#phase = "body";
    const length = this.#contentLength ?? 0;
    if (length > 0 && !mayCarryBody(this.#rule, this.#version)) {
      this.#failBody();
    }
    if (length > this.#limits.maxBodyBytes) this.#failSize();
    return true;
  }

  #readBody(): Frame | undefined {
    const { bytes, at, end } = this.#octets;
    const bodyStart = at + this.#bodyStart;
    let bodyEnd: number;
    if (this.#contentLength !== undefined) {
      bodyEnd = bodyStart + this.#contentLength;
      if (bodyEnd >= end) return;
      if (bytes[bodyEnd] !== 0) {
        this.#fail(
          `the octet behind the body of this ${this.#rule.command} frame is ` +
            `${showOctet(bytes[bodyEnd]!)}, not NUL, so its content-length ` +
            `of ${this.#contentLength} is wrong`,
        );
      }
    } else {
      bodyEnd = bytes.indexOf(0, at + this.#scanned);
      const found = bodyEnd >= 0 && bodyEnd < end;
      if (!found) bodyEnd = end;
      if (bodyEnd > bodyStart && !mayCarryBody(this.#rule, this.#version)) {
        this.#failBody();
      }
      if (bodyEnd - bodyStart > this.#limits.maxBodyBytes) this.#failSize();
      if (!found) {
        this.#scanned = end - at;
        return;
      }
    }
    return this.#finish(bodyStart, bodyEnd);
  }

  #finish(bodyStart: number, bodyEnd: number): Frame {
    const { bytes, at } = this.#octets;
    const headers = new WireHeaders(
      bytes,
      at,
      this.#marks,
      this.#firstMark,
      this.#headers,
      this.#escapes ? this.#escaping : "raw",
    );
    const frame = new Frame(
      this.#rule.command,
      headers,
      bodyEnd > bodyStart ? bytes.subarray(bodyStart, bodyEnd) : undefined,
    );
    this.#firstMark += this.#headers * MARKS_PER_HEADER;
    this.#phase = "between";
    this.#scanned = 0;
    this.#octets.advance(bodyEnd + 1);
    if (this.#version === undefined && this.#rule.command === "CONNECTED") {
      const version = headers.get("version") ?? "1.0";
      if (isVersion(version)) this.version = version;
    }
    return frame;
  }

  #failBody(): never {
    this.#fail(
      `a ${this.#rule.command} frame cannot have a body in STOMP ${
        this.#version ?? "1.2"
      }`,
    );
  }

  #failSize(): never {
    this.#fail(
      `the body of this ${this.#rule.command} frame is over the limit of ` +
        `${this.#limits.maxBodyBytes} octets; maxBodyBytes raises it`,
    );
  }

  #failLine(what: string): never {
    this.#fail(
      `header line ${this.#headers + 1} of this ${this.#rule.command} frame ` +
        `has ${what}`,
    );
  }

  #fail(what: string): never {
    this.#die(`Cannot decode frame: ${what}.`);
  }

  #die(message: string): never {
    this.#failure = new FrameError(message);
    throw this.#failure;
  }
}
