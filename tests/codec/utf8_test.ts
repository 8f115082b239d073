import { sequenceLength } from "../../codec/utf8.ts";
import { assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";

/** The octets at which the ranges of the Unicode Standard's table 3-7 begin and end. */
const EDGES = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isText(octets: readonly number[]): boolean {
  try {
    UTF8.decode(Uint8Array.from(octets));
    return true;
  } catch {
    return false;
  }
}

/** Whether a sequence of UTF-8 begins so and goes on. */
function goesOn(octets: readonly number[]): boolean {
  return [0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf].some((next) => {
    const longer = [...octets, next];
    return isText(longer) || longer.length < 4 && goesOn(longer);
  });
}

function check(octets: readonly number[]): void {
  // Behind the end there is a continuation that must not be looked at.
  const bytes = Uint8Array.from([0x80, ...octets, 0x80]);
  const expected = isText(octets) ? octets.length : goesOn(octets) ? 0 : -1;
  assertStrictEquals(
    sequenceLength(bytes, 1, octets.length + 1),
    expected,
    `of ${octets.map((octet) => octet.toString(16)).join(" ")}`,
  );
  if (expected !== 0) return;
  for (const edge of EDGES) check([...octets, edge]);
}

test("sequenceLength agrees with TextDecoder on every sequence", () => {
  for (let lead = 0x80; lead < 0x100; lead++) check([lead]);
});
