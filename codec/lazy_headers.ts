import { ESCAPES, type Escaping, isEscape } from "./escaping.ts";

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });
const BACKSLASH = 0x5c;

/** How many numbers of `marks` describe one header: name, colon, value end. */
export const MARKS_PER_HEADER = 3;

/**
 * The headers of a frame as they came over the wire. The decoder has checked
 * every octet and noted where each header begins and ends; text is made of
 * them only when somebody asks. A client reads two or three of ten headers, so
 * this is most of what decoding would cost.
 */
export class LazyHeaders implements ReadonlyMap<string, string> {
  readonly #bytes: Uint8Array;
  readonly #base: number;
  readonly #marks: Int32Array;
  readonly #from: number;
  readonly #count: number;
  readonly #escaping: Escaping;
  /** What was mended while the head was read. */
  readonly flaws: readonly string[] | undefined;
  #map: ReadonlyMap<string, string> | undefined;

  /**
   * `marks` holds, from index `from` on, three positions in `bytes`, counted
   * from `base`, for each of `count` headers: where its name begins, its colon
   * and the end of its value.
   * `escaping` is `"raw"` also when the head happens to hold no escape.
   */
  constructor(
    bytes: Uint8Array,
    base: number,
    marks: Int32Array,
    from: number,
    count: number,
    escaping: Escaping,
    flaws?: readonly string[],
  ) {
    this.#bytes = bytes;
    this.#base = base;
    this.#marks = marks;
    this.#from = from;
    this.#count = count;
    this.#escaping = escaping;
    this.flaws = flaws;
  }

  /** How many octets they take here: those of the wire, and the marks. */
  get octets(): number {
    const marks = this.#count * MARKS_PER_HEADER;
    if (marks === 0) return 0;
    return this.#marks[this.#from + marks - 1]! +
      marks * Int32Array.BYTES_PER_ELEMENT;
  }

  /** The first value of a header. */
  get(name: string): string | undefined {
    if (this.#map !== undefined) return this.#map.get(name);
    const at = this.#find(name);
    return at < 0
      ? undefined
      : this.#text(this.#marks[at + 1]! + 1, this.#marks[at + 2]!);
  }

  /** Whether the frame has a header. */
  has(name: string): boolean {
    return this.#map?.has(name) ?? this.#find(name) >= 0;
  }

  /** How many different headers there are. */
  get size(): number {
    return this.#materialize().size;
  }

  /** Calls back for each header, first entries only. */
  forEach(
    callback: (
      value: string,
      name: string,
      map: ReadonlyMap<string, string>,
    ) => void,
    thisArg?: unknown,
  ): void {
    this.#materialize().forEach((value, name) =>
      callback.call(thisArg, value, name, this)
    );
  }

  /** Each header, first entries only. */
  entries(): MapIterator<[string, string]> {
    return this.#materialize().entries();
  }

  /** Each name. */
  keys(): MapIterator<string> {
    return this.#materialize().keys();
  }

  /** The first value of each name. */
  values(): MapIterator<string> {
    return this.#materialize().values();
  }

  /** Each header, first entries only. */
  [Symbol.iterator](): MapIterator<[string, string]> {
    return this.entries();
  }

  /** Every entry in wire order, repeated ones included. */
  list(): (readonly [string, string])[] {
    const list: (readonly [string, string])[] = [];
    const end = this.#from + this.#count * MARKS_PER_HEADER;
    for (let at = this.#from; at < end; at += MARKS_PER_HEADER) {
      const colon = this.#marks[at + 1]!;
      list.push([
        this.#text(this.#marks[at]!, colon),
        this.#text(colon + 1, this.#marks[at + 2]!),
      ]);
    }
    return list;
  }

  #materialize(): ReadonlyMap<string, string> {
    return this.#map ??= firstEntries(this.list());
  }

  /** Where in `marks` the first header of this name is, or -1. */
  #find(name: string): number {
    const marks = this.#marks;
    const end = this.#from + this.#count * MARKS_PER_HEADER;
    for (let at = this.#from; at < end; at += MARKS_PER_HEADER) {
      const start = marks[at]!;
      const colon = marks[at + 1]!;
      if (colon - start === name.length && this.#isText(start, name)) return at;
    }
    // The octets of a name differ from its text only beyond ASCII or escaped.
    if (this.#escaping === "raw" && isAscii(name)) return -1;
    for (let at = this.#from; at < end; at += MARKS_PER_HEADER) {
      if (this.#text(marks[at]!, marks[at + 1]!) === name) return at;
    }
    return -1;
  }

  #isText(start: number, text: string): boolean {
    const bytes = this.#bytes;
    const from = this.#base + start;
    for (let i = 0; i < text.length; i++) {
      const octet = bytes[from + i]!;
      if (octet !== text.charCodeAt(i) || octet > 0x7f) return false;
      if (octet === BACKSLASH && this.#escaping !== "raw") return false;
    }
    return true;
  }

  /** The text between two marks. */
  #text(start: number, end: number): string {
    const text = end - start > SHORT ? undefined : shortText(
      this.#bytes,
      this.#base + start,
      this.#base + end,
      this.#escaping !== "raw",
    );
    if (text !== undefined) return text;
    const bytes = this.#bytes.subarray(this.#base + start, this.#base + end);
    return UTF8.decode(
      this.#escaping === "raw" ? bytes : unescaped(bytes, this.#escaping),
    );
  }
}

/**
 * Up to this many octets, putting a text together by hand is faster than a call
 * of `TextDecoder`.
 */
const SHORT = 24;

/** A text that stands for itself; `undefined` if it does not. */
function shortText(
  bytes: Uint8Array,
  start: number,
  end: number,
  hasEscapes: boolean,
): string | undefined {
  let text = "";
  for (let i = start; i < end; i++) {
    const octet = bytes[i]!;
    if (octet > 0x7f || octet === BACKSLASH && hasEscapes) return undefined;
    text += String.fromCharCode(octet);
  }
  return text;
}

/** The decoder has refused what is no escape, so what is left is known. */
function unescaped(bytes: Uint8Array, escaping: Escaping): Uint8Array {
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const octet = bytes[i]!;
    const letter = bytes[i + 1] ?? 0;
    if (octet === BACKSLASH && isEscape(letter, escaping)) {
      out[length++] = ESCAPES.get(letter)!;
      i++;
    } else {
      out[length++] = octet;
    }
  }
  return out.subarray(0, length);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return false;
  }
  return true;
}

/** The value of a repeated header is its first entry (STOMP 1.2, "Repeated Header Entries"). */
export function firstEntries(
  list: Iterable<readonly [string, string]>,
): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const [name, value] of list) if (!map.has(name)) map.set(name, value);
  return map;
}
