import { TimeoutError } from "../errors.ts";

interface Pending {
  /** The how-many-th frame has asked for it. */
  readonly position: number;
  readonly operation: string;
  readonly timeout: number;
  readonly deadline: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** How far a time-out may be late, so that many of them cost one look. */
const SLACK = 20;

/** The operations that wait for a receipt, by its id, each with a deadline. */
export class Receipts {
  readonly #pending = new Map<string, Pending>();
  #nextDeadline = Infinity;
  #idle: PromiseWithResolvers<void> | undefined;
  /** How many frames were written. */
  #written = 0;
  /** The latest of them that has not asked for a receipt. */
  #silent = 0;
  /** Those that have, and nobody waits for it yet. */
  readonly #asked = new Map<string, number>();
  /** Up to this one the broker has taken all of them. */
  #taken = 0;

  /** A frame was written, and may have asked for a receipt that is added later. */
  wrote(receipt: string | undefined): void {
    this.#written++;
    if (receipt === undefined) this.#silent = this.#written;
    else this.#asked.set(receipt, this.#written);
  }

  /** The broker has taken everything that was written. */
  allTaken(): void {
    this.#taken = this.#written;
  }

  /** How many are outstanding. */
  get size(): number {
    return this.#pending.size;
  }

  /** The time to look for those that are late; `Infinity` for never. */
  get nextDeadline(): number {
    return this.#nextDeadline;
  }

  /** Waits for a receipt until `now + timeout`. */
  add(
    id: string,
    operation: string,
    timeout: number,
    now: number,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const deadline = now + timeout;
    const position = this.#asked.get(id)!;
    this.#asked.delete(id);
    const pending = { position, operation, timeout, deadline, resolve, reject };
    this.#pending.set(id, pending);
    this.#nextDeadline = Math.min(this.#nextDeadline, deadline + SLACK);
    return promise;
  }

  /** The receipt came; one that nobody waits for any more is tolerated. */
  resolve(id: string): void {
    const pending = this.#remove(id);
    if (pending === undefined) return;
    this.#taken = Math.max(this.#taken, pending.position);
    pending.resolve();
  }

  /** Instead of the receipt an ERROR came. */
  reject(id: string, error: unknown): void {
    this.#remove(id)?.reject(error);
  }

  /**
   * An ERROR came that says nothing of receipts: it is that of the only one,
   * unless it may be about a frame that has asked for none, and is heeded.
   */
  rejectOnly(error: unknown, heedsSilent: boolean): void {
    const [id, ...others] = this.#pending.keys();
    const isClear = others.length === 0 &&
      (!heedsSilent || this.#silent <= this.#taken);
    if (id !== undefined && isClear) this.reject(id, error);
  }

  /** No receipt will come. */
  rejectAll(errorFor: (operation: string) => unknown): void {
    for (const [id, { operation }] of this.#pending) {
      this.reject(id, errorFor(operation));
    }
  }

  /** Gives up those that are late. */
  expire(now: number): void {
    if (now < this.#nextDeadline) return;
    this.#nextDeadline = Infinity;
    for (const [id, { operation, timeout, deadline }] of this.#pending) {
      if (deadline <= now) {
        this.reject(
          id,
          new TimeoutError(`The receipt of ${operation}`, timeout),
        );
      } else {
        this.#nextDeadline = Math.min(this.#nextDeadline, deadline + SLACK);
      }
    }
  }

  /** Resolves once none is outstanding. */
  async idle(): Promise<void> {
    if (this.size === 0) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  #remove(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) {
      this.#idle?.resolve();
      this.#idle = undefined;
    }
    return pending;
  }
}
