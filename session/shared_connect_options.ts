/**
 * What it takes to connect, whichever client does it: both read these options
 * and hand them on to the session.
 *
 * @module
 */

import { encodeFrame, type FrameLimits, type Version } from "../codec/mod.ts";
import { UsageError } from "../errors.ts";
import { ClientSession } from "./client_session.ts";
import { DIALECT_NAMES, type DialectName } from "./dialects.ts";
import { DEFAULT_POLICY, type FailoverPolicy } from "./failover.ts";
import type { HeartBeat } from "./heart_beat.ts";
import {
  anything,
  boolean,
  type Check,
  checkOptions,
  headerRecord,
  heartBeatPair,
  limitRecord,
  milliseconds,
  nonEmptyText,
  numberFrom,
  oneOf,
  textOrFunction,
} from "./option_checks.ts";
import {
  type ClientSessionOptions,
  sessionOptions,
} from "./session_options.ts";
import type { Target } from "./target.ts";

/** Options of `connect()` and of `connectSync()`. */
export interface SharedConnectOptions {
  /**
   * The virtual host. It is not the TCP host name, which RabbitMQ would take
   * for a virtual host and refuse.
   *
   * @default {the URL's path, else "/"}
   */
  host?: string | undefined;
  /** Versions of STOMP to offer. @default {["1.0", "1.1", "1.2"]} */
  versions?: readonly Version[] | undefined;
  /**
   * How often we can send and how often we want to receive a sign of life, in
   * ms; 0 for never (STOMP 1.2, "Heart-beating").
   *
   * @default {[10000, 10000]}
   */
  heartBeat?: HeartBeat | undefined;
  /** How long the socket may take to connect, in ms. @default {10000} */
  connectTimeout?: number | undefined;
  /** How long CONNECTED may take once it has, in ms. @default {10000} */
  connectedTimeout?: number | undefined;
  /**
   * How long a receipt may take, in ms, where the operation says nothing else.
   *
   * @default {60000}
   */
  receiptTimeout?: number | undefined;
  /** How long a graceful close may take, in ms. @default {10000} */
  drainTimeout?: number | undefined;
  /** More headers for CONNECT, such as ActiveMQ's `client-id`. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** How large a frame from the broker may be. */
  limits?: Partial<FrameLimits> | undefined;
  /** The broker's peculiarities. @default {what CONNECTED's server header says} */
  dialect?: DialectName | undefined;
}

/** What is filled in where nothing is said. */
export const SHARED_DEFAULTS = {
  heartBeat: [10_000, 10_000],
  connectTimeout: 10_000,
  connectedTimeout: 10_000,
  receiptTimeout: 60_000,
  drainTimeout: 10_000,
  prefetch: 100,
} as const;

/** What those options may be, and those whose types the clients add. */
export const SHARED_CHECKS: Readonly<
  Record<
    keyof SharedConnectOptions | "login" | "passcode" | "tls" | "reconnect",
    Check
  >
> = {
  login: textOrFunction,
  passcode: textOrFunction,
  host: nonEmptyText,
  versions: anything,
  heartBeat: heartBeatPair,
  connectTimeout: milliseconds,
  connectedTimeout: milliseconds,
  receiptTimeout: milliseconds,
  drainTimeout: milliseconds,
  tls: anything,
  reconnect: anything,
  headers: headerRecord,
  limits: limitRecord,
  dialect: oneOf(...DIALECT_NAMES),
};

const RECONNECT_CHECKS: Readonly<Record<keyof FailoverPolicy, Check>> = {
  initialDelay: milliseconds,
  maxDelay: milliseconds,
  multiplier: numberFrom(1, Infinity),
  jitter: numberFrom(0, 1),
  addedJitter: milliseconds,
  maxAttempts: numberFrom(0, Infinity),
  startupMaxAttempts: numberFrom(1, Infinity),
  randomize: boolean,
  priorityBackup: boolean,
};

/**
 * How brokers are tried: what the URI says comes before the option `reconnect`,
 * and that before the defaults.
 *
 * @throws {UsageError} if the option is wrong.
 */
export function policyOf(
  uri: Partial<FailoverPolicy>,
  reconnect: boolean | Partial<FailoverPolicy> | undefined,
): FailoverPolicy {
  if (typeof reconnect === "boolean" || reconnect === undefined) {
    return { ...DEFAULT_POLICY, ...uri };
  }
  checkOptions("reconnect", reconnect, RECONNECT_CHECKS);
  const given = Object.fromEntries(
    Object.entries(reconnect).filter(([, value]) => value !== undefined),
  );
  return { ...DEFAULT_POLICY, ...given, ...uri };
}

/**
 * Refuses what the CONNECT frame cannot carry before anything is connected.
 * Credentials that are functions are not asked yet.
 *
 * @throws {UsageError} that names the header, and shows no passcode.
 */
export function checkHandshake(
  options: SharedConnectOptions & { login?: unknown; passcode?: unknown },
  targets: readonly Target[],
): void {
  const text = (value: unknown) =>
    typeof value === "string" ? value : undefined;
  for (const { host, login, passcode } of targets) {
    const session = new ClientSession({
      ...sessionOptions(options as ClientSessionOptions),
      host: options.host ?? host,
      login: text(options.login) ?? login,
      passcode: text(options.passcode) ?? passcode,
    });
    encodeFrame(session.connect());
  }
}

/**
 * What a function has answered that was given as a login or a passcode.
 *
 * @throws {UsageError} if it is not a text; the answer is not shown.
 */
export function requireCredential(answer: unknown, name: string): string {
  if (typeof answer === "string") return answer;
  throw new UsageError(
    `The function that was given as ${name} must return a string, not ${
      answer === null ? "null" : typeof answer
    }.`,
  );
}
