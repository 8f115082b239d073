import { type Check, checkOptions, isRecord } from "./option_checks.ts";

/**
 * Options as they are now: whatever the caller does with the object, the headers
 * or the lists in it afterwards, changes nothing here. What has methods, such as
 * a clock or a signal, stays the caller's own.
 */
export function owned<T>(options: T): T {
  if (!isRecord(options)) return options;
  const copy: Record<string, unknown> = {};
  // What options inherit counts, too.
  for (const name in options) copy[name] = copied(options[name]);
  return copy as T;
}

/**
 * Takes options from a caller: copies them, and checks the copy.
 *
 * @throws {UsageError} that names the option, its value and what it may be.
 */
export function takeOptions<T extends object>(
  where: string,
  options: T,
  checks: Readonly<Record<string, Check>>,
): T {
  const copy = owned(options);
  checkOptions(where, copy, checks);
  return copy;
}

function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  return isData(value) ? owned(value) : value;
}

function isData(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) &&
    Object.values(value).every((inner) => typeof inner !== "function");
}
