import { ConnectionError, UsageError } from "../errors.ts";

/** What is left of an error on its way between threads. */
export interface ErrorReport {
  readonly name: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly cause?: ErrorReport | undefined;
}

/** No message of a runtime is longer; escaped it still fits the memory. */
const LONGEST_TEXT = 300;

/** What can be told of it. */
export function reportOf(error: unknown): ErrorReport {
  if (!(error instanceof Error)) {
    return { name: "Error", message: String(error).slice(0, LONGEST_TEXT) };
  }
  return {
    name: error.name,
    message: error.message.slice(0, LONGEST_TEXT),
    code: "code" in error ? String(error.code) : undefined,
    cause: error.cause === undefined || error.cause === error
      ? undefined
      : { ...reportOf(error.cause), cause: undefined },
  };
}

/** The error that it becomes on the other thread. */
export function errorOf(
  { name, message, cause }: ErrorReport,
): ConnectionError | UsageError {
  if (name === "UsageError") return new UsageError(message);
  if (cause === undefined) return new ConnectionError(message);
  const { code, ...rest } = cause;
  const original = new Error(cause.message);
  original.name = rest.name;
  if (code !== undefined) Object.assign(original, { code });
  return new ConnectionError(message, { cause: original });
}
