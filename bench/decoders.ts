import { Buffer } from "node:buffer";
import { nextTick } from "node:process";
import { FrameDecoder } from "../codec/mod.ts";
import { stompit } from "./peers/stompit.ts";
import { stompjs } from "./peers/stompjs.ts";

/** Decodes chunks, reads the subscription and the body of each frame. */
export type Decode = (
  chunks: readonly Uint8Array<ArrayBuffer>[],
  seen: (subscription: string | undefined, bodyLength: number) => void,
) => void | Promise<void>;

/** Ours. */
export const decodeWithStompest: Decode = (chunks, seen) => {
  const decoder = new FrameDecoder({ version: "1.2" });
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (const frame of decoder) {
      seen(frame.headers.get("subscription"), frame.body.length);
    }
  }
  decoder.end();
};

/** Its stream of frames, read as its own client reads it. */
export const decodeWithStompit: Decode = async (chunks, seen) => {
  const frames = new stompit.IncomingFrameStream();
  frames.setVersion("1.2");
  let isReading = false;
  const readFrame = () => {
    if (isReading) return;
    const frame = frames.read();
    if (frame === null) return;
    isReading = true;
    const parts: Uint8Array[] = [];
    frame.on("data", (part: Uint8Array) => parts.push(part));
    frame.on("end", () => {
      const body = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
      seen(frame.headers.subscription, body.length);
      isReading = false;
      nextTick(readFrame);
    });
  };
  frames.on("readable", readFrame);
  const end = new Promise<void>((resolve, reject) => {
    frames.on("end", resolve);
    frames.on("error", reject);
  });
  for (const chunk of chunks) {
    // It takes nothing but Buffers.
    const octets = Buffer.from(chunk.buffer);
    await new Promise<void>((written) => frames.write(octets, () => written()));
  }
  frames.end();
  await end;
};

/** Its parser, and what it needs to get at the headers. */
export const decodeWithStompjs: Decode = (chunks, seen) => {
  const parser = new stompjs.Parser((raw) => {
    const frame = stompjs.FrameImpl.fromRawFrame(raw, true);
    seen(frame.headers.subscription, frame.binaryBody.length);
  }, () => {});
  for (const chunk of chunks) parser.parseChunk(chunk.buffer);
};
