import type { Link } from "./transport.ts";

/** Links that wait to be accepted. */
export class AcceptQueue {
  readonly #waiting: Link[] = [];
  #isClosed = false;
  #wake: (() => void) | undefined;

  /** One more. */
  offer(link: Link): void {
    if (this.#isClosed) return link.close();
    this.#waiting.push(link);
    this.#wake?.();
  }

  /** The next one, or `undefined` once it is closed. */
  async take(): Promise<Link | undefined> {
    while (this.#waiting.length === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#waiting.shift();
  }

  /** There will be no more. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }
}
