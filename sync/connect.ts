import { resolveLimits } from "../codec/limits.ts";
import { UsageError } from "../errors.ts";
import {
  DEFAULT_POLICY,
  type FailoverPolicy,
  parseFailover,
  Schedule,
} from "../session/failover.ts";
import { checkOptions } from "../session/options.ts";
import type { Target } from "../session/target.ts";
import { offeredVersions } from "../session/versions.ts";
import { checkTls } from "../transport/tls.ts";
import { SyncClient } from "./client.ts";
import { Connection } from "./connection.ts";
import {
  CONNECT_CHECKS,
  DEFAULTS,
  RECONNECT_CHECKS,
  type SyncConnectOptions,
  type SyncCredential,
  TLS_CHECKS,
} from "./options.ts";

/**
 * Connects to a broker, such as `stomp://guest:guest@127.0.0.1:61613`, and
 * blocks until that is done. The URL's path is the virtual host. `tcp://` means
 * the same as `stomp://`.
 *
 * Several brokers that stand in for each other are written as
 * `failover:(stomp://a:61613,stomp://b:61613)?randomize=false`, with the options
 * of stompest and ActiveMQ behind the question mark; each is tried at least
 * once.
 *
 * @throws {UsageError} if the URL or an option is wrong, {ConnectionError} if
 * nothing answers or this runtime lets us have no worker, {TimeoutError} if it
 * answers too late, {BrokerError} if the broker refuses, {FrameError} if
 * something other than STOMP is spoken there.
 *
 * @example
 * ```ts ignore
 * import { connectSync } from "@stompest/core/sync";
 *
 * using client = connectSync("stomp://guest:guest@127.0.0.1:61613");
 * client.send("/queue/simpleTest", "hello", { receipt: true });
 * ```
 */
export function connectSync(
  target: string | URL,
  options: SyncConnectOptions = {},
): SyncClient {
  checkOptions("connectSync()", options, CONNECT_CHECKS);
  const { targets, policy } = parseFailover(target);
  if (options.tls !== undefined) {
    checkOptions("tls", options.tls, TLS_CHECKS);
    checkTls(options.tls);
    if (!targets.every(({ tls }) => tls)) {
      throw new UsageError(
        'There are "tls" options, but a URL whose scheme is not stomps:// would ' +
          "be connected in clear text: change the scheme, or leave them out.",
      );
    }
  }
  const {
    reconnect = false,
    connectTimeout = DEFAULTS.connectTimeout,
    connectedTimeout = DEFAULTS.connectedTimeout,
  } = options;
  const limits = resolveLimits(options.limits);
  const versions = offeredVersions(options.versions);
  return new SyncClient({
    schedule: new Schedule(targets, completed(policy, reconnect), Math.random),
    reconnects: reconnect !== false,
    reconnectTimeout: options.reconnectTimeout ?? DEFAULTS.reconnectTimeout,
    receiptTimeout: options.receiptTimeout ?? DEFAULTS.receiptTimeout,
    drainTimeout: options.drainTimeout ?? DEFAULTS.drainTimeout,
    dial: (target: Target, deadline: number) => {
      const left = Math.max(0, deadline - performance.now());
      return Connection.open(target, {
        limits,
        versions,
        connectTimeout: Math.min(connectTimeout, left),
        connectedTimeout: Math.min(connectedTimeout, left),
        host: options.host ?? target.host,
        login: ask(options.login, "login") ?? target.login,
        passcode: ask(options.passcode, "passcode") ?? target.passcode,
        heartBeat: options.heartBeat ?? DEFAULTS.heartBeat,
        headers: options.headers,
        dialect: options.dialect,
        tls: target.tls ? options.tls ?? {} : undefined,
      });
    },
  });
}

/** What the URI says comes before the option, and that before the defaults. */
function completed(
  policy: Partial<FailoverPolicy>,
  reconnect: SyncConnectOptions["reconnect"],
): FailoverPolicy {
  if (typeof reconnect === "boolean" || reconnect === undefined) {
    return { ...DEFAULT_POLICY, ...policy };
  }
  checkOptions("reconnect", reconnect, RECONNECT_CHECKS);
  const given = Object.fromEntries(
    Object.entries(reconnect).filter(([, value]) => value !== undefined),
  );
  return { ...DEFAULT_POLICY, ...given, ...policy };
}

function ask(
  credential: SyncCredential | undefined,
  name: string,
): string | undefined {
  if (typeof credential !== "function") return credential;
  const answer: unknown = credential();
  if (typeof answer === "string") return answer;
  throw new UsageError(
    `The function that was given as ${name} must return a string, not ${
      answer === null ? "null" : typeof answer
    }.`,
  );
}
