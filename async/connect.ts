import { offeredVersions } from "../session/versions.ts";
import { checkOptions } from "../session/options.ts";
import { resolveLimits } from "../codec/limits.ts";
import { parseTarget } from "../session/target.ts";
import { systemClock } from "../transport/clock.ts";
import { runtimeTransport } from "../transport/runtime.ts";
import { UsageError } from "../errors.ts";
import { Client } from "./client.ts";
import { Connection } from "./connection.ts";
import { CONNECT_CHECKS, type ConnectOptions, DEFAULTS } from "./options.ts";
import { within } from "./waiting.ts";

/**
 * Connects to a broker, such as `stomp://guest:guest@127.0.0.1:61613`. The
 * URL's path is the virtual host. `tcp://` means the same as `stomp://`.
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
  const address = parseTarget(target);
  if (address.tls) {
    throw new UsageError(
      "TLS is not available yet, and a URL that asks for it is never served in " +
        "clear text: use stomp:// to a port without TLS.",
    );
  }
  const limits = resolveLimits(options.limits);
  const versions = offeredVersions(options.versions);
  const { clock = systemClock, signal } = options;
  const transport = options.transport ?? await runtimeTransport();
  return await Client.open({
    clock,
    signal,
    drainTimeout: options.drainTimeout ?? DEFAULTS.drainTimeout,
    receiveBuffer: options.receiveBuffer ?? DEFAULTS.receiveBuffer,
    open: async (events) => {
      const link = await within(
        clock,
        options.connectTimeout ?? DEFAULTS.connectTimeout,
        `A connection to ${address.hostname}:${address.port}`,
        signal,
        (signal) => transport.connect(address, { signal }),
      );
      const handshake = {
        clock,
        limits,
        versions,
        host: options.host ?? address.host,
        login: options.login ?? address.login,
        passcode: options.passcode ?? address.passcode,
        heartBeat: options.heartBeat ?? DEFAULTS.heartBeat,
        headers: options.headers,
        dialect: options.dialect,
        receiptTimeout: options.receiptTimeout ?? DEFAULTS.receiptTimeout,
      };
      return await within(
        clock,
        options.connectedTimeout ?? DEFAULTS.connectedTimeout,
        "CONNECTED",
        signal,
        (signal) => Connection.open(link, handshake, events, signal),
      );
    },
  });
}
