import { quoted, UsageError } from "../errors.ts";
import { bodyText, type Frame, headerTexts } from "./frame.ts";
import {
  escapeLetter,
  isPlain,
  type Place,
  refuse,
  shown,
  SPECIAL_NAMES,
} from "./escaping.ts";
import { checkEncoding, type EncodeOptions } from "./encode_options.ts";
import { COMMANDS, mayCarryBody } from "./grammar.ts";

/**
 * Turns a frame into octets. The frame is checked before: whatever comes out
 * of this decodes to the same frame.
 *
 * @throws {UsageError} if the version cannot express the frame. Nothing is
 * ever changed silently, and no header can smuggle in another line.
 *
 * @example
 * ```ts
 * import { encodeFrame, Frame } from "@stompest/core/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const octets = encodeFrame(new Frame("ACK", { id: "a:1" }));
 * assertEquals(new TextDecoder().decode(octets), "ACK\nid:a\\c1\n\n\0");
 * ```
 */
export function encodeFrame(
  frame: Frame,
  options: EncodeOptions = {},
): Uint8Array {
  const buffer = new FrameBuffer(frameLength(frame));
  buffer.append(frame, options);
  return buffer.take();
}

const CONTENT_LENGTH = "content-length";

/** Up to this many characters, a loop is faster than a call of `encodeInto`. */
const SHORT = 64;

const NO_ROOM = new Uint8Array(0);
const RULES = new Map(COMMANDS.map((rule) => [rule.command, rule]));
const TO_UTF8 = new TextEncoder();
const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** Character codes that cannot simply be written as one octet. */
const SPECIAL = new Uint8Array(128);
for (const code of [0, LF, CR, COLON, BACKSLASH]) SPECIAL[code] = 1;

/**
 * Encodes many frames, one behind the other, to leave in one write. What it
 * hands over is cut from slabs of its own, which costs far less than an array
 * for each: do not transfer those buffers. {@linkcode encodeFrame} makes an
 * array that shares nothing.
 *
 * @example
 * ```ts
 * import { Frame, FrameBuffer } from "@stompest/core/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const buffer = new FrameBuffer();
 * for (const id of ["1", "2"]) buffer.append(new Frame("ACK", { id }));
 * assertEquals(
 *   new TextDecoder().decode(buffer.take()),
 *   "ACK\nid:1\n\n\0ACK\nid:2\n\n\0",
 * );
 * assertEquals(buffer.length, 0);
 * ```
 */
export class FrameBuffer {
  readonly #slab: number;
  /** The next slab may be so large: a buffer that is hardly used stays small. */
  #nextSlab = 4 * 1024;
  readonly #passOn: number;
  /** Heads that are larger get their room nevertheless. */
  readonly #usualHead: number;
  /** What is waiting before `#start`: heads, and bodies that are passed on. */
  #pieces: Uint8Array[] = [];
  #piecesLength = 0;
  #bytes: Uint8Array = NO_ROOM;
  /** Where what is waiting begins, and where it ends. */
  #start = 0;
  #end = 0;

  /**
   * Takes slabs of this many octets, or larger ones for larger frames. Bodies
   * from `passOn` octets on are not copied but handed on as they are: they must
   * not change until they have been written.
   */
  constructor(slab: number = 64 * 1024, passOn: number = Infinity) {
    this.#slab = slab;
    this.#usualHead = slab / 64;
    this.#passOn = passOn;
  }

  /** How many octets are waiting. */
  get length(): number {
    return this.#piecesLength + this.#end - this.#start;
  }

  /**
   * Adds a frame, or throws and adds nothing.
   *
   * @throws {UsageError} if the version cannot express the frame.
   */
  append(frame: Frame, options: EncodeOptions = {}): void {
    this.#makeWay(frame);
    const before = this.#end - this.#start;
    try {
      this.#append(frame, options);
    } catch (error) {
      this.#end = this.#start + before;
      throw error;
    }
  }

  /** Adds the EOL that is a heart-beat. */
  appendHeartBeat(): void {
    this.#appendOctet(LF);
  }

  /** Hands over what is waiting, as one array. It is never written to again. */
  take(): Uint8Array {
    if (this.#pieces.length === 0) return this.#cut();
    const { length } = this;
    const octets = new Uint8Array(length);
    let at = 0;
    for (const piece of this.takePieces()) {
      octets.set(piece, at);
      at += piece.length;
    }
    return octets;
  }

  /** The same in pieces, none of which is copied. */
  takePieces(): Uint8Array[] {
    const pieces = this.#pieces;
    if (this.#end > this.#start) pieces.push(this.#cut());
    this.#pieces = [];
    this.#piecesLength = 0;
    return pieces;
  }

  #cut(): Uint8Array {
    const bytes = this.#start === 0 && this.#end === this.#bytes.length
      ? this.#bytes
      : this.#bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    // What comes behind would keep an array for a large frame alive.
    if (this.#bytes.length > this.#slab) {
      this.#bytes = NO_ROOM;
      this.#start = this.#end = 0;
    }
    return bytes;
  }

  #append(frame: Frame, options: EncodeOptions): void {
    const { version = "1.2", contentLength = true, escapesIn10 = "none" } =
      options;
    checkEncoding(version, contentLength);
    const { command } = frame;
    const rule = RULES.get(command);
    if (rule === undefined || rule.since > version) {
      throw new UsageError(
        `Cannot encode frame: STOMP ${version} has no command ${
          quoted(command)
        }.`,
      );
    }
    const text = bodyText(frame);
    const hasBody = (text ?? frame.body).length > 0;
    if (hasBody && !mayCarryBody(rule, version)) {
      throw new UsageError(
        `Cannot encode frame: a ${command} frame cannot have a body in STOMP ` +
          `${version}; put it into a SEND.`,
      );
    }
    const texts = headerTexts(frame);
    this.#reserve(headLength(command, texts));
    this.#appendPlain(command);
    this.#appendOctet(LF);
    for (let i = 0; i < texts.length; i += 2) {
      const name = texts[i]!;
      const value = texts[i + 1]!;
      if (name === "") {
        throw new UsageError(
          `Cannot encode frame: a header of this ${command} frame has an ` +
            `empty name; its value is ${shown(name, value)}.`,
        );
      }
      if (!this.#appendPlain(name)) {
        this.#appendEscaped(name, {
          header: name,
          isName: true,
          rule,
          version,
          escapesIn10,
        });
      }
      this.#appendOctet(COLON);
      if (!this.#appendPlain(value)) {
        this.#appendEscaped(value, {
          header: name,
          isName: false,
          rule,
          version,
          escapesIn10,
        });
      }
      this.#appendOctet(LF);
    }
    const length = {
      announced: announcedLength(texts),
      isWanted: contentLength,
    };
    // Most text is ASCII, whose length is known without encoding it.
    if (text === undefined || !this.#appendAscii(text, length)) {
      this.#appendBody(frame.body, length);
    }
    this.#appendOctet(0);
  }

  /** Writes a body that is ASCII text, or says that it is not. */
  #appendAscii(text: string, length: ContentLength): boolean {
    if (length.announced !== undefined) return false;
    const count = text.length;
    const before = this.#end - this.#start;
    this.#appendContentLength(count, length);
    this.#reserve(count + 1);
    if (this.#appendAsciiOctets(text, length.isWanted)) return true;
    this.#end = this.#start + before;
    return false;
  }

  #appendAsciiOctets(text: string, mayHoldNul: boolean): boolean {
    const count = text.length;
    const bytes = this.#bytes;
    let end = this.#end;
    if (count > SHORT) {
      const room = bytes.subarray(end, end + count);
      const { read, written } = TO_UTF8.encodeInto(text, room);
      this.#end = end + written;
      return read === count && written === count &&
        (mayHoldNul || !room.includes(0));
    }
    for (let i = 0; i < count; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f || code === 0 && !mayHoldNul) return false;
      bytes[end++] = code;
    }
    this.#end = end;
    return true;
  }

  #appendBody(body: Uint8Array, length: ContentLength): void {
    if (
      !length.isWanted && length.announced === undefined && body.includes(0)
    ) {
      throw new UsageError(
        "Cannot encode frame: a body that holds NUL needs a content-length; " +
          "do not turn it off.",
      );
    }
    this.#appendContentLength(body.length, length);
    if (body.length === 0) return;
    if (body.length >= this.#passOn) {
      const head = this.#cut();
      this.#pieces.push(head, body);
      this.#piecesLength += head.length + body.length;
      return;
    }
    this.#reserve(body.length + 1);
    this.#bytes.set(body, this.#end);
    this.#end += body.length;
  }

  /** Ends the head, with the content-length that it may lack. */
  #appendContentLength(
    length: number,
    { announced, isWanted }: ContentLength,
  ): void {
    if (announced === undefined) {
      if (isWanted && length > 0) {
        this.#appendPlain(CONTENT_LENGTH);
        this.#appendOctet(COLON);
        this.#appendPlain(String(length));
        this.#appendOctet(LF);
      }
    } else if (!/^[0-9]+$/.test(announced) || Number(announced) !== length) {
      throw new UsageError(
        `Cannot encode frame: its content-length is ${quoted(announced)}, ` +
          `but its body has ${length} octets; leave the header out, it is set ` +
          "automatically.",
      );
    }
    this.#appendOctet(LF);
  }

  /** Writes a text that needs no escapes, or says that it does. */
  #appendPlain(text: string): boolean {
    const count = text.length;
    let end = this.#end;
    if (end + count > this.#bytes.length) {
      this.#reserve(count);
      end = this.#end;
    }
    const bytes = this.#bytes;
    for (let i = 0; i < count; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f || SPECIAL[code] !== 0) return false;
      bytes[end++] = code;
    }
    this.#end = end;
    return true;
  }

  #appendOctet(octet: number): void {
    if (this.#end === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#end++] = octet;
  }

  #appendEscaped(text: string, place: Place): void {
    if (!text.isWellFormed()) refuse("half a surrogate pair", text, place);
    for (const character of text) {
      const code = character.charCodeAt(0);
      const letter = escapeLetter(code, place);
      if (letter !== undefined) {
        this.#appendOctet(BACKSLASH);
        this.#appendOctet(letter);
      } else if (code < 0x80 && SPECIAL[code] === 1 && !isPlain(code, place)) {
        refuse(SPECIAL_NAMES.get(code)!, text, place);
      } else if (code < 0x80) {
        this.#appendOctet(code);
      } else {
        for (const octet of TO_UTF8.encode(character)) this.#appendOctet(octet);
      }
    }
  }

  /**
   * Where a frame may not fit behind what is waiting, that is put aside, and not
   * moved along: a burst would else be moved again and again.
   */
  #makeWay(frame: Frame): void {
    const waiting = this.#end - this.#start;
    const room = this.#bytes.length - this.#end - this.#usualHead;
    if (waiting === 0 || (bodyText(frame) ?? frame.body).length <= room) return;
    this.#pieces.push(this.#cut());
    this.#piecesLength += waiting;
  }

  /** Makes room. What is waiting moves along; what was taken stays. */
  #reserve(count: number): void {
    if (this.#end + count <= this.#bytes.length) return;
    const length = this.#end - this.#start;
    const slab = Math.min(this.#slab, this.#nextSlab);
    this.#nextSlab = 4 * slab;
    const bytes = new Uint8Array(Math.max(length + count, slab, 2 * length));
    if (length > 0) bytes.set(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = bytes;
    this.#start = 0;
    this.#end = length;
  }
}

/** What is to be said of a body's length. */
interface ContentLength {
  /** The caller's own content-length header. */
  readonly announced: string | undefined;
  /** Whether there is to be one. */
  readonly isWanted: boolean;
}

function announcedLength(texts: readonly string[]): string | undefined {
  for (let i = 0; i < texts.length; i += 2) {
    if (texts[i] === CONTENT_LENGTH) return texts[i + 1];
  }
}

/** How many octets a head takes, if it is ASCII without escapes. */
function headLength(command: string, texts: readonly string[]): number {
  let length = command.length + texts.length + 2;
  for (const text of texts) length += text.length;
  return length;
}

/** The same for a whole frame. */
function frameLength(frame: Frame): number {
  const head = headLength(frame.command, headerTexts(frame));
  const body = bodyText(frame)?.length ?? frame.body.length;
  return body === 0
    ? head + 1
    : head + CONTENT_LENGTH.length + String(body).length + 2 + body + 1;
}
