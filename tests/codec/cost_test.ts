import { FrameDecoder } from "../../codec/mod.ts";
import { FrameBuffer } from "../../codec/encoder.ts";
import { Frame } from "../../codec/mod.ts";
import { assertEquals, assertLess } from "../support/assert.ts";
import { octets } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { countWork } from "../support/work.ts";

const KIB = 1024;

const STREAMS: readonly (readonly [name: string, stream: string])[] = [
  ["a body with a content-length", withLength("b".repeat(256 * KIB))],
  ["a body of NULs", withLength("\0".repeat(256 * KIB))],
  ["a body up to NUL", `SEND\n\n${"b".repeat(256 * KIB)}\0`],
  ["a long value", `SEND\na:${"v".repeat(60 * KIB)}\n\n\0`],
  ["a long name", `SEND\n${"n".repeat(60 * KIB)}:\n\n\0`],
  ["a value of escapes", `SEND\na:${"\\n".repeat(30 * KIB)}\n\n\0`],
  ["a value of UTF-8", `SEND\na:${"\xe2\x82\xac".repeat(20 * KIB)}\n\n\0`],
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
      const { read, moved } = countWork(() => {
        const decoder = new FrameDecoder({ version: "1.2" });
        for (const chunk of chunks) {
          decoder.push(chunk);
          for (const _ of decoder) frames++;
        }
        decoder.end();
      });
      assertEquals(frames, text.split("SEND\n").length - 1);
      assertLess(read, 8 * stream.length, "looked at");
      assertLess(moved, 8 * stream.length, "copied or searched");
    });
  }
}

test("a body of 1 MiB can come octet by octet", () => {
  const stream = octets(withLength("b".repeat(KIB * KIB)));
  const decoder = new FrameDecoder({ version: "1.2" });
  for (let i = 0; i < stream.length; i++) {
    decoder.push(stream.subarray(i, i + 1));
    const done = [...decoder].length === 1;
    assertEquals(done, i === stream.length - 1);
  }
});

test("frames that wait for one write are copied a few times each", () => {
  const frame = new Frame(
    "SEND",
    { destination: "/queue/a:b" },
    "b".repeat(99),
  );
  let length = 0;
  const { moved } = countWork(() => {
    const buffer = new FrameBuffer(0);
    for (let i = 0; i < 2000; i++) buffer.append(frame);
    length = buffer.length;
  });
  assertLess(moved, 4 * length);
});
