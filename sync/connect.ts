import { resolveLimits } from "../codec/limits.ts";
import {
  checkHandshake,
  policyOf,
  requireCredential,
} from "../session/shared_connect_options.ts";
import { Schedule } from "../session/failover.ts";
import { parseFailover } from "../session/failover_uri.ts";
import { takeOptions } from "../session/owned_options.ts";
import { requireTcp, type Target } from "../session/target.ts";
import { offeredVersions } from "../session/versions.ts";
import { checkClientTls } from "../transport/tls.ts";
import type { CallTime } from "./call_time.ts";
import { SyncClient } from "./client.ts";
import { Connection } from "./connection.ts";
import {
  CONNECT_CHECKS,
  DEFAULTS,
  type SyncConnectOptions,
  type SyncCredential,
} from "./options.ts";

/**
 * Connects to a broker, such as `stomp://guest:guest@127.0.0.1:61613`, and
 * blocks until that is done. The URL's path is the virtual host. `tcp://` means
 * the same as `stomp://`.
 *
 * Several brokers that stand in for each other are written as
 * `failover:(stomp://a:61613,stomp://b:61613)?randomize=false`, with the options
 * of stompest and ActiveMQ behind the question mark; each is tried at least
 * once. The numbers of attempts count those behind the first one, as they do in
 * stompest.
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
  const own = takeOptions("connectSync()", options, CONNECT_CHECKS);
  const { targets, policy } = parseFailover(target);
  requireTcp(targets, "connectSync()");
  checkClientTls(own.tls, targets);
  checkHandshake(own, targets);
  const {
    reconnect = false,
    connectTimeout = DEFAULTS.connectTimeout,
    connectedTimeout = DEFAULTS.connectedTimeout,
  } = own;
  const limits = resolveLimits(own.limits);
  const versions = offeredVersions(own.versions);
  return new SyncClient({
    schedule: new Schedule(targets, policyOf(policy, reconnect), Math.random),
    reconnects: reconnect !== false,
    reconnectTimeout: own.reconnectTimeout ?? DEFAULTS.reconnectTimeout,
    receiptTimeout: own.receiptTimeout ?? DEFAULTS.receiptTimeout,
    drainTimeout: own.drainTimeout ?? DEFAULTS.drainTimeout,
    dial: (target: Target, deadline: number, time: CallTime) =>
      Connection.open(target, {
        limits,
        versions,
        connectTimeout,
        connectedTimeout,
        deadline,
        time,
        host: own.host ?? target.host,
        login: ask(own.login, "login") ?? target.login,
        passcode: ask(own.passcode, "passcode") ?? target.passcode,
        heartBeat: own.heartBeat ?? DEFAULTS.heartBeat,
        headers: own.headers,
        dialect: own.dialect,
        tls: target.tls ? own.tls ?? {} : undefined,
      }),
  });
}

function ask(
  credential: SyncCredential | undefined,
  name: string,
): string | undefined {
  if (typeof credential !== "function") return credential;
  return requireCredential(credential(), name);
}
