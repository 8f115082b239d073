import { TimeoutError } from "../errors.ts";
import type { SignalWatch } from "../transport/signal_watch.ts";

interface Pending {
  /** The how-many-th frame has asked for it. */
  readonly position: number;
  readonly operation: string;
  readonly timeout: number;
  readonly deadline: number;
  forgetSignal: (() => void) | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

/** How far a time-out may be late, so that many of them cost one look. */
const SLACK = 20;

/** The operations that wait for a receipt, by its id, each with a deadline. */
export class Receipts {
  readonly #signals: SignalWatch;
  readonly #pending = new Map<string, Pending>();
  #nextDeadline = Infinity;
  #idle: PromiseWithResolvers<void> | undefined;
  /** How many frames were written. */
  #written = 0;
  /** The latest of them that nobody waits for a receipt of. */
  #silent = 0;
  /** Up to this one the broker has taken all of them. */
  #taken = 0;

  /** Nothing was written yet. */
  constructor(signals: SignalWatch) {
    this.#signals = signals;
  }

  /** A frame was written that asks for none. */
  wrote(): void {
    this.#silent = ++this.#written;
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

  /** A frame was written that asks for one, which may take until `now + timeout`. */
  wait(
    id: string,
    operation: string,
    timeout: number,
    now: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = now + timeout;
      this.#pending.set(id, {
        position: ++this.#written,
        operation,
        timeout,
        deadline,
        forgetSignal: signal === undefined
          ? undefined
          : this.#signals.on(signal, () => this.#giveUp(id, signal.reason)),
        resolve,
        reject,
      });
      this.#nextDeadline = Math.min(this.#nextDeadline, deadline + SLACK);
    });
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
   * unless it may be about a frame that nobody waits for, and is heeded.
   */
  rejectOnly(error: unknown, heedsSilent: boolean): void {
    const isClear = this.size === 1 &&
      (!heedsSilent || this.#silent <= this.#taken);
    if (!isClear) return;
    for (const id of this.#pending.keys()) this.reject(id, error);
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
        this.#giveUp(
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

  /** Nobody waits for it any more; an ERROR may still be about its frame. */
  #giveUp(id: string, error: unknown): void {
    const pending = this.#remove(id);
    this.#silent = Math.max(this.#silent, pending?.position ?? 0);
    pending?.reject(error);
  }

  #remove(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.forgetSignal?.();
    if (this.#pending.size === 0) {
      this.#idle?.resolve();
      this.#idle = undefined;
    }
    return pending;
  }
}
