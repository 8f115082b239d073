import { copyIntoNew, copyIntoOne } from "./copying.ts";
import {
  type Decode,
  decodeWithStompest,
  decodeWithStompit,
  decodeWithStompjs,
} from "./decoders.ts";
import { chunksOf, messageBlock, sizeOf } from "./samples.ts";
import { inBlocks, type Subject } from "./timing.ts";

/** About how many octets are decoded in one go. */
const BLOCK = 2 * 1024 * 1024;

/** What decodes, or does the least that decoding must do, by name. */
export const subjects: Readonly<Record<string, Subject>> = {
  stompest: decoding(decodeWithStompest),
  stompit: decoding(decodeWithStompit),
  stompjs: decoding(decodeWithStompjs),
  "copy, new": copying(copyIntoNew),
  "copy, one": copying(copyIntoOne),
};

function decoding(decode: Decode): Subject {
  return (caseName) => {
    const { chunks, size, count } = input(caseName);
    return inBlocks(count, async () => {
      let good = 0;
      await decode(chunks, (subscription, bodyLength) => {
        if (subscription === "bench" && bodyLength === size) good++;
      });
      if (good !== count) throw new Error(`${good} of ${count} frames came.`);
    });
  };
}

function copying(copy: typeof copyIntoOne): Subject {
  return (caseName) => {
    const { chunks, size, count } = input(caseName);
    return inBlocks(count, () => copy(chunks, size));
  };
}

function input(
  caseName: string,
): { chunks: Uint8Array<ArrayBuffer>[]; size: number; count: number } {
  const size = sizeOf(caseName);
  const count = Math.ceil(BLOCK / (size + 330));
  return { chunks: chunksOf(messageBlock(count, size)), size, count };
}
