import { Frame, UsageError, VERSIONS } from "../../../codec/mod.ts";
import {
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../../support/assert.ts";
import { decodeFrames, errorIn } from "../../support/decoding.ts";
import { encode } from "../../support/encoding.ts";
import { plain, utf8 } from "../../support/frames.ts";
import { test } from "../../support/harness.ts";

const FROM_1_1 = ["1.1", "1.2"] as const;
const BEFORE_1_2 = ["1.0", "1.1"] as const;

test("FR-01: the command line ends in LF, in 1.2 also in CR LF", () => {
  for (const version of VERSIONS) {
    assertEquals(decodeFrames("SEND\n\n\0", { version }), [plain("SEND")]);
    assertStringIncludes(encode(plain("SEND"), { version }), "SEND\n");
  }
  assertEquals(decodeFrames("SEND\r\n\r\n\0", { version: "1.2" }), [
    plain("SEND"),
  ]);
  for (const version of BEFORE_1_2) {
    assertMatch(errorIn("SEND\r\n\n\0", version), /begins no command/);
  }
});

test("FR-02: commands and header names are case sensitive", () => {
  for (const version of VERSIONS) {
    assertMatch(errorIn("Send\n\n\0", version), /"Se" begins no command/);
    assertEquals(
      decodeFrames("SEND\nA:1\na:2\nContent-Length:9\n\n\0", { version }),
      [plain("SEND", { A: "1", a: "2", "Content-Length": "9" })],
    );
  }
});

test("FR-03: a header is split at its first colon, its name not empty", () => {
  for (const version of VERSIONS) {
    assertEquals(
      decodeFrames("SEND\na:b:c\n\n\0", { version }),
      [plain("SEND", { a: "b:c" })],
    );
    assertMatch(errorIn("SEND\n:a\n\n\0", version), /an empty name/);
    assertMatch(errorIn("SEND\na\n\n\0", version), /no colon/);
    assertThrows(
      () => encode(plain("SEND", { "": "a" }), { version }),
      UsageError,
      "empty name",
    );
  }
});

test("FR-04: a value holds neither LF nor, in 1.2, CR, and may be empty", () => {
  for (const version of VERSIONS) {
    const empty = plain("SEND", { a: "" });
    assertEquals(decodeFrames("SEND\na:\n\n\0", { version }), [empty]);
    assertStrictEquals(encode(empty, { version }), "SEND\na:\n\n\0");
    assertMatch(errorIn("SEND\na:b\nc\n\n\0", version), /no colon/);
  }
  for (const version of BEFORE_1_2) {
    const returns = plain("SEND", { a: "\rb\r" });
    assertEquals(decodeFrames("SEND\na:\rb\r\n\n\0", { version }), [returns]);
    assertStrictEquals(encode(returns, { version }), "SEND\na:\rb\r\n\n\0");
  }
  assertMatch(errorIn("SEND\na:\rb\n\n\0", "1.2"), /a bare CR/);
});

test("FR-05: a blank line ends the head, which may have no headers", () => {
  for (const version of VERSIONS) {
    assertEquals(
      decodeFrames("SEND\n\na:b\n\0SEND\na:b\n\n\n\0", { version }),
      [plain("SEND", {}, "a:b\n"), plain("SEND", { a: "b" }, "\n")],
    );
  }
  assertEquals(decodeFrames("SEND\r\n\r\n\r\n\0", { version: "1.2" }), [
    plain("SEND", {}, "\r\n"),
  ]);
});

test("FR-12: heads are UTF-8, in 1.0 too", () => {
  const frame = plain("SEND", { "ключ": "值😀" });
  for (const version of VERSIONS) {
    const text = utf8("SEND\nключ:值😀\n\n\0");
    assertEquals(decodeFrames(text, { version }), [frame]);
    assertStrictEquals(encode(frame, { version }), text);
    assertMatch(errorIn("SEND\na:\xe9\n\n\0", version), /not UTF-8/);
    assertMatch(errorIn(utf8("SENDÉ\n\n\0"), version), /begins no command/);
  }
});

test(
  String.raw`FR-13: \n, \c and \\ are escapes, in 1.2 also \r, in 1.0 none`,
  () => {
    const text = "SEND\n\\c\\n\\\\:\\\\n\n\n\0";
    for (const version of FROM_1_1) {
      assertEquals(decodeFrames(text, { version }), [
        plain("SEND", { ":\n\\": "\\n" }),
      ]);
    }
    assertEquals(decodeFrames("SEND\na:\\r\n\n\0", { version: "1.2" }), [
      plain("SEND", { a: "\r" }),
    ]);
    assertEquals(decodeFrames(text, { version: "1.0" }), [
      plain("SEND", { "\\c\\n\\\\": "\\\\n" }),
    ]);
  },
);

test("FR-14: any other escape is fatal from 1.1 on", () => {
  for (const version of FROM_1_1) {
    for (const escape of ["\\t", "\\N", "\\:", "\\"]) {
      for (const line of [`a:${escape}\n`, `${escape}:a\n`]) {
        const error = errorIn(`SEND\n\n\0SEND\n${line}\n\0`, version);
        assertMatch(error, /an escape that STOMP 1\.\d does not have/);
      }
    }
  }
  assertMatch(errorIn("SEND\na:\\r\n\n\0", "1.1"), /STOMP 1\.1 does not have/);
});

test("FR-15: the encoder escapes what the decoder unescapes", () => {
  assertStrictEquals(
    encode(plain("SEND", { "a:\n": "\\:\n" }), { version: "1.1" }),
    "SEND\na\\c\\n:\\\\\\c\\n\n\n\0",
  );
  assertStrictEquals(
    encode(plain("SEND", { "a:\r\n": "\\:\r\n" }), { version: "1.2" }),
    "SEND\na\\c\\r\\n:\\\\\\c\\r\\n\n\n\0",
  );
  assertStrictEquals(
    encode(plain("SEND", { "a\\": "\\:" }), { version: "1.0" }),
    "SEND\na\\:\\:\n\n\0",
  );
});

test("FR-16: CONNECT, STOMP and CONNECTED are never escaped nor unescaped", () => {
  for (const version of FROM_1_1) {
    for (const command of ["CONNECT", "STOMP", "CONNECTED"]) {
      const frame = plain(command, { "a\\": "\\n:\\t\\" });
      const text = `${command}\na\\:\\n:\\t\\\n\n\0`;
      assertEquals(decodeFrames(text, { version }), [frame]);
      assertStrictEquals(encode(frame, { version }), text);
    }
  }
});

test("FR-17: names and values are never trimmed nor padded", () => {
  const frame = plain("SEND", { " a ": "\t b ", c: " " });
  for (const version of VERSIONS) {
    const text = "SEND\n a :\t b \nc: \n\n\0";
    assertEquals(decodeFrames(text, { version }), [frame]);
    assertStrictEquals(encode(frame, { version }), text);
  }
});

test("FR-19: the first entry of a repeated header is its value", () => {
  const headers = [["a", "1"], ["b", "2"], ["a", "3"]] as const;
  for (const version of VERSIONS) {
    assertEquals(decodeFrames("SEND\na:1\nb:2\na:3\n\n\0", { version }), [
      plain("SEND", headers),
    ]);
  }
  assertEquals([...new Frame("SEND", headers).headers], [["a", "1"], [
    "b",
    "2",
  ]]);
});
