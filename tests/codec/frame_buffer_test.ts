import {
  Frame,
  FrameBuffer,
  FrameDecoder,
  UsageError,
} from "../../codec/mod.ts";
import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { wire } from "../support/frames.ts";
import { test } from "../support/harness.ts";

const SMALL = new Uint8Array(99).fill(1);
const LARGE = new Uint8Array(100).fill(2);

function sends(buffer: FrameBuffer, ...bodies: Uint8Array[]): void {
  for (const body of bodies) {
    buffer.append(new Frame("SEND", { destination: "/queue/a" }, body));
  }
}

test("FrameBuffer hands on large bodies as they are, and copies small ones", () => {
  const buffer = new FrameBuffer(64, 100);
  sends(buffer, SMALL, LARGE, SMALL, LARGE, LARGE);
  const { length } = buffer;
  const pieces = buffer.takePieces();
  assertEquals(pieces.filter((piece) => piece === LARGE).length, 3);
  assert(!pieces.includes(SMALL));
  assertEquals(pieces.reduce((sum, piece) => sum + piece.length, 0), length);
  assertEquals(buffer.length, 0);
  const decoder = new FrameDecoder({ version: "1.2" });
  for (const piece of pieces) decoder.push(piece);
  assertEquals(
    [...decoder].map(({ body }) => body.length),
    [99, 100, 99, 100, 100],
  );
});

test("FrameBuffer takes the same octets in pieces and as one array", () => {
  const [inPieces, asOne] = [1, 2].map(() => {
    const buffer = new FrameBuffer(64, 100);
    sends(buffer, SMALL, LARGE, SMALL);
    return buffer;
  });
  const joined = inPieces!.takePieces().map(wire).join("");
  assertEquals(wire(asOne!.take()), joined);
  assertEquals(asOne!.length, 0);
});

test("FrameBuffer never writes to what was taken", () => {
  const buffer = new FrameBuffer(1000);
  sends(buffer, SMALL);
  const first = buffer.take();
  const before = wire(first);
  sends(buffer, SMALL, SMALL);
  const second = buffer.take();
  assertStrictEquals(first.buffer, second.buffer);
  assertEquals(wire(first), before);
});

test("FrameBuffer adds nothing of a frame that it refuses, also behind a large body", () => {
  const buffer = new FrameBuffer(64, 100);
  sends(buffer, LARGE, SMALL);
  const { length } = buffer;
  assertThrows(() => buffer.append(new Frame("SEND", { a: "\0" })), UsageError);
  assertThrows(
    () => buffer.append(new Frame("SEND", { "content-length": "7" }, LARGE)),
    UsageError,
  );
  assertEquals(buffer.length, length);
  sends(buffer, SMALL);
  const decoder = new FrameDecoder({ version: "1.2" });
  decoder.push(buffer.take());
  assertEquals([...decoder].map(({ body }) => body.length), [100, 99, 99]);
});
