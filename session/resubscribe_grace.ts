/**
 * How long a subscription that has worked is tried again where it is refused, in
 * ms: a cluster that has just lost a node refuses for a while what it knows well.
 */
const GRACE = 30_000;

const SHORTEST = 100;
const LONGEST = 5000;

/** Tells a refusal that may pass from one that is meant. */
export class ResubscribeGrace {
  #hasWorked = false;
  /** Since when it has been refused and nothing else. */
  #refusedSince: number | undefined;
  #lastRefused = 0;

  /** Whether the broker has ever confirmed it. */
  get hasWorked(): boolean {
    return this.#hasWorked;
  }

  /** The broker has confirmed it. */
  confirmed(): void {
    this.#hasWorked = true;
    this.#refusedSince = undefined;
  }

  /** How long to wait before it is tried again, in ms: longer each time. */
  pause(now: number): number {
    const refusedFor = now - (this.#refusedSince ?? now);
    return Math.min(Math.max(refusedFor, SHORTEST), LONGEST);
  }

  /** The broker has refused it; says whether to try again. */
  refused(now: number): boolean {
    // While no broker is there at all, none refuses.
    const isNew = now - this.#lastRefused > GRACE;
    if (isNew || this.#refusedSince === undefined) this.#refusedSince = now;
    this.#lastRefused = now;
    return this.#hasWorked && now - this.#refusedSince < GRACE;
  }
}
