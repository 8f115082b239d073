/**
 * Stands in for `@std/async` where JSR cannot be reached: the npm build of the same code, with the types that it lacks.
 *
 * @module
 */

import * as std from "deno-std/async/mod.js";

interface Abortable {
  <T>(promise: Promise<T>, signal: AbortSignal): Promise<T>;
  <T>(iterable: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T>;
}

interface DelayOptions {
  readonly signal?: AbortSignal;
  readonly persistent?: boolean;
}

export const abortable: Abortable = std.abortable;

export const delay: (
  milliseconds: number,
  options?: DelayOptions,
) => Promise<void> = std.delay;
