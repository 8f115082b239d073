import { quoted, UsageError } from "../errors.ts";
import { parseTarget, type Target, withoutLogin } from "./target.ts";

/** How a list of brokers is tried, at the start and after a loss. */
export interface FailoverPolicy {
  /** The first pause between two rounds of attempts, in ms. @default {100} */
  readonly initialDelay: number;
  /** The longest pause, in ms. @default {30000} */
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
  /** Up to so many ms are added to each pause by chance. @default {0} */
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
  /** Whether brokers on this machine come first. @default {false} */
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

/** One broker, or several that stand in for each other. */
export interface Failover {
  /** At least one. */
  readonly targets: readonly Target[];
  /** What the URI says of how to try them. */
  readonly policy: Partial<FailoverPolicy>;
}

type Setting = (value: string) => Partial<FailoverPolicy> | undefined;

const count = (
  setting: (value: number) => Partial<FailoverPolicy>,
): Setting =>
(value) => /^-?[0-9]+$/.test(value) ? setting(Number(value)) : undefined;

/** stompest and ActiveMQ write -1 where there is no limit. */
const attempts = (
  setting: (value: number) => Partial<FailoverPolicy>,
): Setting => count((value) => setting(value < 0 ? Infinity : value));

const delay = (
  setting: (value: number) => Partial<FailoverPolicy>,
): Setting =>
(value) => /^[0-9]+$/.test(value) ? setting(Number(value)) : undefined;

const flag = (
  setting: (value: boolean) => Partial<FailoverPolicy>,
): Setting =>
(value) =>
  /^(true|false)$/i.test(value)
    ? setting(value.toLowerCase() === "true")
    : undefined;

const multiplier: Setting = (value) =>
  Number(value) >= 1 && Number(value) < Infinity
    ? { multiplier: Number(value) }
    : undefined;

/** Whatever the others say: where it is off, pauses do not grow. */
const LAST = "useExponentialBackOff";

/** The URI's options under the names that stompest and ActiveMQ give them. */
const SETTINGS: Readonly<Record<string, Setting>> = {
  initialReconnectDelay: delay((initialDelay) => ({ initialDelay })),
  maxReconnectDelay: delay((maxDelay) => ({ maxDelay })),
  reconnectDelayJitter: delay((addedJitter) => ({ jitter: 0, addedJitter })),
  useExponentialBackOff: flag((value) => value ? {} : { multiplier: 1 }),
  backOffMultiplier: multiplier,
  reconnectDelayExponent: multiplier,
  maxReconnectAttempts: attempts((maxAttempts) => ({ maxAttempts })),
  startupMaxReconnectAttempts: attempts((startupMaxAttempts) => ({
    startupMaxAttempts,
  })),
  randomize: flag((randomize) => ({ randomize })),
  priorityBackup: flag((priorityBackup) => ({ priorityBackup })),
};

/**
 * Reads a broker's URL, or a failover URI such as
 * `failover:(stomp://a:61613,stomp://b:61613)?randomize=false`. The brackets
 * and the slashes behind the colon may be left out, and the options may be
 * separated by `&` or by `,`.
 *
 * @throws {UsageError} that shows the place, but no passcode.
 */
export function parseFailover(uri: string | URL): Failover {
  const text = String(uri);
  if (!text.startsWith("failover:")) {
    return { targets: [parseTarget(uri)], policy: {} };
  }
  const refuse = (reason: string): never => {
    throw new UsageError(
      `Cannot use ${quoted(withoutLogin(text))} as a failover URI: ${reason}.`,
    );
  };
  const match =
    /^failover:(?:\/\/)?(?:\((?<inner>[^()]*)\)|(?<bare>[^()?]*))(?:\?(?<query>.*))?$/s
      .exec(text);
  if (match === null) {
    return refuse(
      "its brackets do not match; it must look like " +
        '"failover:(stomp://a:61613,stomp://b:61613)?randomize=false"',
    );
  }
  const { inner, bare, query = "" } = match.groups!;
  const targets = (inner ?? bare!).split(",").map((broker, index) => {
    if (broker === "") {
      return refuse(`broker ${index + 1} of its list is empty`);
    }
    try {
      return parseTarget(broker);
    } catch {
      // Its own message could show the rest of a passcode with a comma in it.
      return refuse(
        `broker ${index + 1} of its list is no URL of a broker: it must look ` +
          'like "stomp://login:passcode@host:61613/vhost", without a query, ' +
          "special characters in login and passcode percent-encoded",
      );
    }
  });
  let policy: Partial<FailoverPolicy> = {};
  let last: Partial<FailoverPolicy> = {};
  for (const option of query === "" ? [] : query.split(/[&,]/)) {
    const [, name = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(option)!;
    const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
    if (setting === undefined) {
      return refuse(
        `it has no option ${quoted(name)}; choose among ${
          Object.keys(SETTINGS).join(", ")
        }`,
      );
    }
    const set = value === undefined ? undefined : setting(value);
    if (set === undefined) {
      return refuse(
        `its option ${quoted(name)} cannot be ${quoted(value ?? "nothing")}`,
      );
    }
    if (name === LAST) last = set;
    else policy = { ...policy, ...set };
  }
  return { targets, policy: { ...policy, ...last } };
}

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
    // Whoever starts need not wait; whoever comes back does not come alone.
    if (round === 0) return 0;
    const { initialDelay, maxDelay, multiplier, jitter, addedJitter } =
      this.#policy;
    const longest = Math.min(
      maxDelay,
      initialDelay * multiplier ** Math.min(round - 1, 64),
    );
    const pause = longest * (1 - jitter + jitter * this.#random());
    return Math.round(pause + addedJitter * this.#random());
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
  return /^(localhost|127\.[0-9.]+|::1)$/.test(hostname);
}
