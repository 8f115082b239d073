import type { Terminal } from "./terminal.ts";

/**
 * The output of a command: many small texts, written in few large pieces, one
 * after the other.
 */
export class Output {
  readonly #terminal: Terminal;
  #waiting = "";
  /** The write that what waits goes along with. */
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  /** Writes to a terminal. */
  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /**
   * Writes a line, in the order of the calls. Resolves once it is written: who
   * has many of them need not wait for each.
   *
   * @throws {ClosedOutput} if nobody reads it any more.
   */
  line(text: string): Promise<void> {
    this.#waiting += `${text}\n`;
    this.#next ??= this.#last = this.#write(this.#last);
    return this.#next;
  }

  /** Resolves once everything is written. */
  flush(): Promise<void> {
    return this.#last;
  }

  async #write(before: Promise<void>): Promise<void> {
    // What else comes in this turn goes along, and what comes until there is room.
    await Promise.all([
      before,
      new Promise((resolve) => setTimeout(resolve)),
    ]);
    const text = this.#waiting;
    this.#waiting = "";
    this.#next = undefined;
    await this.#terminal.write(text);
  }
}
