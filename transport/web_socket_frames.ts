/** How a WebSocket ends: what its Close frame says, or what is wrong with it. */
export interface WebSocketEnd {
  /** Of RFC 6455, section 7.4; `undefined`: the client has said none. */
  readonly code: number | undefined;
  /** Why, for people; empty if nobody has said. */
  readonly reason: string;
}

/** Codes that we close with (RFC 6455, section 7.4.1). */
export const NORMAL = 1000;
const PROTOCOL_ERROR = 1002;
const INVALID_TEXT = 1007;
const TOO_BIG = 1009;

/** The kinds of frames (RFC 6455, section 11.8). */
export const OPCODES = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

const LARGEST_CONTROL = 125;

/**
 * Reads the frames of a WebSocket's other end (RFC 6455, section 5) as a stream:
 * what they carry is handed out as it comes, wherever frames and messages end,
 * so that nothing gathers here but the head of a frame and a control frame.
 */
export class WebSocketFrameDecoder {
  /** What is read comes from a client, or from a server. */
  readonly #isFromClient: boolean;
  /** The head of the frame that comes, as far as it has come. */
  readonly #head = new Uint8Array(14);
  #headLength = 0;
  #headNeeds = 2;
  readonly #mask = new Uint8Array(4);
  /** How far the mask has been turned. */
  #turn = 0;
  #opcode = 0;
  #isFinal = false;
  /** How many octets of the frame's payload are still to come. */
  #left = 0;
  readonly #control = new Uint8Array(LARGEST_CONTROL);
  #controlLength = 0;
  /** Whether the message goes on in another frame. */
  #isMidMessage = false;
  #isText = false;
  /** It must be UTF-8, also where frames cut characters. */
  #text = newTextDecoder();
  #ping: Uint8Array | undefined;
  #end: WebSocketEnd | undefined;
  #isClosed = false;

  /**
   * A client's frames are masked, a server's are not. A client's text must be
   * UTF-8; brokers call text what is none, and are forgiven.
   */
  constructor(from: "client" | "server" = "client") {
    this.#isFromClient = from === "client";
  }

  /** Whether the latest message is text. */
  get isText(): boolean {
    return this.#isText;
  }

  /**
   * What is to be said to the client as it ends: it has closed the WebSocket, or
   * broken its rules. Nothing is read any more.
   */
  get end(): WebSocketEnd | undefined {
    return this.#end;
  }

  /** Whether the client has closed it, by the rules. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * The latest ping that was not taken yet: it answers for those before, too
   * (RFC 6455, section 5.5.3).
   */
  takePing(): Uint8Array | undefined {
    const ping = this.#ping;
    this.#ping = undefined;
    return ping;
  }

  /** Takes octets, and returns what messages carry of them, in the same memory. */
  push(chunk: Uint8Array): Uint8Array {
    let taken = 0;
    for (let at = 0; at < chunk.length && this.#end === undefined;) {
      if (this.#headLength < this.#headNeeds) {
        this.#head[this.#headLength++] = chunk[at++]!;
        if (this.#headLength === this.#headNeeds) this.#readHead();
        continue;
      }
      const count = Math.min(this.#left, chunk.length - at);
      const payload = chunk.subarray(at, at + count);
      at += count;
      if (this.#isFromClient) this.#unmask(payload);
      this.#left -= count;
      if (this.#opcode >= OPCODES.close) {
        this.#control.set(payload, this.#controlLength);
        this.#controlLength += count;
      } else if (this.#isLegible(payload)) {
        chunk.copyWithin(taken, at - count, at);
        taken += count;
      }
      if (this.#left === 0) this.#endFrame();
    }
    return chunk.subarray(0, taken);
  }

  /** Checks as much of the head as there is, and finds out how long it is. */
  #readHead(): void {
    const [first = 0, second = 0] = this.#head;
    const short = second & 0x7f;
    if (this.#headNeeds === 2) {
      const fault = this.#faultOf(first, second);
      if (fault !== undefined) return this.#fail(PROTOCOL_ERROR, fault);
      this.#headNeeds += (this.#isFromClient ? 4 : 0) +
        (short === 127 ? 8 : short === 126 ? 2 : 0);
      if (this.#headNeeds > 2) return;
    }
    const view = new DataView(this.#head.buffer);
    if (short === 127 && view.getUint32(2) > 0x1fffff) {
      return this.#fail(TOO_BIG, "No frame can be that long.");
    }
    this.#left = short === 127
      ? view.getUint32(2) * 2 ** 32 + view.getUint32(6)
      : short === 126
      ? view.getUint16(2)
      : short;
    if (this.#isFromClient) {
      this.#mask.set(this.#head.subarray(this.#headNeeds - 4, this.#headNeeds));
      this.#turn = 0;
    }
    this.#opcode = first & 0x0f;
    this.#isFinal = (first & 0x80) !== 0;
    this.#controlLength = 0;
    if (this.#opcode === OPCODES.text || this.#opcode === OPCODES.binary) {
      this.#isText = this.#opcode === OPCODES.text;
    }
    if (this.#opcode < OPCODES.close) this.#isMidMessage = !this.#isFinal;
    if (this.#left === 0) this.#endFrame();
  }

  #faultOf(first: number, second: number): string | undefined {
    const opcode = first & 0x0f;
    if ((first & 0x70) !== 0) {
      return "A reserved bit is set, but no extension was agreed on.";
    }
    if (((second & 0x80) !== 0) !== this.#isFromClient) {
      return this.#isFromClient
        ? "A client's frames must be masked."
        : "A server's frames must not be masked.";
    }
    if (opcode > OPCODES.pong || (opcode > 2 && opcode < OPCODES.close)) {
      return `There is no opcode ${opcode}.`;
    }
    if (opcode >= OPCODES.close) {
      if ((first & 0x80) === 0) {
        return "A control frame must not be fragmented.";
      }
      return (second & 0x7f) > LARGEST_CONTROL
        ? `A control frame carries at most ${LARGEST_CONTROL} octets.`
        : undefined;
    }
    if ((opcode === OPCODES.continuation) === this.#isMidMessage) {
      return undefined;
    }
    return this.#isMidMessage
      ? "A message begins within another one."
      : "There is no message that could be continued.";
  }

  #unmask(payload: Uint8Array): void {
    const mask = this.#mask;
    let turn = this.#turn;
    for (let i = 0; i < payload.length; i++) {
      payload[i]! ^= mask[turn++ & 3]!;
    }
    this.#turn = turn & 3;
  }

  /** Whether a piece of a message may be read: text must be text. */
  #isLegible(payload: Uint8Array): boolean {
    if (!this.#isText || !this.#isFromClient) return true;
    try {
      this.#text.decode(payload, { stream: true });
      return true;
    } catch {
      this.#fail(INVALID_TEXT, "A text message is not UTF-8.");
      return false;
    }
  }

  #endFrame(): void {
    this.#headLength = 0;
    this.#headNeeds = 2;
    if (this.#end !== undefined) return;
    switch (this.#opcode) {
      case OPCODES.close:
        return this.#endBy(this.#control.slice(0, this.#controlLength));
      case OPCODES.ping:
        this.#ping = this.#control.slice(0, this.#controlLength);
        return;
      case OPCODES.pong:
        return;
    }
    if (!this.#isText || !this.#isFinal || !this.#isFromClient) return;
    try {
      this.#text.decode();
    } catch {
      this.#fail(INVALID_TEXT, "A text message ends within a character.");
    }
  }

  #endBy(payload: Uint8Array): void {
    if (payload.length === 0) {
      return this.#closedBy({ code: undefined, reason: "" });
    }
    const code = payload.length < 2 ? 0 : payload[0]! * 256 + payload[1]!;
    if (!isCloseCode(code)) {
      return this.#fail(PROTOCOL_ERROR, "A Close frame has no such code.");
    }
    try {
      const reason = newTextDecoder().decode(payload.subarray(2));
      this.#closedBy({ code, reason });
    } catch {
      this.#fail(INVALID_TEXT, "The reason to close is not UTF-8.");
    }
  }

  #closedBy(end: WebSocketEnd): void {
    this.#isClosed = true;
    this.#end = end;
  }

  #fail(code: number, reason: string): void {
    this.#end = { code, reason };
  }
}

/** Codes that may travel in a Close frame. */
function isCloseCode(code: number): boolean {
  return code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 ||
    code >= 3000 && code <= 4999;
}

function newTextDecoder(): TextDecoder {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
}

/** The head of a server's frame, which is not masked, of a whole message. */
export function frameHead(opcode: number, length: number): Uint8Array {
  const first = 0x80 | opcode;
  if (length <= 125) return Uint8Array.of(first, length);
  if (length <= 0xffff) {
    return Uint8Array.of(first, 126, length >> 8, length & 0xff);
  }
  const head = new Uint8Array(10);
  head.set([first, 127]);
  new DataView(head.buffer).setBigUint64(2, BigInt(length));
  return head;
}

/** A server's frame with all of a message. */
export function encodeFrame(
  opcode: number,
  payload: Uint8Array,
): Uint8Array {
  const head = frameHead(opcode, payload.length);
  const frame = new Uint8Array(head.length + payload.length);
  frame.set(head);
  frame.set(payload, head.length);
  return frame;
}

/**
 * A client's frame with all of a message. Its mask must be four octets that
 * nobody can guess (RFC 6455, section 5.3).
 */
export function encodeMaskedFrame(
  opcode: number,
  payload: Uint8Array,
  mask: Uint8Array,
): Uint8Array {
  const head = frameHead(opcode, payload.length);
  head[1]! |= 0x80;
  const prefix = head.length + 4;
  // The payload begins where whole words of memory do, which are masked at once.
  const shift = -prefix & 3;
  const memory = new Uint8Array((shift + prefix + payload.length + 3) & ~3);
  memory.set(head, shift);
  memory.set(mask, shift + head.length);
  memory.set(payload, shift + prefix);
  const words = new Int32Array(memory.buffer, shift + prefix);
  const [word = 0] = new Int32Array(mask.slice().buffer);
  for (let i = 0; i < words.length; i++) words[i]! ^= word;
  return memory.subarray(shift, shift + prefix + payload.length);
}

/** What a Close frame carries. */
export function closePayload({ code, reason }: WebSocketEnd): Uint8Array {
  if (code === undefined) return new Uint8Array(0);
  return Uint8Array.of(
    code >> 8,
    code & 0xff,
    ...new TextEncoder().encode(reason),
  );
}
