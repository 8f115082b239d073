import { FrameBuffer } from "../../codec/encoder.ts";
import {
  encodeFrame,
  type EncodeOptions,
  Frame,
  UsageError,
} from "../../codec/mod.ts";
import {
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { decodeFrames } from "../support/decoding.ts";
import { encode } from "../support/encoding.ts";
import { plain, type PlainFrame, utf8, wire } from "../support/frames.ts";
import { test } from "../support/harness.ts";

type Row = readonly [
  name: string,
  frame: PlainFrame,
  options: EncodeOptions,
  wire: string,
];

const BODY = plain("SEND", {}, "body");

const ROWS: readonly Row[] = [
  [
    "adds the content-length of a body",
    BODY,
    {},
    "SEND\ncontent-length:4\n\nbody\0",
  ],
  [
    "adds no content-length where there is no body",
    plain("SEND", { a: "b" }),
    {},
    "SEND\na:b\n\n\0",
  ],
  [
    "leaves content-length out when told so",
    BODY,
    { contentLength: false },
    "SEND\n\nbody\0",
  ],
  [
    "keeps a content-length that is right",
    plain("SEND", { "content-length": "4", a: "b" }, "body"),
    {},
    "SEND\ncontent-length:4\na:b\n\nbody\0",
  ],
  [
    "keeps a content-length that the caller gave, also where told to add none",
    plain("SEND", { "content-length": "2" }, "\0\0"),
    { contentLength: false },
    "SEND\ncontent-length:2\n\n\0\0\0",
  ],
  [
    "takes only that name for a content-length",
    plain("SEND", { "Content-Length": "9" }, "body"),
    {},
    "SEND\nContent-Length:9\ncontent-length:4\n\nbody\0",
  ],
  [
    "counts octets, not characters",
    plain("SEND", {}, utf8("é€")),
    {},
    `SEND\ncontent-length:5\n\n${utf8("é€")}\0`,
  ],
  [
    "writes 1.2 where no version is given",
    plain("NACK", { a: ":\r\n\\" }),
    {},
    "NACK\na:\\c\\r\\n\\\\\n\n\0",
  ],
  [
    "writes CR as it is in 1.1",
    plain("NACK", { a: ":\r\n\\" }),
    { version: "1.1" },
    "NACK\na:\\c\r\\n\\\\\n\n\0",
  ],
  [
    "writes everything as it is in 1.0",
    plain("ACK", { a: ":\r\\" }),
    { version: "1.0" },
    "ACK\na::\r\\\n\n\0",
  ],
  [
    "writes a body on any frame of 1.0",
    plain("SUBSCRIBE", {}, "body"),
    { version: "1.0" },
    "SUBSCRIBE\ncontent-length:4\n\nbody\0",
  ],
  [
    "writes repeated headers in their order",
    plain("SEND", [["a", "1"], ["b", "2"], ["a", "3"]]),
    {},
    "SEND\na:1\nb:2\na:3\n\n\0",
  ],
];

for (const [name, frame, options, expected] of ROWS) {
  test(`encodeFrame ${name}`, () => {
    assertStrictEquals(encode(frame, options), expected);
  });
}

test("encodeFrame gives no more than the frame", () => {
  for (const value of ["plain", "é€😀", ":".repeat(1000)]) {
    const octets = encodeFrame(new Frame("SEND", { value }, value));
    assertStrictEquals(octets.at(-1), 0);
    const [frame] = decodeFrames(wire(octets), { version: "1.2" });
    assertEquals(frame?.headers[0], ["value", value]);
  }
});

test("a frame that was read can be written in another version", () => {
  const [frame] = decodeFrames("MESSAGE\na:\\c\\r\\n\n\n\0", {
    version: "1.2",
  });
  assertStrictEquals(
    encode(frame!, { version: "1.1" }),
    "MESSAGE\na:\\c\r\\n\n\n\0",
  );
});

test("FrameBuffer gathers frames and heart-beats for one write", () => {
  for (const room of [0, 7, 1000]) {
    const buffer = new FrameBuffer(room);
    assertStrictEquals(buffer.length, 0);
    for (let round = 0; round < 2; round++) {
      buffer.append(new Frame("SEND", { a: "é:" }, "body"));
      buffer.appendHeartBeat();
      buffer.append(new Frame("BEGIN"), { version: "1.1" });
      const expected = utf8(
        "SEND\na:é\\c\ncontent-length:4\n\nbody\0\nBEGIN\n\n\0",
      );
      assertStrictEquals(buffer.length, expected.length);
      assertStrictEquals(wire(buffer.take()), expected);
      assertStrictEquals(buffer.length, 0);
      assertStrictEquals(buffer.take().length, 0);
    }
  }
});

test("what FrameBuffer has handed over does not change any more", () => {
  const buffer = new FrameBuffer(100);
  buffer.append(new Frame("BEGIN"));
  const taken = buffer.take();
  buffer.append(new Frame("ABORT"));
  assertStrictEquals(wire(taken), "BEGIN\n\n\0");
});

for (
  const [options, includes] of [
    [{ version: "1.3" }, '"1.3"'],
    [{ version: "9" }, '"9"'],
    [{ contentLength: "no" }, '"no"'],
  ] as const
) {
  test(`encodeFrame() refuses ${JSON.stringify(options)}`, () => {
    assertThrows(
      () => encodeFrame(new Frame("SEND"), options as never),
      UsageError,
      includes,
    );
  });
}
