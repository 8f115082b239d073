/** For how long, in ms, a socket may take nothing before that is told. */
const PATIENCE = 5000;

/** Notices that a socket takes nothing any more. */
export class WriteWatch {
  /** When it took something last, while there is more. */
  #since: number | undefined;
  #isStalled = false;

  /** Whether the socket takes nothing. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** Whether anything is to be watched. */
  get isWatching(): boolean {
    return this.#since !== undefined;
  }

  /** When to look next; `Infinity` for never. */
  get nextDeadline(): number {
    return this.#since === undefined || this.#isStalled
      ? Infinity
      : this.#since + PATIENCE;
  }

  /** Something is on its way. */
  begin(now: number): void {
    this.#since ??= now;
  }

  /** The socket has taken something; says whether it had stalled. */
  progress(now: number, isMore: boolean): boolean {
    const resumes = this.#isStalled;
    this.#isStalled = false;
    this.#since = isMore ? now : undefined;
    return resumes;
  }

  /** Says whether it has stalled just now. */
  stalls(now: number): boolean {
    const stalls = now >= this.nextDeadline;
    if (stalls) this.#isStalled = true;
    return stalls;
  }
}
