import { UsageError } from "../../errors.ts";
import {
  aFunction,
  anything,
  boolean,
  type Check,
  checkOptions,
  headerRecord,
  heartBeatPair,
  limitRecord,
  milliseconds,
  nonEmptyText,
  numberFrom,
  oneOf,
  signal,
  textOrFunction,
  wholeNumber,
} from "../../session/option_checks.ts";
import {
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";

interface Kind {
  readonly name: string;
  readonly check: Check;
  readonly good: readonly unknown[];
  readonly bad: readonly unknown[];
}

const KINDS: readonly Kind[] = [
  {
    name: "boolean",
    check: boolean,
    good: [true, false],
    bad: [0, 1, "true", null],
  },
  {
    name: "function",
    check: aFunction,
    good: [() => {}],
    bad: ["a", {}, null],
  },
  {
    name: "text or a function",
    check: textOrFunction,
    good: ["", "a", () => "a"],
    bad: [1, null, {}, ["a"]],
  },
  {
    name: "text that is not empty",
    check: nonEmptyText,
    good: ["a", " "],
    bad: ["", 1, null],
  },
  {
    name: "milliseconds",
    check: milliseconds,
    good: [0, 0.5, 1e9, Infinity],
    bad: [-1, NaN, -Infinity, "1", null, 1n],
  },
  {
    name: "heart-beat pair",
    check: heartBeatPair,
    good: [[0, 0], [1, 2], [10_000, 0]],
    bad: [
      [],
      [1],
      [1, 2, 3],
      [-1, 0],
      [0.5, 0],
      [0, NaN],
      [0, Infinity],
      ["1", "2"],
      "1,2",
      1000,
      null,
    ],
  },
  {
    name: "whole number from 1",
    check: wholeNumber(1),
    good: [1, 2, Number.MAX_SAFE_INTEGER],
    bad: [0, -1, 1.5, NaN, Infinity, 2 ** 53, "1", null],
  },
  {
    name: "whole number from 0 to 65535",
    check: wholeNumber(0, 65_535),
    good: [0, 65_535],
    bad: [-1, 65_536, 1.5],
  },
  {
    name: "one of two words",
    check: oneOf("a", "b"),
    good: ["a", "b"],
    bad: ["", "A", "c", null, 1],
  },
  {
    name: "signal",
    check: signal,
    good: [AbortSignal.abort(), new AbortController().signal],
    bad: [new AbortController(), {}, null],
  },
  {
    name: "record of headers",
    check: headerRecord,
    good: [{}, { a: "b" }],
    bad: [null, "a", [["a", "b"]], new Map([["a", "b"]])],
  },
  {
    name: "record of limits",
    check: limitRecord,
    good: [{}, { maxBodyBytes: 1 }],
    bad: [null, 1, [1]],
  },
  {
    name: "number from 0 to 1",
    check: numberFrom(0, 1),
    good: [0, 0.5, 1],
    bad: [-0.1, 1.1, NaN, "1", null],
  },
  { name: "anything", check: anything, good: [null, 0, "", {}], bad: [] },
];

for (const { name, check, good, bad } of KINDS) {
  test(`an option that must be a ${name} takes that, and nothing else`, () => {
    for (const option of [...good, undefined]) {
      checkOptions("here()", { option }, { option: check });
    }
    for (const option of bad) {
      const error = assertThrows(
        () => checkOptions("here()", { option }, { option: check }),
        UsageError,
        `The option "option" of here() must be `,
      );
      if (typeof option === "string") {
        assertStringIncludes(error.message, JSON.stringify(option));
      }
    }
  });
}

test("an option that nobody reads is named, beside those that there are", () => {
  const checks = { host: textOrFunction, login: textOrFunction };
  for (const name of ["hots", "Host", "toString", "__proto__x"]) {
    assertThrows(
      () => checkOptions("here()", { [name]: "a" }, checks),
      UsageError,
      `here() has no option "${name}": choose among host, login.`,
    );
  }
  // Also where its value says nothing.
  assertThrows(
    () => checkOptions("here()", { hots: undefined }, checks),
    UsageError,
  );
});

test("options are an object or left out", () => {
  checkOptions("here()", undefined, {});
  checkOptions("here()", {}, {});
  for (const options of [null, 1, "a", true]) {
    assertThrows(
      () => checkOptions("here()", options as unknown as object, {}),
      UsageError,
      "must be an object",
    );
  }
});

test("a passcode of the wrong kind is not shown", () => {
  const error = assertThrows(
    () =>
      checkOptions("here()", { passcode: 12345 }, { passcode: textOrFunction }),
    UsageError,
  );
  assertStrictEquals(error.message.includes("12345"), false);
});
