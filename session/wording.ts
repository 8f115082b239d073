/**
 * How messages count and tell the time, so that they all do it alike.
 *
 * @module
 */

/**
 * How many there are, and of what: `counted(1, "message is", "messages are")` is
 * "1 message is".
 */
export function counted(
  count: number,
  one: string,
  many: string = `${one}s`,
): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A time as a person wants to read it: "30 s", "1500 ms", nothing behind a point. */
export function shownTime(milliseconds: number): string {
  const whole = Math.round(milliseconds);
  return whole >= 10_000 && whole % 1000 === 0
    ? `${whole / 1000} s`
    : `${whole} ms`;
}
