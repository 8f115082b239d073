/**
 * Stands in for `@std/assert` where JSR cannot be reached: the npm build of the same code, with the types that it lacks.
 *
 * @module
 */

import * as std from "deno-std/assert/mod.js";

type ClassOf<T> = abstract new (...args: never[]) => T;

interface AssertThrows {
  (fn: () => unknown, message?: string): unknown;
  <E extends Error>(
    fn: () => unknown,
    errorClass: ClassOf<E>,
    messageIncludes?: string,
    message?: string,
  ): E;
}

interface AssertRejects {
  (fn: () => PromiseLike<unknown>, message?: string): Promise<unknown>;
  <E extends Error>(
    fn: () => PromiseLike<unknown>,
    errorClass: ClassOf<E>,
    messageIncludes?: string,
    message?: string,
  ): Promise<E>;
}

export const assert: (value: unknown, message?: string) => asserts value =
  std.assert;

export const assertFalse: (value: unknown, message?: string) => void =
  std.assertFalse;

export const assertExists: <T>(
  value: T,
  message?: string,
) => asserts value is NonNullable<T> = std.assertExists;

export const assertEquals: <T>(
  actual: T,
  expected: T,
  message?: string,
) => void = std.assertEquals;

export const assertNotEquals: <T>(
  actual: T,
  expected: T,
  message?: string,
) => void = std.assertNotEquals;

export const assertStrictEquals: <T>(
  actual: unknown,
  expected: T,
  message?: string,
) => asserts actual is T = std.assertStrictEquals;

export const assertNotStrictEquals: <T>(
  actual: T,
  expected: T,
  message?: string,
) => void = std.assertNotStrictEquals;

export const assertGreater: <T>(
  actual: T,
  expected: T,
  message?: string,
) => void = std.assertGreater;

export const assertGreaterOrEqual: <T>(
  actual: T,
  expected: T,
  message?: string,
) => void = std.assertGreaterOrEqual;

export const assertLess: <T>(
  actual: T,
  expected: T,
  message?: string,
) => void = std.assertLess;

export const assertLessOrEqual: <T>(
  actual: T,
  expected: T,
  message?: string,
) => void = std.assertLessOrEqual;

export const assertStringIncludes: (
  actual: string,
  expected: string,
  message?: string,
) => void = std.assertStringIncludes;

export const assertMatch: (
  actual: string,
  expected: RegExp,
  message?: string,
) => void = std.assertMatch;

export const assertNotMatch: (
  actual: string,
  expected: RegExp,
  message?: string,
) => void = std.assertNotMatch;

export const assertArrayIncludes: <T>(
  actual: ArrayLike<T>,
  expected: ArrayLike<T>,
  message?: string,
) => void = std.assertArrayIncludes;

export const assertObjectMatch: (
  actual: object,
  expected: Record<PropertyKey, unknown>,
  message?: string,
) => void = std.assertObjectMatch;

export const assertInstanceOf: <T>(
  actual: unknown,
  expected: ClassOf<T>,
  message?: string,
) => asserts actual is T = std.assertInstanceOf;

/** Returns what was thrown, so that its fields can be looked at. */
export const assertThrows: AssertThrows = std.assertThrows;

/** Resolves with what was rejected, so that its fields can be looked at. */
export const assertRejects: AssertRejects = std.assertRejects;

export const fail: (message?: string) => never = std.fail;

export const unreachable: (reason?: string) => never = std.unreachable;
