import { plain } from "../../support/frames.ts";
import { ALL, bad, type Case } from "./case.ts";

const STRANGERS = [
  ["an HTTP answer", "H", "HTTP"],
  ["GET", "G", "HTTP"],
  ["POST", "P", "HTTP"],
  ["a TLS hello", "\x16", "TLS"],
  ["a TLS alert", "\x15", "TLS"],
  ["an AMQP header", "AM", "AMQP"],
  ["an SSH banner", "SS", "SSH"],
] as const;

/** What is no STOMP at all, up to the first octet that proves it. */
export const GARBAGE: readonly Case[] = [
  ...STRANGERS.flatMap(([what, wire, protocol]) => [
    bad(what, ALL, wire, `the peer seems to speak ${protocol}`),
    bad(
      `${what} behind a good frame`,
      ALL,
      `SEND\n\n\0\n${wire}`,
      `the peer seems to speak ${protocol}`,
      plain("SEND"),
    ),
  ]),
  ...["\0", "\x01", "\x10", "\x7f", "\x80", "\xef", "\xff", "SE\0", "SEND\0"]
    .map((wire) =>
      bad(
        `a binary octet at the end of ${JSON.stringify(wire)}`,
        ALL,
        wire,
        "the peer seems to speak a binary protocol",
      )
    ),
  ...["X", "s", "Se", " ", "{", "SEND ", "SENDS", "SEN\n", "CONNECTE\n", "*"]
    .map((wire) =>
      bad(
        `the command ${JSON.stringify(wire)}`,
        ALL,
        wire,
        `${JSON.stringify(wire)} begins no command of STOMP 1.`,
      )
    ),
  bad("NACK, which 1.0 does not have", ["1.0"], "N", "SEND, SUBSCRIBE, "),
  bad("STOMP, which 1.0 does not have", ["1.0"], "ST", `"ST" begins no`),
  bad(
    "a second NUL behind a frame",
    ALL,
    "SEND\n\n\0\0",
    "or a frame before this one ended early",
    plain("SEND"),
  ),
];
