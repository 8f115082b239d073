/**
 * A program that ends without disconnecting must not take along what it has
 * sent: what the workers have not written yet leaves before the end, where the
 * runtime tells of it in time. It does not where a signal that nobody handles
 * kills the program, or a worker of the program's own is ended by `terminate()`
 * or `self.close()`.
 *
 * @module
 */

/** Something that has octets to write. */
export interface Flushable {
  /** Waits until they are written, or until a `performance.now()`. */
  flush(deadline: number): void;
}

/** How long the exit may take for all of them together, in ms. */
const PATIENCE = 1000;

/** Flushes what is open when the program ends. */
export class ExitFlush {
  readonly #now: () => number;
  readonly #listen: (flush: () => void) => () => void;
  readonly #open = new Set<Flushable>();
  #endListening: (() => void) | undefined;
  #flushedAt = -Infinity;

  /** `listen` has a function called at the end, and returns what ends that. */
  constructor(
    listen: (flush: () => void) => () => void,
    now: () => number = () => performance.now(),
  ) {
    this.#listen = listen;
    this.#now = now;
  }

  /** Before the program ends, this is flushed. */
  add(link: Flushable): void {
    this.#open.add(link);
    this.#endListening ??= this.#listen(() => this.#flush());
  }

  /** This has nothing to write any more. */
  delete(link: Flushable): void {
    this.#open.delete(link);
    if (this.#open.size > 0) return;
    this.#endListening?.();
    this.#endListening = undefined;
  }

  #flush(): void {
    const begun = this.#now();
    // One end may be told of by several events: they share the one wait.
    const isSame = begun - this.#flushedAt < PATIENCE;
    const deadline = isSame ? begun : begun + PATIENCE;
    for (const link of this.#open) link.flush(deadline);
    this.#flushedAt = this.#now();
  }
}

/** The ends of this thread. */
export const exitFlush: ExitFlush = new ExitFlush((flush) => {
  const { process } = globalThis as {
    process?: Partial<
      Record<"on" | "off", (event: "exit", listener: () => void) => void>
    >;
  };
  // A program that throws ends on Deno without any other event. Nothing is
  // prevented here; whoever does that goes on with a client that is as it was.
  const events = ["unload", "error", "unhandledrejection"];
  for (const event of events) globalThis.addEventListener?.(event, flush);
  process?.on?.("exit", flush);
  return () => {
    for (const event of events) globalThis.removeEventListener?.(event, flush);
    process?.off?.("exit", flush);
  };
});
