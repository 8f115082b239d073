import { checkHandshake, policyOf } from "../session/shared_connect_options.ts";
import { Schedule } from "../session/failover.ts";
import { parseFailover } from "../session/failover_uri.ts";
import { takeOptions } from "../session/owned_options.ts";
import { clientClock } from "../transport/client_clock.ts";
import { checkClientTls } from "../transport/tls.ts";
import { Client } from "./client.ts";
import { ClientContext } from "./client_context.ts";
import { Dialer } from "./dialer.ts";
import { Lifecycle } from "./lifecycle.ts";
import { CONNECT_CHECKS, type ConnectOptions, DEFAULTS } from "./options.ts";
import { fromCall } from "./stack_trace.ts";

/**
 * Connects to a broker, such as `stomp://guest:guest@127.0.0.1:61613`. The
 * URL's path is the virtual host. `tcp://` means the same as `stomp://`;
 * `stomps://`, `ssl://` and ActiveMQ's `stomp+ssl://` mean TLS, and never fall
 * back to clear text.
 *
 * `ws://` and `wss://` mean a WebSocket, which is all that a page has. Its URL
 * goes there as it is, without login and passcode; the virtual host is the
 * option `host`.
 *
 * Several brokers that stand in for each other are written as
 * `failover:(stomp://a:61613,wss://b/ws)?randomize=false`, with the options
 * of stompest and ActiveMQ behind the question mark; each is tried at least
 * once. The numbers of attempts count those behind the first one, as they do in
 * stompest. A connection that is lost later is made again, unless `reconnect` says
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
  const own = takeOptions("connect()", options, CONNECT_CHECKS);
  const { targets, policy } = parseFailover(target);
  checkClientTls(own.tls, targets);
  checkHandshake(own, targets);
  const { clock = clientClock(), reconnect = true, signal } = own;
  const context = new ClientContext({
    clock,
    receiptTimeout: own.receiptTimeout ?? DEFAULTS.receiptTimeout,
    drainTimeout: own.drainTimeout ?? DEFAULTS.drainTimeout,
    receiveBuffer: own.receiveBuffer ?? DEFAULTS.receiveBuffer,
  });
  const life = new Lifecycle({
    dialer: new Dialer(own),
    schedule: new Schedule(
      targets,
      policyOf(policy, reconnect),
      own.random ?? Math.random,
    ),
    reconnects: reconnect !== false,
  }, context);
  try {
    await life.start(signal);
  } catch (error) {
    throw fromCall(error);
  }
  return new Client(life);
}
