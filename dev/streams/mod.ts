/**
 * Stands in for `@std/streams` where JSR cannot be reached: the npm build of the same code, with the types that it lacks.
 *
 * @module
 */

import * as std from "deno-std/streams/mod.js";

interface TextLineStreamConstructor {
  new (options?: { readonly allowCR?: boolean }): TransformStream<
    string,
    string
  >;
}

export const TextLineStream: TextLineStreamConstructor = std.TextLineStream;
