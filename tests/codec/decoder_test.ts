import { FrameDecoder, FrameError, UsageError } from "../../codec/mod.ts";
import type { FrameDecoderOptions } from "../../codec/mod.ts";
import {
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { octets, plain, show, utf8 } from "../support/frames.ts";
import { test } from "../support/harness.ts";

const ACK = "ACK\nid:1\n\n\0";

function decoderOf(text: string, options: FrameDecoderOptions = {}) {
  const decoder = new FrameDecoder({ version: "1.2", ...options });
  decoder.push(octets(text));
  return decoder;
}

test("FrameDecoder hands out each frame once, whoever iterates", () => {
  const decoder = decoderOf(`${ACK}BEGIN\n\n\0ABORT\n\n\0`);
  for (const { command } of decoder) {
    assertStrictEquals(command, "ACK");
    break;
  }
  const [second] = decoder;
  assertStrictEquals(second?.command, "BEGIN");
  assertEquals([...decoder].map(({ command }) => command), ["ABORT"]);
  assertEquals([...decoder], []);
  decoder.push(octets(ACK));
  assertEquals([...decoder].map(show), [plain("ACK", { id: "1" })]);
});

test("FrameDecoder yields value, value, error", () => {
  const decoder = decoderOf(`${ACK}BEGIN\n\n\0x`);
  const frames = decoder[Symbol.iterator]();
  assertStrictEquals(frames.next().value?.command, "ACK");
  assertStrictEquals(frames.next().value?.command, "BEGIN");
  assertThrows(() => frames.next(), FrameError);
});

test("FrameDecoder is dead after an error and repeats it", () => {
  const decoder = decoderOf("x");
  const error = assertThrows(() => [...decoder], FrameError);
  decoder.push(octets(ACK));
  for (const again of [() => [...decoder], () => decoder.end()]) {
    assertStrictEquals(assertThrows(again, FrameError), error);
  }
});

test("FrameDecoder.push() never throws on content", () => {
  const decoder = decoderOf(ACK);
  for (const wrong of ["", "\0\0\0", "HTTP/1.1 400\r\n", "\xff"]) {
    decoder.push(octets(wrong));
  }
  const frames = decoder[Symbol.iterator]();
  assertStrictEquals(frames.next().value?.command, "ACK");
});

test("FrameDecoder.push() takes octets only", () => {
  for (const wrong of ["text", undefined, [1], new ArrayBuffer(1)]) {
    assertThrows(
      () => new FrameDecoder().push(wrong as never),
      UsageError,
      "A decoder takes a Uint8Array, not ",
    );
  }
});

test("FrameDecoder.end() is content between two frames", () => {
  for (const text of ["", "\n\r\n", ACK, `${ACK}\n`]) {
    const decoder = decoderOf(text);
    assertEquals([...decoder].length, text.includes("ACK") ? 1 : 0);
    decoder.end();
  }
});

test("FrameDecoder.end() leaves the frames that nobody has asked for", () => {
  const decoder = decoderOf(`${ACK}${ACK}`);
  decoder.end();
  assertEquals([...decoder].length, 2);
});

test("FrameDecoder.end() that fails still leaves the frames before", () => {
  const decoder = decoderOf(`${ACK}${ACK}SEN`);
  const error = assertThrows(() => decoder.end(), FrameError);
  assertStringIncludes(error.message, "ended inside a frame, 3 octets");
  const frames = decoder[Symbol.iterator]();
  assertStrictEquals(frames.next().value?.command, "ACK");
  assertStrictEquals(frames.next().value?.command, "ACK");
  assertStrictEquals(assertThrows(() => frames.next(), FrameError), error);
});

test("FrameDecoder copies no frame that lies inside one chunk", () => {
  const chunk = octets("SEND\n\none\0SEND\ncontent-length:3\n\ntwo\0");
  const decoder = new FrameDecoder();
  decoder.push(chunk);
  for (const { body } of decoder) {
    assertStrictEquals(body.length, 3);
    assertStrictEquals(body.buffer, chunk.buffer);
  }
});

test("frames can be read long after they came", () => {
  const text = (i: number) =>
    utf8(`SEND\nnumber:${i}\né:ü\\c${i}\n\nbody ${i}\0`);
  const numbers = Array.from({ length: 2000 }, (_, i) => i);
  const stream = octets(numbers.map(text).join(""));
  for (const size of [7, 100, 4096, stream.length]) {
    const decoder = new FrameDecoder({ version: "1.2" });
    const frames = [];
    for (let at = 0; at < stream.length; at += size) {
      decoder.push(stream.slice(at, at + size));
      frames.push(...decoder);
    }
    const expected = numbers.map((i) =>
      plain("SEND", { number: `${i}`, "é": `ü:${i}` }, `body ${i}`)
    );
    assertEquals(frames.map(show), expected, `in chunks of ${size}`);
  }
});

test("a head with more headers than any other is read like every other", () => {
  const headers = Array.from({ length: 1000 }, (_, i) => `h${i}:${i}`);
  const decoder = decoderOf(
    `${ACK}SEND\n${headers.join("\n")}\n\n\0${ACK}`.repeat(3),
  );
  for (const frame of decoder) {
    const expected = frame.command === "ACK" ? ["id:1"] : headers;
    assertEquals(frame.headerList.map((pair) => pair.join(":")), expected);
  }
});

test("FrameDecoder takes one of three versions or none", () => {
  for (const version of ["1.3", "", "1", 1.2, null]) {
    const options = { version } as FrameDecoderOptions;
    for (
      const attempt of [
        () => new FrameDecoder(options),
        () => new FrameDecoder().version = options.version,
      ]
    ) {
      assertThrows(attempt, UsageError, 'use "1.0", "1.1" or "1.2"');
    }
  }
  for (const version of ["1.0", "1.1", "1.2", undefined] as const) {
    assertStrictEquals(new FrameDecoder({ version }).version, version);
  }
});
