import {
  encodeFrame,
  Frame,
  UsageError,
  VERSIONS,
} from "../../../codec/mod.ts";
import {
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertThrows,
} from "../../support/assert.ts";
import { decode, decodeFrames, errorIn } from "../../support/decoding.ts";
import { encode } from "../../support/encoding.ts";
import { frameOf, plain, utf8, wire } from "../../support/frames.ts";
import { test } from "../../support/harness.ts";

const FROM_1_1 = ["1.1", "1.2"] as const;
const SESSION_COMMANDS = "SUBSCRIBE ACK BEGIN COMMIT ABORT DISCONNECT RECEIPT"
  .split(" ");

test("FR-06: without content-length the first NUL ends the body", () => {
  for (const version of VERSIONS) {
    assertEquals(
      decodeFrames("SEND\n\nab\0\nSEND\n\nc\0", { version }),
      [plain("SEND", {}, "ab"), plain("SEND", {}, "c")],
    );
  }
});

test("FR-07: content-length counts octets, NUL inside the body is data, NUL must follow", () => {
  for (const version of VERSIONS) {
    const body = utf8("€") + "\0\0";
    assertEquals(
      decodeFrames(`SEND\ncontent-length:5\n\n${body}\0`, { version }),
      [plain("SEND", { "content-length": "5" }, body)],
    );
    assertMatch(
      errorIn("SEND\ncontent-length:2\n\nabc\0", version),
      /behind the body of this SEND frame is "c", not NUL/,
    );
    assertMatch(
      errorIn("SEND\ncontent-length:2\n\nab", version),
      /ended inside a SEND frame/,
    );
  }
});

test("FR-08: any frame may have a content-length", () => {
  for (const command of SESSION_COMMANDS) {
    const frame = plain(command, { "content-length": "0" });
    for (const version of VERSIONS) {
      const text = `${command}\ncontent-length:0\n\n\0`;
      assertEquals(decodeFrames(text, { version }), [frame]);
      assertStrictEquals(encode(frame, { version }), text);
    }
  }
});

test("FR-09: a body that we send has its content-length", () => {
  for (const version of VERSIONS) {
    for (const command of ["SEND", "MESSAGE", "ERROR"]) {
      assertStrictEquals(
        encode(plain(command, { a: "b" }, utf8("é")), { version }),
        `${command}\na:b\ncontent-length:2\n\n${utf8("é")}\0`,
      );
    }
    assertStrictEquals(encode(plain("SEND"), { version }), "SEND\n\n\0");
  }
});

test("FR-10: a body with NUL is never sent without content-length", () => {
  const frame = plain("SEND", {}, "a\0b");
  for (const version of VERSIONS) {
    assertStrictEquals(
      encode(frame, { version }),
      "SEND\ncontent-length:3\n\na\0b\0",
    );
    assertThrows(
      () => encode(frame, { version, contentLength: false }),
      UsageError,
      "a body that holds NUL needs a content-length",
    );
  }
});

test("FR-11: any number of EOLs may follow a frame", () => {
  for (const version of VERSIONS) {
    for (const eols of ["", "\n", "\n".repeat(50)]) {
      assertEquals(
        decodeFrames(`SEND\n\n\0${eols}SEND\n\n\0${eols}`, { version }),
        [plain("SEND"), plain("SEND")],
      );
    }
  }
  assertEquals(
    decodeFrames("SEND\n\n\0\r\n\n\r\nSEND\n\n\0\r\n", { version: "1.2" }),
    [plain("SEND"), plain("SEND")],
  );
});

test("FR-18: only SEND, MESSAGE and ERROR may have a body from 1.1 on", () => {
  for (const version of FROM_1_1) {
    for (const command of ["SEND", "MESSAGE", "ERROR"]) {
      assertEquals(decodeFrames(`${command}\n\na\0`, { version }), [
        plain(command, {}, "a"),
      ]);
    }
    for (const command of SESSION_COMMANDS) {
      assertMatch(
        errorIn(`${command}\n\na\0`, version),
        /frame cannot have a body/,
      );
      assertThrows(
        () => encode(plain(command, {}, "a"), { version }),
        UsageError,
        `a ${command} frame cannot have a body in STOMP ${version}`,
      );
    }
  }
});

test("FR-20: a body is octets, whatever its content-type, until it is asked for text", () => {
  for (const version of VERSIONS) {
    for (const type of ["", "content-type:text/plain\n"]) {
      const [frame] = decodeFrames(`SEND\n${type}\n\xff\0`, { version });
      assertStrictEquals(frame?.body, "\xff");
    }
  }
  assertStrictEquals(new Frame("SEND", {}, "é").text(), "é");
});

test("FR-21: UTF-8 goes both ways, in heads and bodies", () => {
  const text = "\ufeff\x7f\x80\u07ff\u0800\uffff\u{10000}\u{10ffff}";
  for (const version of VERSIONS) {
    const frame = new Frame("SEND", { [text]: text }, text);
    const [decoded] = decodeFrames(wire(encodeFrame(frame, { version })), {
      version,
    });
    assertEquals(decoded?.headers[0], [text, text]);
    assertStrictEquals(decoded?.body, utf8(text));
    assertStrictEquals(frameOf(decoded).text(), text);
  }
});

test("FR-22: header octets, header count and body octets have limits", () => {
  for (const version of VERSIONS) {
    const errorUnder = (limits: Record<string, number>) =>
      decode("SEND\na:b\nc:d\n\nbody\0", { version, limits }).error ?? "none";
    assertMatch(errorUnder({ maxHeaderBytes: 13 }), /maxHeaderBytes/);
    assertMatch(errorUnder({ maxHeaderCount: 1 }), /maxHeaderCount/);
    assertMatch(errorUnder({ maxBodyBytes: 3 }), /maxBodyBytes/);
    assertStrictEquals(
      errorUnder({ maxHeaderBytes: 14, maxHeaderCount: 2, maxBodyBytes: 4 }),
      "none",
    );
  }
});

test("FR-23: a heart-beat is LF, in 1.2 any EOL, and no frame", () => {
  for (const version of FROM_1_1) {
    assertEquals(decodeFrames("\n\nSEND\n\n\0\n\n\n", { version }), [
      plain("SEND"),
    ]);
  }
  assertEquals(decodeFrames("\r\n\n\r\n", { version: "1.2" }), []);
  assertMatch(errorIn("\r\n", "1.1"), /"\\r" begins no command/);
});

test("FR-24: a SUBSCRIBE of 1.0 may come with a body", () => {
  assertEquals(
    decodeFrames("SUBSCRIBE\nid:1\n\nignored\0", { version: "1.0" }),
    [
      plain("SUBSCRIBE", { id: "1" }, "ignored"),
    ],
  );
});
