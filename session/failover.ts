import type { Target } from "./target.ts";

/** How a list of brokers is tried, at the start and after a loss. */
export interface FailoverPolicy {
  /**
   * The first pause between two rounds of attempts, in ms; 0: a lost connection
   * is made again at once, and the pauses begin behind that.
   *
   * @default {100}
   */
  readonly initialDelay: number;
  /**
   * The longest pause, in ms, whatever chance adds to it. Behind the first round
   * no pause is shorter than 10 ms.
   *
   * @default {30000}
   */
  readonly maxDelay: number;
  /** By how much each pause is longer than the one before. @default {2} */
  readonly multiplier: number;
  /**
   * The share of each pause that is left to chance, from 0 to 1, so that the
   * clients of a broker that has died do not all come back at once.
   *
   * @default {1}
   */
  readonly jitter: number;
  /** Up to so many ms are added to each pause by chance, up to `maxDelay`. @default {0} */
  readonly addedJitter: number;
  /**
   * How many attempts a lost connection is worth before the client gives up, but
   * at least one for each broker; 0: none.
   *
   * @default {Infinity}
   */
  readonly maxAttempts: number;
  /**
   * How many attempts `connect()` makes, but at least one for each broker.
   *
   * @default {1}
   */
  readonly startupMaxAttempts: number;
  /** Whether the brokers are tried in random order. @default {true} */
  readonly randomize: boolean;
  /**
   * Whether brokers on this machine come first: `localhost` and the loopback
   * addresses. The machine's own name and its other addresses are not known
   * here, because asking for them takes a permission: put such a broker first,
   * and leave `randomize` off.
   *
   * @default {false}
   */
  readonly priorityBackup: boolean;
}

/** What holds where nothing is said. */
export const DEFAULT_POLICY: FailoverPolicy = {
  initialDelay: 100,
  maxDelay: 30_000,
  multiplier: 2,
  jitter: 1,
  addedJitter: 0,
  maxAttempts: Infinity,
  startupMaxAttempts: 1,
  randomize: true,
  priorityBackup: false,
};

/** In ms. Without a pause a broker that is gone would be asked thousands of times a second. */
const SHORTEST_PAUSE = 10;

/** What to do next on the way to a connection. */
export interface Attempt {
  /** The broker to try. */
  readonly target: Target;
  /** How long to wait before, in ms. */
  readonly delay: number;
}

/**
 * The order and the pace in which brokers are tried. All of them are tried
 * before there is a pause; the pauses grow from round to round.
 */
export class Schedule {
  readonly #targets: readonly Target[];
  readonly #policy: FailoverPolicy;
  readonly #random: () => number;
  /** Who is still to be tried in this round. */
  #left: Target[] = [];
  /** Rounds since the program began, or since the last stable connection. */
  #rounds = 0;
  /** Whether nothing has been tried since the start, or since the loss. */
  #isFirstRound = true;
  #attempts = 0;
  #limit = 0;
  /** Until when it is no use to ask a broker again that has refused us. */
  readonly #refusedUntil = new Map<Target, number>();

  /** `random` is a source of numbers from 0 up to 1. */
  constructor(
    targets: readonly Target[],
    policy: FailoverPolicy,
    random: () => number,
  ) {
    this.#targets = targets;
    this.#policy = policy;
    this.#random = random;
  }

  /** The program connects for the first time. */
  start(): void {
    const { startupMaxAttempts } = this.#policy;
    this.#rounds = 0;
    this.#refusedUntil.clear();
    this.#begin(Math.max(1, startupMaxAttempts));
  }

  /**
   * A connection was lost. Unless it had been stable, the pauses go on growing
   * from where they were.
   */
  restart(wasStable: boolean): void {
    this.#rounds = Math.max(1, this.#rounds);
    if (wasStable) this.#rounds = 1;
    this.#begin(this.#policy.maxAttempts);
  }

  /** A broker has refused us, at this time: trying again soon will not help. */
  refused(target: Target, now: number): void {
    this.#refusedUntil.set(target, now + this.#policy.maxDelay);
  }

  /** What to do next, at this time; `undefined`: give up. */
  next(now: number): Attempt | undefined {
    if (this.#attempts >= this.#limit) return undefined;
    this.#attempts++;
    const pause = this.#left.length === 0 ? this.#pause() : 0;
    if (this.#left.length === 0) this.#left = this.#round(now + pause);
    const target = this.#left.shift()!;
    const refusedFor = (this.#refusedUntil.get(target) ?? now) - now;
    return { target, delay: Math.max(pause, Math.round(refusedFor)) };
  }

  /** No attempt at all is what it says; else every broker is worth one. */
  #begin(limit: number): void {
    this.#attempts = 0;
    this.#isFirstRound = true;
    this.#limit = limit === 0 ? 0 : Math.max(limit, this.#targets.length);
    this.#left = [];
  }

  /** Who is to be tried, leaving out who would refuse us again, unless all would. */
  #round(now: number): Target[] {
    const order = this.#shuffled();
    const until = (target: Target) => this.#refusedUntil.get(target) ?? now;
    const hopeful = order.filter((target) => until(target) <= now);
    if (hopeful.length > 0) return hopeful;
    return order.sort((a, b) => until(a) - until(b)).slice(0, 1);
  }

  #pause(): number {
    const round = this.#rounds++;
    const isFirst = this.#isFirstRound;
    this.#isFirstRound = false;
    // Whoever starts need not wait; whoever comes back does not come alone.
    if (round === 0) return 0;
    const { initialDelay, maxDelay, multiplier, jitter, addedJitter } =
      this.#policy;
    // A connection that is lost as soon as it is made goes round, too.
    const isFree = isFirst && round === 1;
    const least = isFree ? 0 : SHORTEST_PAUSE;
    const initial = isFree ? initialDelay : Math.max(initialDelay, least);
    const longest = Math.min(
      maxDelay,
      initial * multiplier ** Math.min(round - 1, 64),
    );
    const pause = longest * (1 - jitter + jitter * this.#random()) +
      addedJitter * this.#random();
    return Math.max(least, Math.round(Math.min(maxDelay, pause)));
  }

  #shuffled(): Target[] {
    const order = [...this.#targets];
    if (this.#policy.randomize) {
      for (let i = order.length - 1; i > 0; i--) {
        const k = Math.floor(this.#random() * (i + 1));
        [order[i], order[k]] = [order[k]!, order[i]!];
      }
    }
    if (this.#policy.priorityBackup) {
      order.sort((a, b) => Number(isLocal(b)) - Number(isLocal(a)));
    }
    return order;
  }
}

function isLocal({ hostname }: Target): boolean {
  return /^((.+\.)?localhost|127\.[0-9.]+|::1)$/i.test(hostname);
}
