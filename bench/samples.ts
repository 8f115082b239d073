import { encodeFrame, Frame } from "../codec/mod.ts";

/** The sizes of bodies that codecs are measured with, in octets. */
export const BODY_SIZES: readonly number[] = [
  0,
  64,
  256,
  1024,
  16 * 1024,
  256 * 1024,
];

/** What a runtime typically reads from a socket at once. */
export const CHUNK: number = 64 * 1024;

/** A body of text. */
export function textBody(size: number): string {
  return '{"count":12345,"name":"stomp"}, '.repeat(Math.ceil(size / 32))
    .slice(0, size);
}

/** Who sent a message: brokers choose different headers. */
export type Origin = "RabbitMQ" | "ActiveMQ";

/** A MESSAGE with nine headers, as the brokers send them in STOMP 1.2. */
export function messageFrame(
  origin: Origin,
  index: number,
  body: Uint8Array,
): Uint8Array {
  const serial = 100_000 + index;
  const headers: Record<string, string> = origin === "RabbitMQ"
    ? {
      subscription: "bench",
      destination: "/queue/orders",
      "message-id": `T_bench@@session-8vDFnVaPnVbfEZbw4m5JCQ@@${serial}`,
      redelivered: "false",
      ack: `T_bench@@session-8vDFnVaPnVbfEZbw4m5JCQ@@${serial}`,
      persistent: "1",
      "correlation-id": "3b241101-e2bb-4255-8caf-4136c566a962",
      "content-type": "application/json",
    }
    : {
      ack: `ID:orders-38911-1719824711263-3:1${serial}`,
      expires: "0",
      destination: "/queue/orders",
      subscription: "bench",
      priority: "4",
      "message-id": `ID:orders-38911-1719824711263-3:1:-1:1:${serial}`,
      persistent: "true",
      timestamp: "1719824711263",
    };
  headers["content-length"] = String(body.length);
  return encodeFrame(new Frame("MESSAGE", headers, body));
}

/** Messages of both brokers by turns, one behind the other. */
export function messageBlock(count: number, bodySize: number): Uint8Array {
  const body = new TextEncoder().encode(textBody(bodySize));
  return joined(
    Array.from(
      { length: count },
      (_, index) =>
        messageFrame(index % 2 === 0 ? "RabbitMQ" : "ActiveMQ", index, body),
    ),
  );
}

/** Cuts octets as a socket would. Each piece has a buffer of its own. */
export function chunksOf(octets: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const chunks = [];
  for (let at = 0; at < octets.length; at += CHUNK) {
    chunks.push(new Uint8Array(octets.subarray(at, at + CHUNK)));
  }
  return chunks;
}

/** How a size is shown. */
export function sizeName(size: number): string {
  return size < 1024 ? `${size} B` : `${size / 1024} KiB`;
}

/** The size that the name of a case begins with. */
export function sizeOf(caseName: string): number {
  const size = BODY_SIZES.find((size) => caseName.startsWith(sizeName(size)));
  if (size === undefined) throw new Error(`There is no case ${caseName}.`);
  return size;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const octets = new Uint8Array(
    parts.reduce((length, part) => length + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    octets.set(part, at);
    at += part.length;
  }
  return octets;
}
