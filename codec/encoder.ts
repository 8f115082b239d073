import { quoted, UsageError } from "../errors.ts";
import { type Frame, headerTexts } from "./frame.ts";
import {
  type CommandRule,
  COMMANDS,
  mayCarryBody,
  type Version,
} from "./grammar.ts";

/** Options of {@linkcode encodeFrame}. */
export interface EncodeOptions {
  /**
   * The version to write in.
   *
   * @default {"1.2"}
   */
  version?: Version | undefined;
  /**
   * Whether a body is preceded by its `content-length`. ActiveMQ makes a bytes
   * message of a frame that has one, and a text message of a frame that has
   * none. Without it the body cannot hold NUL.
   *
   * @default {true}
   */
  contentLength?: boolean | undefined;
}

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
  const buffer = new FrameBuffer(0);
  buffer.append(frame, options);
  return buffer.take();
}

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

/** Frames encoded one behind the other, to leave in one write. */
export class FrameBuffer {
  #bytes: Uint8Array = NO_ROOM;
  #length = 0;
  readonly #room: number;

  /** Makes room for this many octets at first; it grows as needed. */
  constructor(room: number) {
    this.#room = room;
  }

  /** How many octets are waiting. */
  get length(): number {
    return this.#length;
  }

  /**
   * Adds a frame, or throws and adds nothing.
   *
   * @throws {UsageError} if the version cannot express the frame.
   */
  append(frame: Frame, options: EncodeOptions = {}): void {
    const before = this.#length;
    try {
      this.#append(frame, options);
    } catch (error) {
      this.#length = before;
      throw error;
    }
  }

  /** Adds the EOL that is a heart-beat. */
  appendHeartBeat(): void {
    this.#appendOctet(LF);
  }

  /** Hands over what is waiting; the buffer begins anew. */
  take(): Uint8Array {
    const bytes = this.#bytes;
    const length = this.#length;
    this.#bytes = NO_ROOM;
    this.#length = 0;
    return length === bytes.length ? bytes : bytes.subarray(0, length);
  }

  #append(frame: Frame, options: EncodeOptions): void {
    const { version = "1.2" } = options;
    const { command, body } = frame;
    const rule = RULES.get(command);
    if (rule === undefined || rule.since > version) {
      throw new UsageError(
        `Cannot encode frame: STOMP ${version} has no command ${
          quoted(command)
        }.`,
      );
    }
    if (body.length > 0 && !mayCarryBody(rule, version)) {
      throw new UsageError(
        `Cannot encode frame: a ${command} frame cannot have a body in STOMP ` +
          `${version}; put it into a SEND.`,
      );
    }
    const texts = headerTexts(frame);
    this.#reserve(estimate(frame, texts));
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
        });
      }
      this.#appendOctet(COLON);
      if (!this.#appendPlain(value)) {
        this.#appendEscaped(value, {
          header: name,
          isName: false,
          rule,
          version,
        });
      }
      this.#appendOctet(LF);
    }
    if (needsContentLength(texts, body, options.contentLength ?? true)) {
      this.#appendPlain("content-length");
      this.#appendOctet(COLON);
      this.#appendPlain(String(body.length));
      this.#appendOctet(LF);
    }
    this.#appendOctet(LF);
    if (body.length > 0) this.#appendBody(body);
    this.#appendOctet(0);
  }

  /** Writes a text that needs no escapes, or says that it does. */
  #appendPlain(text: string): boolean {
    const count = text.length;
    let length = this.#length;
    if (length + count > this.#bytes.length) this.#reserve(count);
    const bytes = this.#bytes;
    for (let i = 0; i < count; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f || SPECIAL[code] !== 0) return false;
      bytes[length++] = code;
    }
    this.#length = length;
    return true;
  }

  #appendOctet(octet: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = octet;
  }

  #appendBody(body: Uint8Array): void {
    this.#reserve(body.length);
    this.#bytes.set(body, this.#length);
    this.#length += body.length;
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
        refuse(NAMES.get(code)!, text, place);
      } else {
        for (const octet of TO_UTF8.encode(character)) this.#appendOctet(octet);
      }
    }
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const bytes = new Uint8Array(
      Math.max(needed, this.#room, 2 * this.#bytes.length),
    );
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}

/** Where in which frame a text stands: what decides how it is written. */
interface Place {
  readonly header: string;
  readonly isName: boolean;
  readonly rule: CommandRule;
  readonly version: Version;
}

const NAMES = new Map([[0, "NUL"], [LF, "LF"], [CR, "CR"], [COLON, "a colon"]]);

/** The letter behind the backslash, where this character is written escaped. */
function escapeLetter(code: number, place: Place): number | undefined {
  if (place.rule.handshake || place.version === "1.0") return undefined;
  switch (code) {
    case LF:
      return 0x6e;
    case COLON:
      return 0x63;
    case BACKSLASH:
      return BACKSLASH;
    case CR:
      return place.version === "1.1" ? undefined : 0x72;
  }
}

/** Whether a special character that has no escape may be written as it is. */
function isPlain(code: number, { isName, rule, version }: Place): boolean {
  switch (code) {
    case BACKSLASH:
      return true;
    case COLON:
      return !isName;
    case CR:
      // Before negotiation the peer takes a CR for a part of the line's end.
      return !rule.handshake && version !== "1.2";
    default:
      return false;
  }
}

function refuse(what: string, text: string, place: Place): never {
  const { header, isName, rule, version } = place;
  throw new UsageError(
    `Cannot encode frame: the ${isName ? "name" : "value"} of the header ${
      quoted(header)
    } holds ${what}, which a ${rule.command} frame ${
      rule.handshake ? "" : `of STOMP ${version} `
    }cannot express${isName ? "" : `: ${shown(header, text)}`}.`,
  );
}

/** Whether a content-length has to be added. */
function needsContentLength(
  texts: readonly string[],
  body: Uint8Array,
  wanted: boolean,
): boolean {
  for (let i = 0; i < texts.length; i += 2) {
    if (texts[i] !== "content-length") continue;
    const announced = texts[i + 1]!;
    if (!/^[0-9]+$/.test(announced) || Number(announced) !== body.length) {
      throw new UsageError(
        `Cannot encode frame: its content-length is ${quoted(announced)}, ` +
          `but its body has ${body.length} octets; leave the header out, it ` +
          `is set automatically.`,
      );
    }
    return false;
  }
  if (wanted) return body.length > 0;
  if (body.includes(0)) {
    throw new UsageError(
      "Cannot encode frame: a body that holds NUL needs a content-length; " +
        "do not turn it off.",
    );
  }
  return false;
}

/** A header value for a message; secrets are never shown. */
function shown(name: string, value: string): string {
  return name === "passcode" ? "(not shown)" : quoted(value);
}

/** How many octets a frame takes, if it is ASCII without escapes. */
function estimate(frame: Frame, texts: readonly string[]): number {
  const { command, body } = frame;
  let length = command.length + body.length + texts.length + 3;
  for (const text of texts) length += text.length;
  return body.length === 0
    ? length
    : length + "content-length:\n".length + String(body.length).length;
}
