/**
 * Resolves at the end of this turn of the event loop. A socket that takes
 * octets at once would otherwise have each small frame written on its own; with
 * this, whatever a turn produces leaves together, and nobody waits for a timer.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
