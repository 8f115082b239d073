import process from "node:process";

/**
 * Chance that can be repeated: a small generator (mulberry32) and the choices
 * that tests make with it.
 */
export class Random {
  #state: number;

  /** The same seed makes the same choices. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, but not including, `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * limit);
  }

  /** Whether something happens that does so in one case of `many`. */
  onceIn(many: number): boolean {
    return this.below(many) === 0;
  }

  /** One of several things. */
  pick<T>(choices: ArrayLike<T>): T {
    return choices[this.below(choices.length)]!;
  }

  /** As many things as `count` says. */
  list<T>(count: number, make: () => T): T[] {
    return Array.from({ length: count }, make);
  }

  /** Octets of any value. */
  octets(count: number): Uint8Array {
    return Uint8Array.from(this.list(count, () => this.below(256)));
  }
}

/** The seed of every run that is not given another one in `TEST_SEED`. */
const USUAL_SEED = 1512;

/**
 * Runs the body with seeded chance; what it throws tells how to repeat it.
 */
export function withChance<T>(body: (random: Random) => T): T {
  const seed = Number(process.env["TEST_SEED"] ?? USUAL_SEED);
  const explain = (cause: unknown): never => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`with TEST_SEED=${seed}: ${reason}`, { cause });
  };
  try {
    const result = body(new Random(seed));
    return result instanceof Promise
      ? result.catch(explain) as unknown as T
      : result;
  } catch (cause) {
    return explain(cause);
  }
}
