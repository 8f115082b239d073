import { plain } from "../../support/frames.ts";
import { bad, type Case, read } from "./case.ts";

const BEFORE = [undefined] as const;

function connected(version: string) {
  return {
    wire: `CONNECTED\nversion:${version}\n\n\0`,
    frame: plain("CONNECTED", { version }),
  };
}

const ONE = connected("1.0");
const TWO = connected("1.1");
const THREE = connected("1.2");

/** How the version of a CONNECTED holds for the very next frame. */
export const HANDSHAKE: readonly Case[] = [
  read(
    "1.0 after CONNECTED says so",
    BEFORE,
    `${ONE.wire}SUBSCRIBE\na\\c:\\t\r\n\nbody\0`,
    ONE.frame,
    plain("SUBSCRIBE", { "a\\c": "\\t\r" }, "body"),
  ),
  read(
    "1.0 after a CONNECTED without a version",
    BEFORE,
    "CONNECTED\nsession:1\n\n\0MESSAGE\na:\\t\r\n\n\0",
    plain("CONNECTED", { session: "1" }),
    plain("MESSAGE", { a: "\\t\r" }),
  ),
  read(
    "1.1 after CONNECTED says so",
    BEFORE,
    `${TWO.wire}\nMESSAGE\na:\\c\r\n\n\0`,
    TWO.frame,
    plain("MESSAGE", { a: ":\r" }),
  ),
  read(
    "1.2 after CONNECTED says so",
    BEFORE,
    `${THREE.wire}\r\nMESSAGE\r\na:\\c\\r\r\n\r\n\0`,
    THREE.frame,
    plain("MESSAGE", { a: ":\r" }),
  ),
  read(
    "the first version of a CONNECTED that repeats it",
    BEFORE,
    "CONNECTED\nversion:1.0\nversion:1.2\n\n\0MESSAGE\na:\\t\n\n\0",
    plain("CONNECTED", [["version", "1.0"], ["version", "1.2"]]),
    plain("MESSAGE", { a: "\\t" }),
  ),
  read(
    "a CONNECTED in CR LF, whose EOLs are still its own",
    BEFORE,
    "CONNECTED\r\nversion:1.1\r\n\r\n\0\r\n\r\nMESSAGE\na:\r\n\n\0",
    TWO.frame,
    plain("MESSAGE", { a: "\r" }),
  ),
  read(
    "a version once chosen, whatever another CONNECTED says",
    [undefined, "1.0"],
    `${ONE.wire}${THREE.wire}SEND\na:\\t\n\n\0`,
    ONE.frame,
    THREE.frame,
    plain("SEND", { a: "\\t" }),
  ),
  read(
    "a CONNECTED of a version we do not speak as no answer",
    BEFORE,
    "CONNECTED\nversion:9\n\n\0ERROR\na:\\t\n\n\0",
    plain("CONNECTED", { version: "9" }),
    plain("ERROR", { a: "\\t" }),
  ),

  bad(
    "what 1.0 does not have, after CONNECTED chose it",
    BEFORE,
    `${ONE.wire}N`,
    "begins no command of STOMP 1.0",
    ONE.frame,
  ),
  bad(
    "what 1.1 does not have, after CONNECTED chose it",
    BEFORE,
    `${TWO.wire}MESSAGE\na:\\r`,
    "an escape that STOMP 1.1 does not have",
    TWO.frame,
  ),
  bad(
    "what 1.2 does not have, after CONNECTED chose it",
    BEFORE,
    `${THREE.wire}MESSAGE\na:\rb`,
    "header line 1 of this MESSAGE frame has a bare CR",
    THREE.frame,
  ),
  bad(
    "a lenient ERROR, after CONNECTED chose a version",
    BEFORE,
    `${THREE.wire}ERROR\na:\\t`,
    "an escape that STOMP 1.2 does not have",
    THREE.frame,
  ),
];
