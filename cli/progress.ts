import type { Terminal } from "./terminal.ts";

/** Nothing is said about what is done within this time, in ms. */
const QUIET_TIME = 2000;

const PERIOD = 500;

/** Counts what is done, and tells a person who waits for it. */
export class Progress {
  /** How many are done. */
  done = 0;
  readonly #terminal: Terminal;
  readonly #what: string;
  readonly #total: number | undefined;
  readonly #began: number = performance.now();
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #isShown = false;

  /** Begins; where no person reads the notes, or `isQuiet`, it only counts. */
  constructor(
    terminal: Terminal,
    what: string,
    { total, isQuiet }: { total?: number | undefined; isQuiet: boolean },
  ) {
    this.#terminal = terminal;
    this.#what = what;
    this.#total = total;
    if (isQuiet || !terminal.isErrorTerminal) return;
    this.#timer = setInterval(() => this.#show(), PERIOD);
  }

  /** Ends; the line that it has shown goes away. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#isShown) this.#terminal.note("\r\x1b[K");
  }

  #show(): void {
    const elapsed = performance.now() - this.#began;
    if (elapsed < QUIET_TIME) return;
    this.#isShown = true;
    const rate = this.done / elapsed * 1000;
    const total = this.#total;
    const rest = total === undefined || rate === 0
      ? ""
      : `, ${duration((total - this.done) / rate * 1000)} still`;
    const of = total === undefined ? "" : ` of ${total}`;
    this.#terminal.note(
      `\r\x1b[K${this.done}${of} ${this.#what}, ${rate.toFixed(0)}/s${rest}`,
    );
  }
}

/** A time in ms for a person. */
export function duration(milliseconds: number): string {
  if (milliseconds < 10) return `${milliseconds.toFixed(2)} ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A count and its noun. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
