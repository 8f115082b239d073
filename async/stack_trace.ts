import { StompError } from "../errors.ts";

/** What has it in V8 and in JavaScriptCore. */
interface Tracing {
  captureStackTrace?(error: Error): void;
}

/**
 * Has an error show where the program called, instead of where we read what the
 * broker said. It is to be called in the function that the program waits for.
 */
export function fromCall(error: unknown): unknown {
  if (error instanceof StompError) {
    (Error as Tracing).captureStackTrace?.(error);
  }
  return error;
}
