import { inspect } from "node:util";
import {
  Frame,
  FrameDecoder,
  FrameError,
  UsageError,
} from "../../codec/mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { octets, utf8 } from "../support/frames.ts";
import { test } from "../support/harness.ts";

function decoded(text: string, version: "1.0" | "1.2" = "1.2"): Frame {
  const decoder = new FrameDecoder({ version });
  decoder.push(octets(text));
  const [frame] = decoder;
  return frame!;
}

test("Frame takes headers as a record, as pairs, as a map or from a frame", () => {
  const pairs = [["b", "1"], ["a", ""]] as const;
  const frame = new Frame("SEND", pairs);
  for (
    const headers of [
      { b: "1", a: "" },
      new Map(pairs),
      frame.headers,
      decoded(
        "SEND\nb:1\na:\n\n\0",
      ).headers,
    ]
  ) {
    assertEquals(new Frame("SEND", headers).headerList, pairs);
  }
  assertEquals(new Frame("SEND").headerList, []);
});

test("Frame does not notice what becomes of the headers it was made of", () => {
  const pairs: [string, string][] = [["a", "1"]];
  const frame = new Frame("SEND", pairs);
  pairs[0]![1] = "2";
  pairs.push(["b", "3"]);
  assertEquals(frame.headerList, [["a", "1"]]);
});

test("Frame takes a body as octets, which it keeps, or as text", () => {
  const body = octets("\0\xff");
  assertStrictEquals(new Frame("SEND", {}, body).body, body);
  assertEquals(new Frame("SEND", {}, "é").body, octets(utf8("é")));
  assertStrictEquals(new Frame("SEND").body.length, 0);
  assertStrictEquals(new Frame("SEND", {}, "").body.length, 0);
});

const WRONG: readonly (readonly [what: string, make: () => Frame, string])[] = [
  [
    "a number as its command",
    () => new Frame(7 as never),
    "must be a string, not 7",
  ],
  [
    "a number as its headers",
    () => new Frame("SEND", 7 as never),
    "a record or pairs",
  ],
  [
    "null as its headers",
    () => new Frame("SEND", null as never),
    "a record or pairs",
  ],
  [
    "a header that is no pair",
    () => new Frame("SEND", [7] as never),
    "each of two strings",
  ],
  [
    "a number as a name",
    () => new Frame("SEND", [[7, "a"]] as never),
    "each of two strings",
  ],
  [
    "a name without a value",
    () => new Frame("SEND", [["a"]] as never),
    '"a" must be',
  ],
  [
    "a number as a value",
    () => new Frame("SEND", { a: 7 } as never),
    '"a" must be',
  ],
  [
    "null as a value",
    () => new Frame("SEND", { a: null } as never),
    '"a" must be',
  ],
  [
    "an object as its body",
    () => new Frame("SEND", {}, { a: 1 } as never),
    "JSON.stringify",
  ],
  ["null as its body", () => new Frame("SEND", {}, null as never), "not null"],
  [
    "half a surrogate pair in its body",
    () => new Frame("SEND", {}, "\ud83d"),
    "half a surrogate pair",
  ],
];

for (const [what, make, message] of WRONG) {
  test(`Frame refuses ${what}: ${message}`, () => {
    assertThrows(make, UsageError, message);
  });
}

test("Frame.text() is the body as UTF-8, a byte order mark included", () => {
  const text = "\ufeffé€😀\0";
  assertStrictEquals(new Frame("SEND", {}, text).text(), text);
  assertStrictEquals(new Frame("SEND").text(), "");
});

test("Frame.text() and json() refuse a body that is not UTF-8", () => {
  for (const body of ["\xff", "\xc3", "\xed\xa0\x80", "\xc0\x80"]) {
    const frame = new Frame("MESSAGE", {}, octets(body));
    for (const read of [() => frame.text(), () => frame.json()]) {
      const error = assertThrows(read, FrameError, "is not valid UTF-8");
      assertInstanceOf(error.cause, TypeError);
    }
  }
});

test("Frame.json() is the value that the body spells", () => {
  const value = { a: [1, "é", null] };
  const frame = new Frame("SEND", {}, JSON.stringify(value));
  assertEquals(frame.json(), value);
});

test("Frame.json() refuses a body that is not JSON and shows its beginning", () => {
  for (const body of ["", "{", "x".repeat(1000)]) {
    const frame = new Frame("MESSAGE", {}, body);
    const error = assertThrows(
      () => frame.json(),
      FrameError,
      "The body of this MESSAGE frame is not JSON: ",
    );
    assertInstanceOf(error.cause, SyntaxError);
    assert(error.message.length < 200);
  }
});

const NAMES = ["a", "é", "Ã©", "\\", "\\n", "\n", ":", " ", "ab", "A", ""];

for (
  const [what, make] of [
    [
      "a frame that was made",
      () =>
        new Frame("SEND", [
          ["a", "1"],
          ["é", "2"],
          ["\\", "3"],
          ["\n", "4"],
          ["a", "5"],
          ["\\", "6"],
        ]),
    ],
    [
      "a frame that was read",
      () => decoded(utf8("SEND\na:1\né:2\n\\\\:3\n\\n:4\na:5\n\\\\:6\n\n\0")),
    ],
  ] as const
) {
  test(`the headers of ${what} are a map of first entries`, () => {
    const expected = new Map([["a", "1"], ["é", "2"], ["\\", "3"], [
      "\n",
      "4",
    ]]);
    const { headers } = make();
    for (const early of [true, false]) {
      for (const name of NAMES) {
        assertStrictEquals(headers.get(name), expected.get(name), name);
        assertStrictEquals(headers.has(name), expected.has(name), name);
      }
      if (early) assertStrictEquals(headers.size, expected.size);
    }
    assertEquals([...headers], [...expected]);
    assertEquals([...headers.keys()], [...expected.keys()]);
    assertEquals([...headers.values()], [...expected.values()]);
    assertEquals([...headers.entries()], [...expected.entries()]);
    const seen = new Map<string, string>();
    headers.forEach(function (this: unknown, value, name, map) {
      assertStrictEquals(this, expected);
      assertStrictEquals(map, headers);
      seen.set(name, value);
    }, expected);
    assertEquals([...seen], [...expected]);
  });
}

test("a name with a backslash is found where there are no escapes", () => {
  const { headers } = decoded("SEND\na\\n:1\n\\\\:2\n\n\0", "1.0");
  assertStrictEquals(headers.get("a\\n"), "1");
  assertStrictEquals(headers.get("\\\\"), "2");
  assertStrictEquals(headers.get("a\n"), undefined);
  assertStrictEquals(headers.get("\\"), undefined);
});

test("a frame that is inspected shows no passcode", () => {
  const show: { inspect?: typeof inspect } = "Deno" in globalThis
    ? Deno
    : (globalThis as unknown as { Bun?: object }).Bun ?? {};
  for (
    const frame of [
      new Frame("CONNECT", { passcode: "hunter2" }),
      decoded("CONNECT\npasscode:hunter2\n\n\0"),
    ]
  ) {
    frame.headers.get("passcode");
    for (const text of [inspect(frame), show.inspect?.(frame) ?? ""]) {
      assert(!text.includes("hunter2"), text);
    }
  }
});

test("Frame: whoever prints one sees what is in it, but no passcode", () => {
  const frame = new Frame("CONNECT", { login: "me", passcode: "sesame" });
  const expected = 'Frame CONNECT { login: "me", passcode: … } 0 octets';
  assertEquals(inspect(frame), expected);
  assertEquals(inspect({ frame }).includes("sesame"), false);
});
