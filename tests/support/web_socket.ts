import { octets } from "./frames.ts";

/** What a test says about a frame of a client's, beside what it carries. */
export interface ClientFrame {
  /** @default {0x81, the whole of a text message} */
  readonly first?: number;
  /** @default {true} */
  readonly isMasked?: boolean;
}

/** A frame as a client of a WebSocket sends it; each character is one octet. */
export function clientFrame(
  payload: string,
  { first = 0x81, isMasked = true }: ClientFrame = {},
): string {
  const { length } = payload;
  const mask = isMasked ? 0x80 : 0;
  const size = length < 126
    ? char(mask | length)
    : length < 0x10000
    ? char(mask | 126) + number(length, 2)
    : char(mask | 127) + number(length, 8);
  const key = [0x12, 0xf4, 0x0d, 0x99];
  const hidden = isMasked
    ? char(...key) +
      Array.from(
        payload,
        (character, i) => char(character.charCodeAt(0) ^ key[i % 4]!),
      ).join("")
    : payload;
  return char(first) + size + hidden;
}

/** A Close frame of a client's. */
export function closeFrame(code: number, reason = ""): string {
  return clientFrame(number(code, 2) + reason, { first: 0x88 });
}

/** Octets as characters. */
export function char(...codes: readonly number[]): string {
  return String.fromCharCode(...codes);
}

/** A number in so many octets. */
export function number(value: number, size: number): string {
  let text = "";
  for (let i = size - 1; i >= 0; i--) {
    text += char(Math.floor(value / 256 ** i) % 256);
  }
  return text;
}

/** The head of a request for a WebSocket; a header of `undefined` is left out. */
export function upgradeRequest(
  headers: Record<string, string | undefined> = {},
  line = "GET / HTTP/1.1",
): string {
  const all: Record<string, string | undefined> = {
    "Host": "x",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`);
  return [line, ...lines, "\r\n"].join("\r\n");
}

/** A frame that a server has sent. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: string;
}

/** The frames of a server's octets, which must be whole. */
export function serverFrames(wire: string): ServerFrame[] {
  const frames: ServerFrame[] = [];
  const all = octets(wire);
  const view = new DataView(all.buffer);
  for (let at = 0; at < all.length;) {
    const [first = 0, second = 0] = all.subarray(at);
    const [skip, length] = second === 127
      ? [10, Number(view.getBigUint64(at + 2))]
      : second === 126
      ? [4, view.getUint16(at + 2)]
      : [2, second];
    frames.push({
      opcode: first & 0x0f,
      payload: wire.slice(at + skip, at + skip + length),
    });
    at += skip + length;
  }
  return frames;
}
