import { plain, utf8 } from "../../support/frames.ts";
import { ALL, bad, both, type Case, CRLF, cut, NO_CRLF, read } from "./case.ts";

const EMPTY = plain("SEND");

/** Command lines, header lines, their ends, and what is between frames. */
export const HEADS: readonly Case[] = [
  ...[
    "CONNECT CONNECTED SEND SUBSCRIBE UNSUBSCRIBE ACK BEGIN COMMIT ABORT",
    "DISCONNECT MESSAGE RECEIPT ERROR",
  ].join(" ").split(" ").map((command) =>
    both(`${command} without headers`, ALL, `${command}\n\n\0`, plain(command))
  ),
  ...["NACK", "STOMP"].map((command) =>
    both(
      `${command} without headers`,
      [undefined, "1.1", "1.2"],
      `${command}\n\n\0`,
      plain(command),
    )
  ),
  both(
    "headers in the order of the wire",
    ALL,
    "SUBSCRIBE\nid:1\ndestination:/queue/a\nack:client\n\n\0",
    plain("SUBSCRIBE", { id: "1", destination: "/queue/a", ack: "client" }, ""),
  ),
  both(
    "repeated headers, all of them",
    ALL,
    "SEND\na:1\nb:2\na:3\na:\n\n\0",
    plain("SEND", [["a", "1"], ["b", "2"], ["a", "3"], ["a", ""]]),
  ),
  both(
    "header names that differ in case as different names",
    ALL,
    "SEND\nfoo:1\nFoo:2\n\n\0",
    plain("SEND", { foo: "1", Foo: "2" }),
  ),
  both("an empty value", ALL, "SEND\na:\n\n\0", plain("SEND", { a: "" })),
  both(
    "blanks in names and values, untrimmed",
    ALL,
    "SEND\n a\t: b \n c d :\t\n : \n\n\0",
    plain("SEND", { " a\t": " b ", " c d ": "\t", " ": " " }),
  ),
  both(
    "a value with raw colons where there are no escapes",
    ["1.0"],
    "SEND\na:b:c::\n\n\0",
    plain("SEND", { a: "b:c::" }),
  ),
  read(
    "a value with raw colons, as real brokers send them",
    [undefined, "1.1", "1.2"],
    "MESSAGE\nmessage-id:ID:host-1:2:-1:1\na:::\n\n\0",
    plain("MESSAGE", { "message-id": "ID:host-1:2:-1:1", a: "::" }),
  ),
  both(
    "control characters other than the special ones",
    ALL,
    "SEND\n\x01\x09:\x08\x0b\x1f\x7f\n\n\0",
    plain("SEND", { "\x01\x09": "\x08\x0b\x1f\x7f" }),
  ),
  both(
    "the first and last UTF-8 sequence of every length",
    ALL,
    utf8("SEND\n\x80\u07ff\u0800\ud7ff:\ue000\uffff\u{10000}\u{10ffff}\n\n\0"),
    plain("SEND", {
      "\x80\u07ff\u0800\ud7ff": "\ue000\uffff\u{10000}\u{10ffff}",
    }),
  ),
  both(
    "a byte order mark as a character of the text",
    ALL,
    utf8("SEND\n\ufeffa:\ufeff\n\n\0"),
    plain("SEND", { "\ufeffa": "\ufeff" }),
  ),
  both(
    "long names and values",
    ALL,
    utf8(
      `SEND\n${"n".repeat(99)}:${"v".repeat(99)}\né:${"ü".repeat(33)}\n\n\0`,
    ),
    plain("SEND", {
      ["n".repeat(99)]: "v".repeat(99),
      "é": "ü".repeat(33),
    }),
  ),
  read(
    "lines that end in CR LF",
    CRLF,
    "SEND\r\na:b\r\nc:\r\n\r\n\0",
    plain("SEND", { a: "b", c: "" }),
  ),
  read(
    "lines that end in CR LF and in LF by turns",
    CRLF,
    "SEND\na:b\r\nc:d\n\r\n\0\r\n\nSEND\r\n\n\0",
    plain("SEND", { a: "b", c: "d" }),
    EMPTY,
  ),
  both(
    "CR as part of names and values where it is no line end",
    NO_CRLF,
    "SEND\na\r:\rb\r\n\rc\r:\r\r\n\n\0",
    plain("SEND", { "a\r": "\rb\r", "\rc\r": "\r\r" }),
  ),
  both(
    "frames one behind the other",
    ALL,
    "SEND\n\n\0SEND\n\n\0",
    EMPTY,
    EMPTY,
  ),
  read(
    "LFs around frames",
    ALL,
    "\n\nSEND\n\n\0\nSEND\n\n\0\n\n",
    EMPTY,
    EMPTY,
  ),
  read(
    "CR LFs around frames",
    CRLF,
    "\r\nSEND\n\n\0\r\n\n\r\nSEND\n\n\0\r\n\r\n",
    EMPTY,
    EMPTY,
  ),
  both("no octet", ALL, ""),
  read("heart-beats alone", ALL, "\n\n\n"),

  bad(
    "a header line without a colon",
    ALL,
    "SEND\nabc\n",
    "header line 1 of this SEND frame has no colon",
  ),
  bad(
    "a later header line without a colon, behind a good frame",
    ALL,
    "SEND\n\n\0ACK\na:b\nc\n",
    "header line 2 of this ACK frame has no colon",
    EMPTY,
  ),
  bad(
    "a header without a name",
    ALL,
    "SEND\na:b\n:",
    "header line 2 of this SEND frame has an empty name",
  ),
  ...["\0", "a\0", "a:\0", "a:b\0", "a:b\n\0"].map((head) =>
    bad(`a NUL inside the head, ${name(head)}`, ALL, `SEND\n${head}`, "a NUL")
  ),
  ...[
    ["a lone continuation", "\x80"],
    ["an overlong sequence of two", "\xc1"],
    ["an overlong sequence of three", "\xe0\x9f"],
    ["an overlong sequence of four", "\xf0\x8f"],
    ["a surrogate", "\xed\xa0"],
    ["a character above U+10FFFF", "\xf4\x90"],
    ["a lead octet of five", "\xf5"],
    ["an octet that UTF-8 never has", "\xff"],
    ["a sequence of two broken off", "\xc3\n"],
    ["a sequence of three broken off", "\xe2\x82:"],
    ["a sequence of four broken off", "\xf0\x9f\x98\0"],
    ["Latin-1", "\xe9b"],
  ].flatMap(([what, wrong]) =>
    ["", "good:1\nname", "a:", "a:value"].map((before) =>
      bad(
        `${what} in a head, ${name(before)}`,
        ALL,
        `SEND\n${before}${wrong}`,
        "octets that are not UTF-8",
      )
    )
  ),
  ...["\ra", "a\rb", "a:\rb", "a:b\rb", "a:b\r\0", "a:b\n\rb", "a:b\r\r"].map((
    head,
  ) => bad(`a bare CR, ${name(head)}`, CRLF, `SEND\n${head}`, "a bare CR")),
  bad("a bare CR behind the command", CRLF, "SEND\ra", `"SEND\\ra"`),
  bad(
    "a bare CR between two frames",
    CRLF,
    "SEND\n\n\0\r\n\rS",
    "a bare CR between two frames",
    EMPTY,
  ),
  bad(
    "a blank line that ends in CR LF, where it does not",
    NO_CRLF,
    "SEND\na:b\n\r\n",
    "header line 2 of this SEND frame has no colon",
  ),
  bad(
    "a command line that ends in CR LF, where it does not",
    NO_CRLF,
    "SEND\r",
    `"SEND\\r" begins no command`,
  ),
  bad(
    "CR LF between two frames, where it is no EOL",
    NO_CRLF,
    "SEND\n\n\0\n\r",
    `"\\r" begins no command`,
    EMPTY,
  ),

  ...["S", "SEND"].map((start) =>
    cut(
      `a stream that ends behind ${start}`,
      ALL,
      `SEND\n\n\0\n${start}`,
      `ended inside a frame, ${start.length} octets after its beginning`,
      EMPTY,
    )
  ),
  ...["SEND\n", "SEND\na", "SEND\na:b", "SEND\na:b\n", "SEND\n\n", "SEND\n\na"]
    .map((start) =>
      cut(
        `a stream that ends behind ${name(start)}`,
        ALL,
        start,
        `ended inside a SEND frame, ${start.length} octets after`,
      )
    ),
  ...["SEND\r", "SEND\r\n\r", "SEND\na:b\r", "SEND\na:\xe2\x82"].map((start) =>
    cut(`a stream that ends behind ${name(start)}`, CRLF, start, "ended inside")
  ),
  cut("a stream that ends in a CR", CRLF, "\r\n\r", "ended with a bare CR"),
];

function name(wire: string): string {
  return JSON.stringify(wire);
}
