import { TimeoutError } from "../errors.ts";

interface Pending {
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
    this.#pending.set(id, { operation, timeout, deadline, resolve, reject });
    this.#nextDeadline = Math.min(this.#nextDeadline, deadline + SLACK);
    return promise;
  }

  /** The receipt came; one that nobody waits for any more is tolerated. */
  resolve(id: string): void {
    this.#remove(id)?.resolve();
  }

  /** Instead of the receipt an ERROR came. */
  reject(id: string, error: unknown): void {
    this.#remove(id)?.reject(error);
  }

  /** An ERROR came that says nothing of receipts: it is that of the only one. */
  rejectOnly(error: unknown): void {
    const [id, ...others] = this.#pending.keys();
    if (id !== undefined && others.length === 0) this.reject(id, error);
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
