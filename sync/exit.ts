/**
 * A program that ends without disconnecting must not take along what it has
 * sent: what the workers have not written yet leaves before the exit.
 *
 * @module
 */

/** Something that has octets to write. */
interface Flushable {
  flush(timeout: number): void;
}

/** How long the exit may take, in ms. */
const PATIENCE = 1000;

const open = new Set<Flushable>();
let isListening = false;

/** Before the program ends, this is flushed. */
export function flushAtExit(link: Flushable): void {
  open.add(link);
  if (isListening) return;
  isListening = true;
  const flush = () => {
    for (const link of open) link.flush(PATIENCE);
  };
  // Deno has the one event, Bun the other; a flushed link is flushed at once.
  globalThis.addEventListener?.("unload", flush);
  const { process } = globalThis as {
    process?: { on?: (event: "exit", listener: () => void) => void };
  };
  process?.on?.("exit", flush);
}

/** This has nothing to write any more. */
export function forgetAtExit(link: Flushable): void {
  open.delete(link);
}
