/**
 * The real brokers that the live tests talk to.
 *
 * Run it to have them in the foreground, all or those that are named, until it is interrupted:
 *
 * ```sh
 * deno task brokers rabbitmq
 * ```
 *
 * @module
 */

import { activeMQ, startActiveMQ } from "./activemq.ts";
import { interruption } from "./interruption.ts";
import { rabbitMQ, startRabbitMQ } from "./rabbitmq.ts";
import type {
  BrokerKind,
  RunningBroker,
  StartOptions,
} from "./running_broker.ts";

export { startActiveMQ, startRabbitMQ };
export type { BrokerKind, RunningBroker, StartOptions };

/** Every broker we know how to start, whether it is installed or not. */
export const BROKERS: readonly BrokerKind[] = [rabbitMQ, activeMQ];

async function serveInForeground(names: readonly string[]): Promise<void> {
  const chosen = BROKERS.filter(({ name }) =>
    names.length === 0 || names.includes(name)
  );
  const unknown = names.filter((name) =>
    !chosen.some((broker) => broker.name === name)
  );
  if (unknown.length > 0) {
    throw new Error(
      `Unknown broker: ${unknown.join(", ")}. Known are ${
        BROKERS.map(({ name }) => name).join(", ")
      }.`,
    );
  }
  const missing = chosen.filter((broker) => !broker.isInstalled());
  if (missing.length > 0) {
    throw new Error(
      `Not installed: ${
        missing.map(({ name, installHint }) => `${name} (${installHint})`).join(
          ", ",
        )
      }`,
    );
  }

  const interrupted = interruption();
  const failed = new AbortController();
  const signal = AbortSignal.any([interrupted, failed.signal]);
  await using running = new AsyncDisposableStack();
  // A start that is given up still has to clean up, so all of them are waited for.
  await Promise.allSettled(chosen.map(async (broker) => {
    try {
      const { name, url } = running.use(await broker.start({ signal }));
      console.log(`${name} ${url}`);
    } catch (error) {
      failed.abort(error);
    }
  }));
  if (interrupted.aborted) return;
  failed.signal.throwIfAborted();
  await new Promise((resolve) =>
    interrupted.addEventListener("abort", resolve)
  );
}

if (import.meta.main) {
  try {
    await serveInForeground(Deno.args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exitCode = 1;
  }
  Deno.exit();
}
