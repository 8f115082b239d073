import { FrameBuffer } from "../../codec/encoder.ts";
import { Frame, FrameDecoder } from "../../codec/mod.ts";
import { assertEquals, assertLess, fail } from "../support/assert.ts";
import { octets } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { countWork } from "../support/work.ts";

const KIB = 1024;

const STREAMS: readonly (readonly [name: string, stream: string])[] = [
  ["a body with a content-length", withLength("b".repeat(256 * KIB))],
  ["a body of NULs", withLength("\0".repeat(256 * KIB))],
  ["a body up to NUL", `SEND\n\n${"b".repeat(256 * KIB)}\0`],
  ["a long value", `SEND\na:${"v".repeat(6 * KIB)}\n\n\0`],
  ["a long name", `SEND\n${"n".repeat(6 * KIB)}:\n\n\0`],
  ["a value of escapes", `SEND\na:${"\\n".repeat(3 * KIB)}\n\n\0`],
  ["a value of UTF-8", `SEND\na:${"\xe2\x82\xac".repeat(2 * KIB)}\n\n\0`],
  ["many headers", `SEND\n${"name:value\n".repeat(1000)}\n\0`],
  ["many frames", "SEND\na:b\n\nbody\0\n".repeat(8 * KIB)],
  ["many heart-beats", "\n".repeat(64 * KIB)],
];

function withLength(body: string): string {
  return `SEND\ncontent-length:${body.length}\n\n${body}\0`;
}

for (const [name, text] of STREAMS) {
  for (const size of [1, 100, 1500, 100 * KIB]) {
    test(`${name} in chunks of ${size} costs a few looks at each octet`, () => {
      const stream = octets(text);
      const chunks = Array.from(
        { length: Math.ceil(stream.length / size) },
        (_, i) => stream.subarray(i * size, (i + 1) * size),
      );
      let frames = 0;
      const { read, searched, copied } = countWork(() => {
        const decoder = new FrameDecoder({ version: "1.2" });
        for (const chunk of chunks) {
          decoder.push(chunk);
          for (const _ of decoder) frames++;
        }
        decoder.end();
      });
      assertEquals(frames, text.split("SEND\n").length - 1);
      assertLess(read, 8 * stream.length, "looked at");
      assertLess(searched, 2 * stream.length, "searched");
      assertLess(copied, 8 * stream.length, "copied");
    });
  }
}

test("only what crosses the end of a chunk is copied", () => {
  const stream = octets("SEND\na:b\n\nbody\0\n".repeat(64 * KIB));
  const size = 64 * KIB - 1;
  const { copied } = countWork(() => {
    const decoder = new FrameDecoder({ version: "1.2" });
    for (let at = 0; at < stream.length; at += size) {
      decoder.push(stream.subarray(at, at + size));
      for (const _ of decoder) continue;
    }
    decoder.end();
  });
  assertLess(copied, stream.length / 32);
});

const LARGE = [
  ["a body of 1 MiB", withLength("b".repeat(KIB * KIB))],
  ["a body of 1 MiB up to NUL", `SEND\n\n${"b".repeat(KIB * KIB)}\0`],
  ["a head of 64 KiB", `SEND\na:${"v".repeat(64 * KIB - 9)}\n\n\0`],
] as const;

for (const [name, text] of LARGE) {
  test(`${name} can come octet by octet`, () => {
    const stream = octets(text);
    const decoder = new FrameDecoder({ version: "1.2" });
    for (let i = 0; i < stream.length; i++) {
      decoder.push(stream.subarray(i, i + 1));
      const done = [...decoder].length === 1;
      if (done !== (i === stream.length - 1)) fail(`at octet ${i}`);
    }
  });
}

test("frames that wait for one write are copied a few times each", () => {
  const frame = new Frame(
    "SEND",
    { destination: "/queue/a:b" },
    "b".repeat(99),
  );
  let length = 0;
  const { copied } = countWork(() => {
    const buffer = new FrameBuffer(0);
    for (let i = 0; i < 2000; i++) buffer.append(frame);
    length = buffer.length;
  });
  assertLess(copied, 4 * length);
});
