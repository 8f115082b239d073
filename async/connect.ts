import { UsageError } from "../errors.ts";
import {
  DEFAULT_POLICY,
  type FailoverPolicy,
  parseFailover,
  Schedule,
} from "../session/failover.ts";
import { checkOptions } from "../session/options.ts";
import { systemClock } from "../transport/clock.ts";
import { checkTls } from "../transport/tls.ts";
import { Client } from "./client.ts";
import { Dialer } from "./dialer.ts";
import {
  CONNECT_CHECKS,
  type ConnectOptions,
  DEFAULTS,
  RECONNECT_CHECKS,
  TLS_CHECKS,
} from "./options.ts";

/**
 * Connects to a broker, such as `stomp://guest:guest@127.0.0.1:61613`. The
 * URL's path is the virtual host. `tcp://` means the same as `stomp://`;
 * `stomps://` and `ssl://` mean TLS, and never fall back to clear text.
 *
 * Several brokers that stand in for each other are written as
 * `failover:(stomp://a:61613,stomp://b:61613)?randomize=false`, with the options
 * of stompest and ActiveMQ behind the question mark; each is tried at least
 * once. A connection that is lost later is made again, unless `reconnect` says
 * otherwise.
 *
 * @throws {UsageError} if the URL or an option is wrong, {ConnectionError} if
 * nothing answers, {TimeoutError} if it answers too late, {BrokerError} if the
 * broker refuses, {FrameError} if something other than STOMP is spoken there;
 * the signal's reason if that aborts.
 *
 * @example
 * ```ts
 * import { connect } from "@stompest/core";
 * import { serve } from "@stompest/core/broker";
 * import { assertEquals } from "@std/assert";
 *
 * await using broker = await serve();
 * await using client = await connect(broker.url);
 * assertEquals(client.version, "1.2");
 * ```
 */
export async function connect(
  target: string | URL,
  options: ConnectOptions = {},
): Promise<Client> {
  checkOptions("connect()", options, CONNECT_CHECKS);
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
  const { clock = systemClock, reconnect = true, signal } = options;
  const client = new Client({
    clock,
    dialer: new Dialer(options, clock),
    schedule: new Schedule(
      targets,
      completed(policy, reconnect),
      options.random ?? Math.random,
    ),
    reconnects: reconnect !== false,
    drainTimeout: options.drainTimeout ?? DEFAULTS.drainTimeout,
    receiveBuffer: options.receiveBuffer ?? DEFAULTS.receiveBuffer,
  });
  return await client.open(signal);
}

/** What the URI says comes before the option, and that before the defaults. */
function completed(
  policy: Partial<FailoverPolicy>,
  reconnect: ConnectOptions["reconnect"],
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
