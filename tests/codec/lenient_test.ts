/**
 * What a lenient decoder makes of frames that a strict one refuses. Each row is
 * read whole and octet by octet, with a sound frame behind it.
 */

import {
  DamagedFrame,
  encodeFrame,
  Frame,
  FrameDecoder,
  type FrameDecoderOptions,
  FrameError,
  UsageError,
  type Version,
} from "../../codec/mod.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { octetByOctet } from "../support/chunkings.ts";
import { octets, wire } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { countWork } from "../support/work.ts";

const TRAILER = "RECEIPT\nreceipt-id:7\n\n\0";

interface Row {
  readonly name: string;
  readonly version: Version;
  readonly wire: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  /** What a flaw says. */
  readonly flaw: string;
  /** What the strict decoder says. */
  readonly refusal?: string;
}

const MESSAGE = "MESSAGE\nmessage-id:1\nsubscription:s\n";
const KNOWN = { "message-id": "1", subscription: "s" };

const MENDED: readonly Row[] = [
  {
    name: "an escape that no version has stands as it came",
    version: "1.2",
    wire: MESSAGE + "x:C:\\temp\n\nbody\0",
    headers: { ...KNOWN, x: "C:\\temp" },
    body: "body",
    flaw: "header line 3 has an escape that STOMP 1.2 does not have",
  },
  {
    name: "the CR of 1.2 in 1.1, as RabbitMQ writes it",
    version: "1.1",
    wire: MESSAGE + "x:a\\rb\\nc\n\n\0",
    headers: { ...KNOWN, x: "a\rb\nc" },
    flaw: "header line 3 has an escape that STOMP 1.1 does not have",
  },
  {
    name: "a backslash at the end of a line",
    version: "1.2",
    wire: MESSAGE + "x:a\\\n\n\0",
    headers: { ...KNOWN, x: "a\\" },
    flaw: "an escape that STOMP 1.2 does not have",
  },
  {
    name: "a bare CR",
    version: "1.2",
    wire: MESSAGE + "x:a\rb\n\n\0",
    headers: { ...KNOWN, x: "a\rb" },
    flaw: "a bare CR",
  },
  {
    name: "octets that are not UTF-8 become U+FFFD, the text around them stays",
    version: "1.2",
    wire: MESSAGE + "x:a\xffb\xe2\x82\n\n\0",
    headers: { ...KNOWN, x: "a\ufffdb\ufffd" },
    flaw: "octets that are not UTF-8",
  },
  {
    name: "an empty name",
    version: "1.2",
    wire: MESSAGE + ":\n\n\0",
    headers: { ...KNOWN, "": "" },
    flaw: "an empty name",
  },
  {
    name:
      "a line without a colon goes on with the value before it, whose LF came raw, as ActiveMQ writes it in 1.0",
    version: "1.0",
    wire: MESSAGE + "x:first\nsecond\nthird\ny:z\n\n\0",
    headers: { ...KNOWN, x: "first\nsecond\nthird", y: "z" },
    flaw: "header line 4 has no colon",
  },
  {
    name: "a line without a colon that is the first belongs to nothing",
    version: "1.2",
    wire: "MESSAGE\nfirst\nmessage-id:1\nsubscription:s\n\n\0",
    headers: KNOWN,
    flaw: "header line 1 has no colon",
  },
  {
    name: "a body where none may be",
    version: "1.2",
    wire: "RECEIPT\nreceipt-id:1\n\nbody\0",
    headers: { "receipt-id": "1" },
    body: "body",
    flaw: "a RECEIPT frame cannot have a body",
  },
  {
    name: "an ERROR with a NUL in its head",
    version: "1.2",
    wire: "ERROR\nmessage:no blank line\0",
    headers: { message: "no blank line" },
    flaw: "a NUL",
  },
  {
    name: "an ERROR whose content-length counts characters",
    version: "1.2",
    wire: "ERROR\nmessage:m\ncontent-length:3\n\nabcdef\0",
    headers: { message: "m", "content-length": "3" },
    body: "abcdef",
    flaw: "content-length of 3 is wrong",
  },
  {
    name: "an ERROR whose content-length is no number",
    version: "1.1",
    wire: "ERROR\ncontent-length:many\nmessage:m\n\nabc\0",
    headers: { message: "m", "content-length": "many" },
    body: "abc",
    flaw: "content-length with something other than digits",
  },
  {
    name: "an ERROR with a damaged receipt-id",
    version: "1.2",
    wire: "ERROR\nreceipt-id:\xff\nmessage:m\n\n\0",
    headers: { "receipt-id": "\ufffd", message: "m" },
    flaw: "octets that are not UTF-8",
  },
];

for (const row of MENDED) {
  test(`a lenient decoder reads ${row.name}`, () => {
    const { version } = row;
    for (const [first, second] of inChunks(row.wire + TRAILER, version)) {
      assertEquals(Object.fromEntries(first!.headers), row.headers);
      assertEquals(wire(first!.body), row.body ?? "");
      assertEquals(first!.flaws.length > 0, true);
      assertStringIncludes(first!.flaws.join("; "), row.flaw);
      assertEquals(first instanceof DamagedFrame, false);
      assertEquals(second!.headers.get("receipt-id"), "7");
      assertEquals(second!.flaws, []);
    }
    assertThrows(() => read([octets(row.wire)], { version }), FrameError);
  });
}

const TIGHT = { maxHeaderBytes: 100, maxHeaderCount: 4, maxBodyBytes: 10 };

const DAMAGED: readonly (Omit<Row, "body"> & { readonly error: string })[] = [
  ...["message-id", "subscription", "ack", "destination"].map((name) => ({
    name: `a MESSAGE whose ${name} is damaged`,
    version: "1.2" as const,
    wire: `MESSAGE\nfoo:bar\n${name}:\xff\n\nbody\0`,
    headers: { foo: "bar" } as Record<string, string>,
    flaw: "octets that are not UTF-8",
    error: "header line 2 has octets that are not UTF-8",
  })),
  {
    name: "a MESSAGE whose destination goes on in a line without a colon",
    version: "1.0",
    wire: "MESSAGE\ndestination:/queue/a\nb\n\nbody\0",
    headers: {},
    flaw: "no colon",
    error: "header line 2 has no colon",
  },
  {
    name: "a RECEIPT whose receipt-id is damaged",
    version: "1.2",
    wire: "RECEIPT\nreceipt-id:\\t\n\n\0",
    headers: {},
    flaw: "an escape",
    error: "header line 1 has an escape that STOMP 1.2 does not have",
  },
  {
    name:
      "a head over the limit, with the headers that decide behind the long one",
    version: "1.2",
    wire: `MESSAGE\nx:${
      "x".repeat(200)
    }\nsubscription:s\nmessage-id:1\ncontent-length:4\n\nb\0dy\0`,
    headers: { subscription: "s", "message-id": "1", "content-length": "4" },
    flaw: "",
    error: "maxHeaderBytes raises it. It has the subscription " +
      '"s", message-id "1"',
  },
  {
    name: "more headers than the limit",
    version: "1.2",
    wire: "MESSAGE\na:1\nb:2\nc:3\nd:4\ne:5\nsubscription:s\r\n\r\nbody\0",
    headers: { a: "1", b: "2", c: "3", d: "4", subscription: "s" },
    flaw: "",
    error: "maxHeaderCount raises it",
  },
  {
    name: "an announced body over the limit",
    version: "1.2",
    wire: MESSAGE + "content-length:12\n\nabcdef\0ghijk\0",
    headers: { ...KNOWN, "content-length": "12" },
    flaw: "",
    error: "maxBodyBytes raises it",
  },
  {
    name: "a body over the limit that ends at its NUL",
    version: "1.2",
    wire: MESSAGE + "\n" + "b".repeat(3000) + "\0",
    headers: KNOWN,
    flaw: "",
    error: "maxBodyBytes raises it",
  },
  {
    name: "an ERROR over a limit, with its reason",
    version: "1.2",
    wire: "ERROR\nmessage:why\n\n" + "b".repeat(30) + "\0",
    headers: { message: "why" },
    flaw: "",
    error: "maxBodyBytes raises it",
  },
];

for (const row of DAMAGED) {
  test(`a lenient decoder passes over ${row.name}, and says so`, () => {
    const { version } = row;
    const wires = row.wire + TRAILER;
    for (const [first, second] of inChunks(wires, version, TIGHT)) {
      assert(first instanceof DamagedFrame, "it is handed out as it is");
      assertEquals(Object.fromEntries(first.headers), row.headers);
      assertEquals(first.body.length, 0);
      assertStringIncludes(first.error.message, row.error);
      assertEquals(first.flaws, [first.error.message]);
      assertEquals(second!.headers.get("receipt-id"), "7");
    }
    assertThrows(
      () => read([octets(row.wire)], { version, limits: TIGHT }),
      FrameError,
    );
  });
}

const FATAL: readonly (readonly [name: string, wire: string])[] = [
  ["a NUL in the head of a MESSAGE", "MESSAGE\na:b\0"],
  ["a content-length that is no number", "MESSAGE\ncontent-length:a\n\n\0"],
  ["a content-length that is wrong", "MESSAGE\ncontent-length:1\n\nabc\0"],
  [
    "a content-length that is wrong behind a head over the limit",
    `MESSAGE\nx:${"x".repeat(200)}\ncontent-length:1\n\nabc\0`,
  ],
  [
    "a content-length that is no number behind a head over the limit",
    `MESSAGE\nx:${"x".repeat(200)}\ncontent-length:a\n\nabc\0`,
  ],
  ["a command that is none", "MESSAGES\n\n\0"],
  ["a CONNECTED with octets that are not UTF-8", "CONNECTED\na:\xff\n\n\0"],
  ["the end of the stream inside a MESSAGE", "MESSAGE\na:b\n\nbo"],
  [
    "the end of the stream behind a limit",
    `MESSAGE\nx:${"x".repeat(200)}\n\nbo`,
  ],
];

for (const [name, text] of FATAL) {
  test(`a lenient decoder still refuses ${name}`, () => {
    const options = { version: "1.2", lenient: true, limits: TIGHT } as const;
    assertThrows(() => read([octets(text)], options), FrameError);
    assertThrows(() => read(octetByOctet(octets(text)), options), FrameError);
  });
}

for (
  const [name, text, headers, body] of [
    ["its head", "ERROR\nmessage:wh", { message: "wh" }, ""],
    ["its body", "ERROR\nmessage:why\n\nbo", { message: "why" }, "bo"],
    [
      "a body shorter than announced",
      "ERROR\nmessage:why\ncontent-length:9\n\nbo",
      { message: "why", "content-length": "9" },
      "bo",
    ],
  ] as const
) {
  test(`a lenient decoder hands out an ERROR when the stream ends inside ${name}`, () => {
    const options = { version: "1.2", lenient: true } as const;
    for (const chunks of [[octets(text)], octetByOctet(octets(text))]) {
      const [frame, ...more] = read(chunks, options);
      assertEquals(more, []);
      assertEquals(Object.fromEntries(frame!.headers), headers);
      assertEquals(wire(frame!.body), body);
      assertStringIncludes(frame!.flaws.join(), "the stream ended");
    }
  });
}

test("what is over a limit is passed over without being kept", () => {
  const decoder = new FrameDecoder({
    version: "1.2",
    lenient: true,
    limits: { maxBodyBytes: 1000 },
  });
  const chunk = new Uint8Array(64 * 1024).fill(0x61);
  decoder.push(octets(MESSAGE + "content-length:6553600\n\n"));
  assertEquals([...decoder], []);
  const { copied, largest } = countWork(() => {
    for (let i = 0; i < 100; i++) {
      decoder.push(chunk);
      assertEquals([...decoder], []);
    }
  });
  assertEquals({ copied, largest }, { copied: 0, largest: 0 });
  decoder.push(octets("\0" + TRAILER));
  const [damaged, receipt] = decoder;
  assert(damaged instanceof DamagedFrame, "it is handed out as it is");
  assertEquals(receipt!.command, "RECEIPT");
});

test("a sound frame has no flaws, lenient or not", () => {
  for (const lenient of [true, false]) {
    const [frame] = read([octets(MESSAGE + "\nbody\0")], {
      version: "1.2",
      lenient,
    });
    assertEquals(frame!.flaws, []);
  }
  assertEquals(new Frame("SEND").flaws, []);
});

test("a lenient option that is none is refused", () => {
  const lenient = "yes" as unknown as boolean;
  assertThrows(() => new FrameDecoder({ lenient }), UsageError, '"yes"');
});

for (
  const { escapesIn10, value, written } of [
    { escapesIn10: "none", value: "C:\\new", written: "C:\\new" },
    { escapesIn10: "backslash", value: "C:\\new", written: "C:\\\\new" },
    { escapesIn10: "all", value: "C:\\new", written: "C\\c\\\\new" },
    { escapesIn10: "all", value: "a\r\nb", written: "a\\r\\nb" },
  ] as const
) {
  test(`in 1.0, where the peer unescapes ${escapesIn10}, ${JSON.stringify(value)} is written as ${JSON.stringify(written)}`, () => {
    const frame = new Frame("SEND", { x: value });
    const bytes = encodeFrame(frame, { version: "1.0", escapesIn10 });
    assertStringIncludes(wire(bytes), `\nx:${written}\n`);
    if (escapesIn10 !== "all") return;
    const decoder = new FrameDecoder({ version: "1.0" });
    decoder.escapedIn10 = true;
    decoder.push(bytes);
    const [back] = decoder;
    assertEquals(back!.headers.get("x"), value);
    assertEquals(back!.flaws, []);
  });
}

test("LF cannot pass a peer that unescapes backslashes in 1.0 and escapes nothing itself", () => {
  assertThrows(
    () =>
      encodeFrame(new Frame("SEND", { x: "a\nb" }), {
        version: "1.0",
        escapesIn10: "backslash",
      }),
    UsageError,
    "LF",
  );
});

/** The frames in a text, read whole and octet by octet. */
function inChunks(
  text: string,
  version: Version,
  limits?: FrameDecoderOptions["limits"],
): Frame[][] {
  const options = { version, lenient: true, limits };
  return [[octets(text)], octetByOctet(octets(text))].map((chunks) => {
    const frames = read(chunks, options);
    assertEquals(frames.length, 2);
    return frames;
  });
}

function read(
  chunks: Iterable<Uint8Array>,
  options: FrameDecoderOptions,
): Frame[] {
  const decoder = new FrameDecoder(options);
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    frames.push(...decoder);
  }
  decoder.end();
  frames.push(...decoder);
  return frames;
}
