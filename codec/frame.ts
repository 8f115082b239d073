import { FrameError, quoted, UsageError } from "../errors.ts";
import { firstEntries, LazyHeaders } from "./lazy_headers.ts";

/**
 * Headers as a caller writes them: pairs in wire order (which may repeat a
 * name), or a record, or the headers of another frame.
 */
export type FrameHeadersInit =
  | Iterable<readonly [string, string]>
  | Record<string, string>;

const NO_BODY: Uint8Array = new Uint8Array(0);
const SOUND: readonly string[] = [];
const TO_UTF8 = new TextEncoder();
const FROM_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** About how many octets a frame takes: its headers and its body. */
export let frameOctets: (frame: Frame) => number;

/** What runtimes call when a frame is printed. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** A frame for whoever prints it; its passcode is not for print. */
function shown(this: Frame): string {
  const headers = this.headerList.map(([name, value]) =>
    `${name}: ${name === "passcode" ? "…" : JSON.stringify(value)}`
  );
  return `${this.constructor.name} ${this.command} { ${
    headers.join(", ")
  } } ${this.body.length} octets`;
}

/** The header entries of a frame as name, value, name, value …, for the encoder. */
export let headerTexts: (frame: Frame) => readonly string[];

/** The body of a frame, if it is still the text that it was made of. */
export let bodyText: (frame: Frame) => string | undefined;

/**
 * One STOMP frame: a command, headers and a body. Frames do not change.
 *
 * A frame that came out of a decoder is a view: its body shares memory with the
 * chunk it came in, and its header text is made when it is asked for.
 *
 * @example
 * ```ts
 * import { Frame } from "@stompest/core/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const frame = new Frame("SEND", { destination: "/queue/a" }, "hello");
 * assertEquals(frame.headers.get("destination"), "/queue/a");
 * assertEquals(frame.text(), "hello");
 * ```
 */
export class Frame {
  static {
    headerTexts = (frame) => frame.#texts ??= frame.#wire!.list().flat();
    frameOctets = (frame) =>
      frame.#body.length + (frame.#wire?.octets ??
        frame.#texts!.reduce((sum, text) => sum + text.length, 0));
    bodyText = (frame) =>
      typeof frame.#body === "string" ? frame.#body : undefined;
    Object.defineProperty(this.prototype, INSPECT, { value: shown });
  }

  /** The command, such as `"SEND"`. */
  readonly command: string;
  /** Text until somebody wants octets. */
  #body: Uint8Array | string;
  readonly #wire: LazyHeaders | undefined;
  /** Name, value, name, value …: an array of pairs costs more than the rest. */
  #texts: readonly string[] | undefined;
  #list: readonly (readonly [string, string])[] | undefined;
  #map: ReadonlyMap<string, string> | undefined;

  /**
   * Makes a frame. A string body is encoded in UTF-8. Whether a version of the
   * protocol can carry the frame is checked when it is encoded.
   *
   * @throws {UsageError} if a command, header or body is of the wrong type, or
   * if a string body holds half a surrogate pair.
   */
  constructor(
    command: string,
    headers?: FrameHeadersInit,
    body?: Uint8Array | string,
  ) {
    if (typeof command !== "string") {
      throw new UsageError(
        `The command of a frame must be a string, not ${quoted(command)}.`,
      );
    }
    this.command = command;
    if (headers instanceof LazyHeaders) this.#wire = headers;
    else this.#texts = textsOf(headers);
    this.#body = checkedBody(body);
  }

  /**
   * The headers by name. Where a header is repeated, this is its first entry
   * (STOMP 1.2, "Repeated Header Entries").
   */
  get headers(): ReadonlyMap<string, string> {
    return this.#wire ?? (this.#map ??= firstEntries(this.headerList));
  }

  /** Every header entry in wire order, repeated ones included. */
  get headerList(): readonly (readonly [string, string])[] {
    return this.#list ??= this.#wire?.list() ?? pairsOf(this.#texts!);
  }

  /**
   * What a lenient decoder has mended to be able to hand the frame out, one
   * sentence each, such as `header line 4 has no colon`. Empty for a sound
   * frame. Text that was mended stands as it came, with U+FFFD where its octets
   * were not UTF-8.
   */
  get flaws(): readonly string[] {
    return this.#wire?.flaws ?? SOUND;
  }

  /** The body's octets; empty where there is none. Do not change them. */
  get body(): Uint8Array {
    if (typeof this.#body === "string") this.#body = TO_UTF8.encode(this.#body);
    return this.#body;
  }

  /**
   * The body as text.
   *
   * @throws {FrameError} if it is not valid UTF-8.
   */
  text(): string {
    if (typeof this.#body === "string") return this.#body;
    try {
      return FROM_UTF8.decode(this.#body);
    } catch (cause) {
      throw new FrameError(
        `The body of this ${this.command} frame is not valid UTF-8: ` +
          `read its octets from "body" instead.`,
        { cause },
      );
    }
  }

  /**
   * The body as the value that it spells in JSON.
   *
   * @throws {FrameError} if it is not valid UTF-8 or not valid JSON.
   */
  json(): unknown {
    const text = this.text();
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new FrameError(
        `The body of this ${this.command} frame is not JSON: ${quoted(text)}.`,
        { cause },
      );
    }
  }
}

function textsOf(headers: FrameHeadersInit | undefined): readonly string[] {
  const texts: string[] = [];
  if (headers === undefined) return texts;
  if (typeof headers !== "object" || headers === null) {
    throw new UsageError(
      `The headers of a frame must be a record or pairs, not ${
        headers === null ? headers : `a ${typeof headers}`
      }.`,
    );
  }
  if (!(Symbol.iterator in headers)) {
    for (const name of Object.keys(headers)) {
      texts.push(name, valueOf(name, headers[name]));
    }
    return texts;
  }
  for (const entry of headers as Iterable<readonly [string, string]>) {
    if (!Array.isArray(entry) || typeof entry[0] !== "string") {
      throw new UsageError(
        "The headers of a frame must be a record or pairs, each of two " +
          "strings: a name and a value.",
      );
    }
    texts.push(entry[0], valueOf(entry[0], entry[1]));
  }
  return texts;
}

function valueOf(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new UsageError(
    `The value of the header ${quoted(name)} must be a string, not ` +
      `${typeof value}: write it as text.`,
  );
}

function pairsOf(texts: readonly string[]): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i < texts.length; i += 2) {
    pairs.push([texts[i]!, texts[i + 1]!]);
  }
  return pairs;
}

function checkedBody(
  body: Uint8Array | string | undefined,
): Uint8Array | string {
  if (body === undefined || body === "") return NO_BODY;
  if (body instanceof Uint8Array) return body;
  if (typeof body !== "string") {
    throw new UsageError(
      `The body of a frame must be a string or a Uint8Array, not ${
        quoted(body)
      }: use JSON.stringify() for structured data.`,
    );
  }
  if (!body.isWellFormed()) {
    throw new UsageError(
      "The body of this frame holds half a surrogate pair, which UTF-8 cannot " +
        "express: use toWellFormed() or send octets.",
    );
  }
  return body;
}
