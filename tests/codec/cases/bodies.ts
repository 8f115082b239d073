import { plain, utf8 } from "../../support/frames.ts";
import { ALL, bad, both, type Case, cut, ESCAPED, read } from "./case.ts";

const EVERY_OCTET = Array.from({ length: 256 }, (_, i) => i)
  .map((code) => String.fromCharCode(code)).join("");
const BODILESS = [
  "CONNECT CONNECTED SUBSCRIBE UNSUBSCRIBE ACK BEGIN COMMIT ABORT DISCONNECT",
  "RECEIPT",
].join(" ").split(" ");

/** Bodies and their lengths. */
export const BODIES: readonly Case[] = [
  ...["SEND", "MESSAGE", "ERROR"].map((command) =>
    both(
      `${command} with a body up to the first NUL`,
      ALL,
      `${command}\n\nline 1\r\nline 2\n:\\\n\0`,
      plain(command, {}, "line 1\r\nline 2\n:\\\n"),
    )
  ),
  both(
    "a body with NULs by its content-length",
    ALL,
    "SEND\ncontent-length:3\n\n\0\0\0\0",
    plain("SEND", { "content-length": "3" }, "\0\0\0"),
  ),
  both(
    "a body of every octet",
    ALL,
    `MESSAGE\ncontent-length:256\n\n${EVERY_OCTET}\0`,
    plain("MESSAGE", { "content-length": "256" }, EVERY_OCTET),
  ),
  both(
    "content-length in octets, not characters",
    ALL,
    `SEND\ncontent-length:9\n\n${utf8("é€😀")}\0`,
    plain("SEND", { "content-length": "9" }, utf8("é€😀")),
  ),
  both(
    "a body that looks like frames",
    ALL,
    "SEND\ncontent-length:8\n\nSEND\n\n\0\n\0SEND\n\n\0",
    plain("SEND", { "content-length": "8" }, "SEND\n\n\0\n"),
    plain("SEND"),
  ),
  both(
    "a body that is not UTF-8",
    ALL,
    "SEND\n\n\xff\xfe\x80\0",
    plain("SEND", {}, "\xff\xfe\x80"),
  ),
  both(
    "a content-length of 0",
    ALL,
    "SEND\ncontent-length:0\n\n\0",
    plain("SEND", { "content-length": "0" }),
  ),
  both(
    "a content-length with zeros in front",
    ALL,
    "SEND\ncontent-length:0002\n\n\0a\0",
    plain("SEND", { "content-length": "0002" }, "\0a"),
  ),
  both(
    "the first of two contradicting content-lengths",
    ALL,
    "SEND\ncontent-length:2\ncontent-length:x\n\n\0a\0",
    plain("SEND", [["content-length", "2"], ["content-length", "x"]], "\0a"),
  ),
  both(
    "a header whose name is almost content-length",
    ALL,
    "SEND\nContent-Length:9\ncontent-lengthy:9\ncontent_length:9\n\nab\0",
    plain("SEND", {
      "Content-Length": "9",
      "content-lengthy": "9",
      "content_length": "9",
    }, "ab"),
  ),
  ...BODILESS.map((command) =>
    both(
      `${command} with a content-length of 0`,
      ALL,
      `${command}\ncontent-length:0\n\n\0`,
      plain(command, { "content-length": "0" }),
    )
  ),
  ...BODILESS.map((command) =>
    both(
      `${command} with a body, which only 1.0 allows`,
      ["1.0"],
      `${command}\n\na\0${command}\ncontent-length:1\n\n\0\0`,
      plain(command, {}, "a"),
      plain(command, { "content-length": "1" }, "\0"),
    )
  ),
  read(
    "EOLs behind a body, which do not belong to it",
    ALL,
    "SEND\n\na\0\n\nSEND\ncontent-length:1\n\nb\0\n",
    plain("SEND", {}, "a"),
    plain("SEND", { "content-length": "1" }, "b"),
  ),

  ...["-1", "+1", " 1", "1 ", "1.0", "1e1", "0x1", "1,2", "a", utf8("١")]
    .map((length) =>
      bad(
        `content-length "${length}"`,
        ALL,
        `SEND\na:b\ncontent-length:${length}\n`,
        "header line 2 of this SEND frame has content-length with something " +
          "other than digits",
      )
    ),
  bad(
    "an empty content-length",
    ALL,
    "SEND\ncontent-length:\n",
    "header line 1 of this SEND frame has content-length without a value",
  ),
  bad(
    "a body that is longer than its content-length",
    ALL,
    "SEND\ncontent-length:2\n\nabc",
    `the octet behind the body of this SEND frame is "c", not NUL, so its ` +
      `content-length of 2 is wrong`,
  ),
  bad(
    "a body that is shorter than its content-length",
    ALL,
    "SEND\n\n\0SEND\ncontent-length:4\n\na\0\nSE",
    `behind the body of this SEND frame is "E", not NUL`,
    plain("SEND"),
  ),
  bad(
    "a content-length of 0 and a body",
    ALL,
    "SEND\ncontent-length:0\n\n\n",
    "behind the body of this SEND frame is 0x0a, not NUL",
  ),
  bad(
    "a content-length beyond any number",
    ALL,
    `SEND\ncontent-length:${"9".repeat(400)}\n\n`,
    "the body of this SEND frame is over the limit of 104857600 octets",
  ),
  ...[...BODILESS, "NACK", "STOMP"].flatMap((command) => [
    bad(
      `${command} with a body`,
      ESCAPED,
      `${command}\n\na`,
      `a ${command} frame cannot have a body in STOMP 1.`,
    ),
    bad(
      `${command} with the content-length of a body`,
      ESCAPED,
      `${command}\ncontent-length:1\n\n`,
      `a ${command} frame cannot have a body in STOMP 1.`,
    ),
  ]),

  ...["", "a", "ab"].map((body) =>
    cut(
      `a stream that ends ${3 - body.length} octets too early`,
      ALL,
      `SEND\ncontent-length:2\n\n${body}`,
      "ended inside a SEND frame",
    )
  ),
];
