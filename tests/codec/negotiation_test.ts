import { FrameDecoder, type Version } from "../../codec/mod.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { chunkings } from "../support/chunkings.ts";
import { octets, plain, type PlainFrame, show } from "../support/frames.ts";
import { test } from "../support/harness.ts";

const CONNECT = "CONNECT\naccept-version:1.2\n\n\0";

/** Reads as a server does, which chooses a version when CONNECT has come. */
function readAsServer(
  chunks: readonly Uint8Array[],
  version: Version,
): PlainFrame[] {
  const decoder = new FrameDecoder();
  const frames: PlainFrame[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (const frame of decoder) {
      frames.push(show(frame));
      if (frame.command === "CONNECT") decoder.version = version;
    }
  }
  decoder.end();
  return frames;
}

const READINGS = [
  ["1.0", "\\c\r", "\r\n", "\\c\r"],
  ["1.1", "\\c\r", "\n\r\n", ":\r"],
  ["1.2", "\\c\\r", "\r\n\r\n", ":\r"],
] as const;

for (const [version, written, eols, value] of READINGS) {
  test(`a server chooses ${version} between two frames of one chunk`, () => {
    const bytes = octets(`${CONNECT}${eols}SEND\na:${written}\n\n\0`);
    for (const { name, chunks } of chunkings(bytes)) {
      assertEquals(
        readAsServer(chunks, version),
        [
          plain("CONNECT", { "accept-version": "1.2" }),
          plain("SEND", { a: value }),
        ],
        name,
      );
    }
  });
}

const ADOPTIONS = [
  ["version:1.0\n", "1.0"],
  ["version:1.1\n", "1.1"],
  ["version:1.2\n", "1.2"],
  ["session:1\n", "1.0"],
  ["version:1.3\n", undefined],
  ["version: 1.2\n", undefined],
  ["version:\n", undefined],
] as const;

for (const [header, version] of ADOPTIONS) {
  const claim = `CONNECTED with ${JSON.stringify(header)} means ${version}`;
  test(`${claim} to a decoder before negotiation`, () => {
    const decoder = new FrameDecoder();
    decoder.push(octets(`CONNECTED\n${header}\n\0`));
    assertStrictEquals(decoder.version, undefined);
    assertEquals([...decoder].length, 1);
    assertStrictEquals(decoder.version, version);
  });
}

test("a decoder that was given a version keeps it", () => {
  const decoder = new FrameDecoder({ version: "1.1" });
  decoder.push(octets("CONNECTED\nversion:1.2\n\n\0"));
  assertEquals([...decoder].length, 1);
  assertStrictEquals(decoder.version, "1.1");
});

test("a decoder can be taken back to the time before negotiation", () => {
  const decoder = new FrameDecoder({ version: "1.0" });
  decoder.version = undefined;
  decoder.push(octets("CONNECTED\nversion:1.1\n\n\0"));
  assertEquals([...decoder].length, 1);
  assertStrictEquals(decoder.version, "1.1");
});
