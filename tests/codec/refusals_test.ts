import { FrameBuffer } from "../../codec/encoder.ts";
import {
  type EncodeOptions,
  Frame,
  UsageError,
  type Version,
  VERSIONS,
} from "../../codec/mod.ts";
import {
  assert,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { frameOf, plain, type PlainFrame, wire } from "../support/frames.ts";
import { test } from "../support/harness.ts";

interface Refusal {
  readonly name: string;
  readonly versions: readonly Version[];
  readonly frame: PlainFrame;
  /** What the message says of it. */
  readonly says: string;
  /** The value that the message shows besides. */
  readonly shows?: string;
  readonly options?: EncodeOptions;
}

const FROM_1_1 = ["1.1", "1.2"] as const;
const HANDSHAKE = ["CONNECT", "CONNECTED"];
const MANY_HEADERS = Object.fromEntries(
  Array.from({ length: 500 }, (_, i) => [`h${i}`, "é:"]),
);

function refuse(
  name: string,
  versions: readonly Version[],
  frame: PlainFrame,
  says: string,
  more: Pick<Refusal, "shows" | "options"> = {},
): Refusal {
  return { name, versions, frame, says, ...more };
}

/** A character that cannot be written, in a value and in a name. */
function character(
  versions: readonly Version[],
  command: string,
  wrong: string,
  called: string,
): Refusal[] {
  const text = `x${wrong}y`;
  return [
    refuse(
      `${JSON.stringify(wrong)} in a value of ${command}`,
      versions,
      plain(command, { good: "1", key: text }),
      `the value of the header "key" holds ${called}, which a ${command} `,
      { shows: JSON.stringify(text) },
    ),
    refuse(
      `${JSON.stringify(wrong)} in a name of ${command}`,
      versions,
      plain(command, { good: "1", [text]: "value" }),
      `the name of the header ${JSON.stringify(text)} holds ${called}`,
    ),
  ];
}

const REFUSALS: readonly Refusal[] = [
  ...["FOO", "send", "", " SEND", "SEND\na:b", "SEND\n\n\0", "É"].map((
    command,
  ) =>
    refuse(
      `the command ${JSON.stringify(command)}`,
      VERSIONS,
      plain(command),
      `has no command ${JSON.stringify(command)}`,
    )
  ),
  ...["NACK", "STOMP"].map((command) =>
    refuse(
      `the command ${command}`,
      ["1.0"],
      plain(command),
      `STOMP 1.0 has no command "${command}"`,
    )
  ),
  ...["SUBSCRIBE", "ACK", "DISCONNECT", "RECEIPT", ...HANDSHAKE].map((
    command,
  ) =>
    refuse(
      `a body on ${command}`,
      FROM_1_1,
      plain(command, {}, "x"),
      `a ${command} frame cannot have a body`,
    )
  ),
  ...["SEND", ...HANDSHAKE].flatMap((command) => [
    ...character(VERSIONS, command, "\0", "NUL"),
    ...character(VERSIONS, command, "\ud800", "half a surrogate pair"),
    ...character(VERSIONS, command, "\udfff", "half a surrogate pair"),
    ...character(VERSIONS, command, "\udc00\ud800", "half a surrogate pair"),
  ]),
  ...character(["1.0"], "SEND", "\n", "LF"),
  ...character(["1.0"], "SEND", "\nx:y\n\n\0SEND\n", "LF"),
  ...HANDSHAKE.flatMap((command) => [
    ...character(VERSIONS, command, "\n", "LF"),
    ...character(VERSIONS, command, "\r", "CR"),
    refuse(
      `a colon in a name of ${command}`,
      VERSIONS,
      plain(command, { "x:y": "" }),
      'the name of the header "x:y" holds a colon',
    ),
  ]),
  refuse(
    "a colon in a name of SEND",
    ["1.0"],
    plain("SEND", { "x:y": "" }),
    'the name of the header "x:y" holds a colon',
  ),
  refuse(
    "an empty name",
    VERSIONS,
    plain("SEND", { good: "1", "": "value" }),
    'has an empty name; its value is "value"',
  ),
  ...["3", "5", "40", "", "-4", "+4", "4.0", " 4", "4 ", "0x4", "four", "٤"]
    .map(
      (length) =>
        refuse(
          `the content-length ${JSON.stringify(length)} of four octets`,
          VERSIONS,
          plain("SEND", { "content-length": length }, "body"),
          `its content-length is "${length}", but its body has 4 octets`,
        ),
    ),
  refuse(
    "a content-length without a body",
    VERSIONS,
    plain("SUBSCRIBE", { "content-length": "1" }),
    'its content-length is "1", but its body has 0 octets',
  ),
  refuse(
    "a content-length whose first entry is wrong",
    VERSIONS,
    plain("SEND", [["content-length", "3"], ["content-length", "4"]], "body"),
    'its content-length is "3"',
  ),
  refuse(
    "a body with NUL without content-length",
    VERSIONS,
    plain("SEND", {}, "bo\0dy"),
    "a body that holds NUL needs a content-length",
    { options: { contentLength: false } },
  ),
  refuse(
    "what is wrong at the end of a long head",
    VERSIONS,
    plain("SEND", { ...MANY_HEADERS, last: "\0" }, "body".repeat(1000)),
    `the value of the header "last" holds NUL`,
  ),
];

for (const { name, versions, frame, says, shows = "", options } of REFUSALS) {
  test(`the encoder refuses ${name} and writes nothing (${versions})`, () => {
    for (const version of versions) {
      const buffer = new FrameBuffer(16);
      buffer.append(new Frame("BEGIN", { transaction: "1" }));
      const error = assertThrows(
        () => buffer.append(frameOf(frame), { ...options, version }),
        UsageError,
      );
      assertStringIncludes(error.message, "Cannot encode frame: ");
      assertStringIncludes(error.message, says);
      assertStringIncludes(error.message, shows);
      buffer.append(new Frame("ABORT"));
      assertStrictEquals(
        wire(buffer.take()),
        "BEGIN\ntransaction:1\n\n\0ABORT\n\n\0",
      );
    }
  });
}

test("no message shows a passcode", () => {
  const secret = "hunter2";
  const attempts: (() => unknown)[] = [
    ...["\0", "\n", "\r", "\ud800"].flatMap((wrong) =>
      VERSIONS.map((version) => () =>
        new FrameBuffer(0).append(
          new Frame("CONNECT", { passcode: secret + wrong }),
          { version },
        )
      )
    ),
    () => new Frame("CONNECT", `passcode:${secret}` as never),
    () => new Frame("CONNECT", [`passcode:${secret}`] as never),
    () => new Frame("CONNECT", [["passcode", [secret]]] as never),
    () => new Frame("CONNECT", { passcode: { secret } } as never),
  ];
  for (const attempt of attempts) {
    const { message } = assertThrows(attempt, UsageError);
    assert(!message.includes(secret), message);
  }
});
