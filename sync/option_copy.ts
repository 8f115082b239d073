/**
 * Options as they are now, with what they hold: whoever uses an object again
 * does not change what a reconnect says. Functions and instances stay as they
 * are.
 */
export function copyOf<T>(options: T): T {
  if (Array.isArray(options)) return options.map(copyOf) as T;
  if (typeof options !== "object" || options === null) return options;
  const prototype = Object.getPrototypeOf(options);
  if (prototype !== Object.prototype && prototype !== null) return options;
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name, copyOf(value)]),
  ) as T;
}
