import { FrameError, quoted, UsageError } from "../errors.ts";
import { DamagedFrame } from "./damaged_frame.ts";
import { Frame } from "./frame.ts";
import { FrameSkipper } from "./frame_skipper.ts";
import { showOctet } from "./not_stomp.ts";
import {
  acceptsCrLf,
  type CommandRule,
  isVersion,
  mayCarryBody,
  type Version,
} from "./grammar.ts";
import { HeadReader, refuse } from "./head_reader.ts";
import { type FrameLimits, resolveLimits } from "./limits.ts";
import { InputWindow } from "./input_window.ts";

/** Options of {@linkcode FrameDecoder} and its stream. */
export interface FrameDecoderOptions {
  /**
   * The version that the octets are written in. Leave it out to begin before
   * negotiation: the decoder then adopts the version of the first CONNECTED.
   */
  version?: Version | undefined;
  /** How large a frame may be; see {@linkcode FrameLimits}. */
  limits?: Partial<FrameLimits> | undefined;
  /**
   * Whether flaws are mended, as is due to a peer that one did not choose. Where
   * the end of a frame is certain, its text is handed out as it stands, or with
   * U+FFFD, and `frame.flaws` says so. What cannot be handed out whole, because
   * it is over a limit or a header that decides what becomes of it is damaged,
   * comes as a `DamagedFrame`. An ERROR is read however malformed. What leaves
   * it open where the frame ends stays fatal, and the handshake is read
   * strictly.
   *
   * @default {false}
   */
  lenient?: boolean | undefined;
}

const LF = 0x0a;
const CR = 0x0d;

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
  readonly #octets = new InputWindow();
  readonly #head: HeadReader;
  /** Present while the rest of a frame is passed over. */
  #skipper: FrameSkipper | undefined;
  #version: Version | undefined;
  /** Where in a frame the octets have run out. */
  #phase: "between" | "head" | "body" | "skipped" = "between";
  /** The next octet to look at, counted from the beginning of the frame. */
  #scanned = 0;
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
    const { lenient = false } = options;
    if (typeof lenient !== "boolean") {
      throw new UsageError(
        `The option "lenient" must be true or false, not ${quoted(lenient)}.`,
      );
    }
    this.#head = new HeadReader(this.#octets, this.#limits, lenient);
    this.version = options.version;
    this.#head.crlf = acceptsCrLf(options.version);
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
  }

  /**
   * Whether the peer uses the escapes of later versions in 1.0, too, which has
   * none, as RabbitMQ does. To be set between two frames.
   */
  get escapedIn10(): boolean {
    return this.#head.escapedIn10;
  }

  set escapedIn10(escaped: boolean) {
    this.#head.escapedIn10 = escaped;
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
   * Whether what was pushed ends inside a frame, once all complete ones have
   * been taken.
   */
  get isMidFrame(): boolean {
    return this.#phase !== "between";
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
    const { hasCommand, isAlwaysRead, rule } = this.#head;
    const length = this.#octets.end - this.#octets.at;
    if (isAlwaysRead) {
      this.#ready.push(this.#cutShort(length));
      return;
    }
    const what = hasCommand ? `${rule.command} ` : "";
    this.#fail(
      this.#phase === "skipped"
        ? `the stream ended inside a ${what}frame over a limit`
        : `the stream ended inside a ${what}frame, ${length} octets after ` +
          "its beginning",
    );
  }

  /** The stream has ended inside an ERROR, which is handed out as far as it came. */
  #cutShort(length: number): Frame {
    this.#head.flaws.add("the stream ended inside the frame");
    if (this.#phase === "skipped") return this.#skipper!.frame();
    if (this.#phase === "head") {
      this.#head.cutShort(length);
      this.#bodyStart = length;
    }
    const { at, end } = this.#octets;
    return this.#finish(at + this.#bodyStart, end, end);
  }

  #decode(): Frame | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      for (;;) {
        const frame = this.#step();
        if (frame !== undefined) return frame;
        if (!this.#octets.more(this.#frameLength())) return undefined;
      }
    } catch (error) {
      if (error instanceof FrameError) this.#failure = error;
      throw error;
    }
  }

  #fail(what: string): never {
    this.#failure = new FrameError(`Cannot decode frame: ${what}.`);
    throw this.#failure;
  }

  /** Goes as far as the octets that are here allow. */
  #step(): Frame | undefined {
    if (this.#phase === "between" && !this.#skipEols()) return;
    if (this.#phase === "head" && !this.#readHead()) return;
    if (this.#phase === "body") {
      const frame = this.#readBody();
      if (frame !== undefined) return frame;
    }
    return this.#phase === "skipped" ? this.#skip() : undefined;
  }

  /** The length of the current frame, as soon as its head has told it. */
  #frameLength(): number | undefined {
    const { contentLength } = this.#head;
    return this.#phase === "body" && contentLength !== undefined
      ? this.#bodyStart + contentLength + 1
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
      else if (bytes[i] === CR && this.#head.crlf) {
        if (i + 1 === end) break;
        if (bytes[i + 1] !== LF) refuse("a bare CR between two frames");
        i += 2;
      } else {
        this.#octets.advance(i);
        this.#head.begin(this.#version);
        this.#phase = "head";
        return true;
      }
    }
    // A CR at the end of what is here waits for its LF inside the window.
    this.#scanned = end - i;
    this.#octets.advance(i);
    return false;
  }

  #readHead(): boolean {
    if (!this.#head.read()) {
      const { excess, lineStart } = this.#head;
      if (excess === undefined) return false;
      this.#beginSkip(excess, "head", lineStart);
      return true;
    }
    const { contentLength = 0, scanned } = this.#head;
    this.#bodyStart = this.#scanned = scanned;
    this.#phase = "body";
    if (contentLength > 0) this.#checkBody(contentLength, scanned);
    return true;
  }

  /** Passes over the rest of a frame, from so many octets behind its beginning. */
  #beginSkip(what: string, phase: "head" | "body", from: number): void {
    const { contentLength, rule: { command } } = this.#head;
    const headers = this.#head.takeHeaders().list();
    this.#skipper = new FrameSkipper(what, {
      command,
      headers,
      phase,
      contentLength,
    });
    this.#phase = "skipped";
    this.#scanned = from;
  }

  #skip(): Frame | undefined {
    const { bytes, at, end } = this.#octets;
    const next = this.#skipper!.read(bytes, at + this.#scanned, end);
    this.#octets.advance(next ?? end);
    this.#scanned = 0;
    if (next === undefined) return undefined;
    this.#phase = "between";
    return this.#skipper!.frame();
  }

  #readBody(): Frame | undefined {
    const { bytes, at, end } = this.#octets;
    const { rule, contentLength } = this.#head;
    const bodyStart = at + this.#bodyStart;
    let bodyEnd: number;
    if (contentLength !== undefined) {
      bodyEnd = bodyStart + contentLength;
      if (bodyEnd >= end) return;
      if (bytes[bodyEnd] !== 0) {
        const flaw =
          `the octet behind the body of this ${rule.command} frame is ` +
          `${showOctet(bytes[bodyEnd]!)}, not NUL, so its content-length ` +
          `of ${contentLength} is wrong`;
        if (!this.#head.isAlwaysRead) refuse(flaw);
        this.#head.flaws.add(flaw);
        // Characters were counted, not octets: the NUL is further on.
        this.#head.contentLength = undefined;
        this.#scanned = bodyEnd - at;
        return this.#readBody();
      }
    } else {
      bodyEnd = bytes.indexOf(0, at + this.#scanned);
      const found = bodyEnd >= 0 && bodyEnd < end;
      if (!found) bodyEnd = end;
      if (bodyEnd > bodyStart) {
        this.#checkBody(bodyEnd - bodyStart, bodyEnd - at);
        if (this.#phase === "skipped") return;
      }
      if (!found) {
        this.#scanned = end - at;
        return;
      }
    }
    return this.#finish(bodyStart, bodyEnd, bodyEnd + 1);
  }

  /** Whether the frame may have a body of this length, read so far up to `at`. */
  #checkBody(length: number, at: number): void {
    const { rule, version, mends } = this.#head;
    if (!mends && !mayCarryBody(rule, version)) {
      refuse(bodiless(rule, version));
    }
    if (length > this.#limits.maxBodyBytes) {
      const excess =
        `the body of this ${rule.command} frame is over the limit of ` +
        `${this.#limits.maxBodyBytes} octets; maxBodyBytes raises it`;
      if (!mends) refuse(excess);
      this.#beginSkip(excess, "body", at);
    }
  }

  /** The frame is complete; the next one can begin at `next`. */
  #finish(bodyStart: number, bodyEnd: number, next: number): Frame {
    const { rule, version, flaws } = this.#head;
    const { command } = rule;
    if (bodyEnd > bodyStart && !mayCarryBody(rule, version)) {
      flaws.add(bodiless(rule, version));
    }
    const headers = this.#head.takeHeaders();
    const frame = flaws.damage === undefined || this.#head.isAlwaysRead
      ? new Frame(
        command,
        headers,
        bodyEnd > bodyStart
          ? this.#octets.bytes.subarray(bodyStart, bodyEnd)
          : undefined,
      )
      : new DamagedFrame(
        command,
        // What is damaged is not known.
        headers.list().filter(([name]) => !flaws.damaged.includes(name)),
        flaws.damage,
      );
    this.#phase = "between";
    this.#scanned = 0;
    this.#octets.advance(next);
    if (this.#version === undefined && command === "CONNECTED") {
      const version = headers.get("version") ?? "1.0";
      if (isVersion(version)) this.version = version;
    }
    return frame;
  }
}

function bodiless(rule: CommandRule, version: Version | undefined): string {
  return `a ${rule.command} frame cannot have a body in STOMP ${
    version ?? "1.2"
  }`;
}
