import { TextLineStream as untyped } from "@std/streams";

/** `@std/streams` comes without types here; this is the one it has. */
export const TextLineStream: new () => TransformStream<string, string> =
  untyped;
