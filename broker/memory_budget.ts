import { Refusal } from "./refusal.ts";

/**
 * What everything that clients make the broker keep may take together: messages,
 * and the names of destinations, subscriptions and transactions.
 */
export class MemoryBudget {
  readonly #max: number;
  #used = 0;
  #room: PromiseWithResolvers<void> | undefined;

  /** How many octets that is. */
  constructor(maxOctets: number) {
    this.#max = maxOctets;
  }

  /** How many octets are taken. */
  get used(): number {
    return this.#used;
  }

  /** Whether so many octets more would be too many. */
  isTooFullFor(octets: number): boolean {
    return this.#used + octets > this.#max;
  }

  /**
   * Makes sure that there is room.
   *
   * @throws {Refusal} if there is none.
   */
  require(octets: number): void {
    if (!this.isTooFullFor(octets)) return;
    throw new Refusal(
      `The broker is full: it would hold more than ${this.#max} octets for all ` +
        "its clients together (maxOctets). Try again when some are gone.",
      { isFatal: true },
    );
  }

  /** Resolves once there is room; `undefined`: there is. */
  room(): Promise<void> | undefined {
    if (!this.isTooFullFor(0)) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** So many octets are taken. */
  take(octets: number): void {
    this.#used += octets;
  }

  /** So many octets are free again. */
  give(octets: number): void {
    this.#used -= octets;
    if (this.#room === undefined || this.isTooFullFor(0)) return;
    this.#room.resolve();
    this.#room = undefined;
  }
}
