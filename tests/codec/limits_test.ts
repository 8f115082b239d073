import {
  DEFAULT_LIMITS,
  FrameDecoder,
  type FrameLimits,
  UsageError,
} from "../../codec/mod.ts";
import {
  assertEquals,
  assertLess,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  unreachable,
} from "../support/assert.ts";
import { countWork } from "../support/work.ts";
import { decode, errorOf } from "../support/decoding.ts";
import { octets } from "../support/frames.ts";
import { test } from "../support/harness.ts";

interface LimitCase {
  readonly name: string;
  readonly limit: keyof FrameLimits;
  /** What is exactly as much as `most` allows … */
  readonly most: number;
  readonly good: string;
  /** … and what is one too much, up to the octet that proves it. */
  readonly bad: string;
}

const CASES: readonly LimitCase[] = [
  {
    name: "a head, the command and the blank line included",
    limit: "maxHeaderBytes",
    most: 10,
    good: "SEND\na:b\n\n\0",
    bad: "SEND\na:bc\n",
  },
  {
    name: "a head in CR LF",
    limit: "maxHeaderBytes",
    most: 13,
    good: "SEND\r\na:b\r\n\r\n\0",
    bad: "SEND\r\na:bc\r\n\r",
  },
  {
    name: "a head that breaks off inside an escape",
    limit: "maxHeaderBytes",
    most: 9,
    good: "SEND\na:\n\n\0",
    bad: "SEND\na:b\\",
  },
  {
    name: "a head that breaks off inside a character",
    limit: "maxHeaderBytes",
    most: 9,
    good: "SEND\na:\n\n\0",
    bad: "SEND\na:b\xc3",
  },
  {
    name: "a command without headers",
    limit: "maxHeaderBytes",
    most: 6,
    good: "SEND\n\n\0",
    bad: "BEGIN\n",
  },
  {
    name: "headers, repeated ones included",
    limit: "maxHeaderCount",
    most: 2,
    good: "SEND\na:b\na:b\n\n\0",
    bad: "SEND\na:b\na:b\na:b\n",
  },
  {
    name: "no headers",
    limit: "maxHeaderCount",
    most: 0,
    good: "SEND\n\n\0",
    bad: "SEND\na:b\n",
  },
  {
    name: "a body up to NUL",
    limit: "maxBodyBytes",
    most: 3,
    good: "SEND\n\nabc\0",
    bad: "SEND\n\nabcd",
  },
  {
    name: "a body with a content-length",
    limit: "maxBodyBytes",
    most: 3,
    good: "SEND\ncontent-length:3\n\nabc\0",
    bad: "SEND\ncontent-length:4\n\n",
  },
  {
    name: "no body",
    limit: "maxBodyBytes",
    most: 0,
    good: "SEND\n\n\0SEND\ncontent-length:0\n\n\0",
    bad: "SEND\n\na",
  },
];

for (const { name, limit, most, good, bad } of CASES) {
  const frames = good.split("\0").length - 1;
  const options = { version: "1.2", limits: { [limit]: most } } as const;

  test(`${limit} lets pass ${name}`, () => {
    const outcome = decode(`${good}${good}`, options);
    assertStrictEquals(outcome.error, undefined);
    assertStrictEquals(outcome.frames.length, 2 * frames);
  });

  test(`${limit} stops one more than ${name}, behind good frames`, () => {
    const { error = "", ...outcome } = decode(`${good}${bad}`, options);
    assertStrictEquals(outcome.frames.length, frames);
    assertStringIncludes(error, `the limit of ${most} `);
    assertStringIncludes(error, `${limit} raises it`);
    assertEquals(decode(`${good}${bad}\n\n\0`, options).error, error);
    assertStringIncludes(
      decode(`${good}${bad.slice(0, -1)}`, options).error ?? "",
      "the stream ended inside",
      "not earlier",
    );
  });
}

/** The error in octets that are too many to try every chunking. */
function errorIn(text: string): string | undefined {
  const decoder = new FrameDecoder();
  decoder.push(octets(text));
  return errorOf(() => [...decoder]);
}

test("the limits have defaults that are documented", () => {
  assertEquals(DEFAULT_LIMITS, {
    maxHeaderBytes: 65_536,
    maxHeaderCount: 1000,
    maxBodyBytes: 104_857_600,
  });
  const value = "v".repeat(65_536 - "SEND\na:\n\n".length);
  const body = (length: number) => `SEND\ncontent-length:${length}\n\n`;
  assertEquals(errorIn(`SEND\na:${value}\n\n\0`), undefined);
  assertStringIncludes(errorIn(`SEND\na:v${value}\n\n\0`)!, "maxHeaderBytes");
  assertEquals(errorIn(`SEND\n${"a:b\n".repeat(1000)}\n\0`), undefined);
  assertStringIncludes(
    errorIn(`SEND\n${"a:b\n".repeat(1001)}\n\0`)!,
    "maxHeaderCount",
  );
  assertEquals(errorIn(body(104_857_600)), undefined);
  assertStringIncludes(errorIn(body(104_857_601))!, "maxBodyBytes");
});

test("a limit that is not given is the default", () => {
  for (const limits of [{}, { maxHeaderCount: undefined }]) {
    const decoder = new FrameDecoder({
      limits: limits as Partial<FrameLimits>,
    });
    decoder.push(octets(`SEND\n${"a:b\n".repeat(1000)}\n\0`));
    assertEquals([...decoder].length, 1);
  }
});

test("a limit is a whole number of at least 0, and has one of three names", () => {
  for (const value of [-1, 1.5, NaN, Infinity, "10", null]) {
    assertThrows(
      () => new FrameDecoder({ limits: { maxBodyBytes: value as number } }),
      UsageError,
      "The limit maxBodyBytes must be a whole number of at least 0, not ",
    );
  }
  assertThrows(
    () => new FrameDecoder({ limits: { maxBody: 1 } as Partial<FrameLimits> }),
    UsageError,
    'There is no limit called "maxBody": choose among maxHeaderBytes, ',
  );
});

test("a body of 2 GiB that is only promised takes no room", () => {
  const promise = "SEND\ncontent-length:2147483648\n\n";
  for (
    const head of [
      [promise],
      [promise.slice(0, 9), promise.slice(9)],
      promise.split(""),
    ]
  ) {
    const pieces = [...head, "a", "b", "c".repeat(2000), "d"].map(octets);
    const decoder = new FrameDecoder({ limits: { maxBodyBytes: 2 ** 32 } });
    const { largest } = countWork(() => {
      for (const piece of pieces) {
        decoder.push(piece);
        for (const _ of decoder) unreachable();
      }
    });
    assertLess(largest, 10_000);
  }
});
