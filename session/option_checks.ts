/**
 * Options are checked against a table before anything happens: an option that
 * nobody reads, such as a misspelt one, is the caller's mistake.
 *
 * @module
 */

import { quoted, UsageError } from "../errors.ts";

/** Says what a value must be, where it is not that. */
export type Check = (value: unknown) => string | undefined;

function check(
  expected: string,
  accepts: (value: unknown) => boolean,
): Check {
  return (value) => accepts(value) ? undefined : expected;
}

/** A boolean. */
export const boolean: Check = check(
  "true or false",
  (value) => typeof value === "boolean",
);

/** A function. */
export const aFunction: Check = check(
  "a function",
  (value) => typeof value === "function",
);

/** A string, empty ones included. */
export const text: Check = check(
  "a string",
  (value) => typeof value === "string",
);

/** A string, empty ones included, or a function that returns one. */
export const textOrFunction: Check = check(
  "a string, or a function that returns one",
  (value) => typeof value === "string" || typeof value === "function",
);

/** A string with something in it. */
export const nonEmptyText: Check = check(
  "a string that is not empty",
  (value) => typeof value === "string" && value !== "",
);

/** A time span. */
export const milliseconds: Check = check(
  "a number of milliseconds, at least 0",
  (value) => typeof value === "number" && value >= 0,
);

/** A heart-beat pair, whose numbers go over the wire. */
export const heartBeatPair: Check = check(
  "[send, receive] in whole milliseconds, at least 0",
  (value) =>
    Array.isArray(value) && value.length === 2 &&
    value.every((ms) => Number.isSafeInteger(ms) && ms >= 0),
);

/** A whole number from `least` on. */
export function wholeNumber(
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): Check {
  return check(
    most === Number.MAX_SAFE_INTEGER
      ? `a whole number, at least ${least}`
      : `a whole number from ${least} to ${most}`,
    (value) =>
      Number.isSafeInteger(value) && (value as number) >= least &&
      (value as number) <= most,
  );
}

/** A number, also a broken one. */
export function numberFrom(least: number, most: number): Check {
  return check(
    `a number from ${least} to ${most}`,
    (value) => typeof value === "number" && value >= least && value <= most,
  );
}

/** One of a few words. */
export function oneOf(...words: readonly string[]): Check {
  return check(
    words.map((word) => `"${word}"`).join(" or "),
    (value) => words.includes(value as string),
  );
}

/** An `AbortSignal`. */
export const signal: Check = check(
  "an AbortSignal",
  (value) => value instanceof AbortSignal,
);

/** Whether a value is an object that goes by names, not an array or a map. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null &&
    !(Symbol.iterator in value);
}

/** Header names and values; the values are checked when a frame is made. */
export const headerRecord: Check = check(
  "a record of header names and values (Object.fromEntries() makes one of a map)",
  isRecord,
);

/** Limits by name; both are checked by what they are handed to. */
export const limitRecord: Check = check(
  'a record of limits, such as "maxBodyBytes"',
  isRecord,
);

/** Something with these methods. */
export function withMethods(...names: readonly string[]): Check {
  return check(
    `an object with the methods ${names.join(" and ")}`,
    (value) =>
      typeof value === "object" && value !== null &&
      names.every((name) =>
        typeof (value as Record<string, unknown>)[name] === "function"
      ),
  );
}

/** Whatever is checked by what it is handed to. */
export const anything: Check = () => undefined;

/**
 * Compares options with what the receiver reads.
 *
 * @throws {UsageError} that names the option, its value and what it may be.
 */
export function checkOptions(
  where: string,
  options: object | undefined,
  checks: Readonly<Record<string, Check>>,
): void {
  if (options === undefined) return;
  if (!isRecord(options)) {
    throw new UsageError(
      `The options of ${where} must be an object, not ${quoted(options)}.`,
    );
  }
  for (const name of Object.keys(options)) {
    const value = options[name];
    if (!Object.hasOwn(checks, name)) {
      throw new UsageError(
        `${where} has no option ${quoted(name)}: choose among ${
          Object.keys(checks).join(", ")
        }.`,
      );
    }
    if (value === undefined) continue;
    const expected = checks[name]!(value);
    if (expected !== undefined) {
      throw new UsageError(
        `The option ${quoted(name)} of ${where} must be ${expected}` +
          (name === "passcode" ? "." : `, not ${quoted(value)}.`),
      );
    }
  }
}
