import { plain } from "../../support/frames.ts";
import { ALL, bad, both, type Case, CRLF, ESCAPED, read } from "./case.ts";

/** Header text with backslashes in it. */
export const ESCAPES: readonly Case[] = [
  both(
    "the escapes of 1.1",
    ["1.1", "1.2"],
    "SEND\na\\nb:\\c\\n\\\\\n\\\\\\c\\n:x\n\n\0",
    plain("SEND", { "a\nb": ":\n\\", "\\:\n": "x" }),
  ),
  both(
    "the escapes of 1.2",
    ["1.2"],
    "SEND\n\\r\\n:\\r\n\n\0",
    plain("SEND", { "\r\n": "\r" }),
  ),
  both(
    "an escaped backslash before a letter as two characters",
    ["1.1", "1.2"],
    "ACK\na:\\\\n\\\\\\\\c\\\\r\\\\t\n\n\0",
    plain("ACK", { a: "\\n\\\\c\\r\\t" }),
  ),
  read(
    "an escape before CR LF",
    CRLF,
    "ACK\r\na:\\\\\r\nb:\\c\r\n\r\n\0",
    plain("ACK", { a: "\\", b: ":" }),
  ),
  both(
    "backslashes as such where there are no escapes",
    ["1.0"],
    "SEND\n\\n\\c:\\r\\t\\\\\\\n\n\0",
    plain("SEND", { "\\n\\c": "\\r\\t\\\\\\" }),
  ),
  ...["CONNECT", "STOMP", "CONNECTED"].map((command) =>
    both(
      `backslashes in ${command} as such`,
      command === "STOMP" ? ESCAPED : ALL,
      `${command}\n\\c:\\n\\c\\r\\t\\\\\\\n\n\0`,
      plain(command, { "\\c": "\\n\\c\\r\\t\\\\\\" }),
    )
  ),
  ...["MESSAGE", "RECEIPT", "ERROR"].map((command) =>
    both(
      `the escapes of a server's ${command}`,
      ["1.1", "1.2"],
      `${command}\nx:a\\cb\n\n\0`,
      plain(command, { x: "a:b" }),
    )
  ),
  read(
    "an ERROR in answer to CONNECT, escapes known and unknown",
    [undefined],
    "ERROR\nmessage:a\\cb\\n\\r\\\\\\t\\\nC:\\temp\\\r\nx\\y\\c:\rz\n\nbody\0",
    plain("ERROR", {
      "message": "a:b\n\r\\\\t\\",
      "C": "\\temp\\",
      "x\\y:": "\rz",
    }, "body"),
  ),

  ...["a:", "a:b", "", "a"].flatMap((before) => [
    ...["t", "N", "C", " ", ":", "0", "\n", "\0"].map((letter) =>
      bad(
        `the escape ${shown(letter)} behind ${JSON.stringify(before)}`,
        letter === "t" ? ESCAPED : ["1.1", "1.2"],
        `SEND\n${before}\\${letter}`,
        "header line 1 of this SEND frame has an escape that STOMP 1.",
      )
    ),
    bad(
      `the escape "\\r" behind ${JSON.stringify(before)}`,
      ["1.1"],
      `SEND\n${before}\\r`,
      `an escape that STOMP 1.1 does not have, a backslash before "r"`,
    ),
  ]),
  bad(
    "a backslash before CR LF",
    CRLF,
    "SEND\r\na:b\\\r",
    "a backslash before 0x0d",
  ),
  bad(
    "a backslash before a letter beyond ASCII",
    ESCAPED,
    "SEND\na:b\\\xc3",
    "a backslash before 0xc3",
  ),
  bad(
    "an unknown escape in an ERROR, once a version is known",
    ["1.1", "1.2"],
    "ERROR\na:\\t",
    `a backslash before "t"`,
  ),
];

function shown(letter: string): string {
  return JSON.stringify(`\\${letter}`);
}
