import { Buffer } from "node:buffer";
import { Writable } from "node:stream";
import { encodeFrame, Frame, FrameBuffer } from "../codec/mod.ts";
import { stompit } from "./peers/stompit.ts";
import { stompjs } from "./peers/stompjs.ts";
import { sizeOf, textBody } from "./samples.ts";
import { inBlocks, type Run, type Subject } from "./timing.ts";

/** How many frames are encoded between two looks at the clock. */
const BLOCK = 64;

const HEADERS: Readonly<Record<string, string>> = {
  destination: "/queue/orders",
  "content-type": "application/json",
  persistent: "true",
  "correlation-id": "3b241101-e2bb-4255-8caf-4136c566a962",
  priority: "4",
};

/** What encodes, by name; a case is a size and `text` or `octets`. */
export const subjects: Readonly<Record<string, Subject>> = {
  stompest: withBody((body) => {
    // As the clients have it.
    const buffer = new FrameBuffer(64 * 1024, 16 * 1024);
    return synchronously(() => {
      buffer.append(new Frame("SEND", HEADERS, body));
      const { length } = buffer;
      buffer.takePieces();
      return length;
    });
  }),
  encodeFrame: withBody((body) =>
    synchronously(() => encodeFrame(new Frame("SEND", HEADERS, body)).length)
  ),
  stompjs: withBody((body) => {
    const toUtf8 = new TextEncoder();
    const init = {
      command: "SEND",
      headers: HEADERS,
      escapeHeaderValues: true,
      ...typeof body === "string" ? { body } : { binaryBody: body },
    };
    return synchronously(() => {
      const frame = stompjs.FrameImpl.marshall(init);
      return typeof frame === "string"
        ? toUtf8.encode(frame).length
        : frame.byteLength;
    });
  }),
  stompit: withBody((body) => {
    let octets = 0;
    const frames = new stompit.OutgoingFrameStream(
      new Writable({
        write(chunk: Uint8Array, _encoding, done) {
          octets += chunk.length;
          done();
        },
      }),
    );
    frames.setVersion("1.2");
    // It does not announce the length by itself.
    const headers = { ...HEADERS, "content-length": lengthOf(body) };
    return inBlocks(BLOCK, async () => {
      octets = 0;
      await new Promise<void>((ended) => {
        for (let left = BLOCK; left > 0; left--) {
          frames.frame("SEND", headers)
            .end(body, left === 1 ? ended : undefined);
        }
      });
      if (octets < BLOCK * lengthOf(body)) {
        throw new Error("Octets are missing.");
      }
    });
  }),
};

function withBody(prepare: (body: string | Uint8Array) => Run): Subject {
  return (caseName) => {
    const body = textBody(sizeOf(caseName));
    return prepare(caseName.endsWith("text") ? body : Buffer.from(body));
  };
}

function synchronously(encode: () => number): Run {
  return inBlocks(BLOCK, () => {
    let octets = 0;
    for (let left = BLOCK; left > 0; left--) octets += encode();
    if (octets === 0) throw new Error("Nothing was encoded.");
  });
}

function lengthOf(body: string | Uint8Array): number {
  return Buffer.byteLength(body);
}
