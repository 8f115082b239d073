/**
 * The real brokers that the live tests talk to.
 *
 * Run it to have them in the foreground, all or those that are named, until it is interrupted:
 *
 * ```sh
 * deno task brokers rabbitmq
 * ```
 *
 * With `--install` those that no package manager has are fetched and kept, so that the gate tries them, too:
 *
 * ```sh
 * deno task brokers --install
 * ```
 *
 * @module
 */

import { parseArgs } from "node:util";
import { activeMQ, activeMQ6 } from "./activemq.ts";
import { artemis } from "./artemis.ts";
import { coilMQ } from "./coilmq.ts";
import { interruption } from "./interruption.ts";
import { rabbitMQ, rabbitMQ4 } from "./rabbitmq.ts";
import type {
  BrokerKind,
  RunningBroker,
  StartOptions,
} from "./running_broker.ts";
import { stompserver } from "./stompserver.ts";

export type { BrokerKind, RunningBroker, StartOptions };

/** Every broker we know how to start, whether it is installed or not. */
export const BROKERS: readonly BrokerKind[] = [
  rabbitMQ,
  rabbitMQ4,
  activeMQ,
  activeMQ6,
  artemis,
  coilMQ,
  stompserver,
];

function chosenBrokers(names: readonly string[]): readonly BrokerKind[] {
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
  return chosen;
}

/** Gets what no package manager installs; tells what cannot be had, and goes on. */
async function install(names: readonly string[]): Promise<void> {
  for (const { name, install } of chosenBrokers(names)) {
    if (install === undefined) continue;
    try {
      await install();
      console.log(`${name} is installed.`);
    } catch (error) {
      console.error(`Cannot install ${name}: ${error}`);
      Deno.exitCode = 1;
    }
  }
}

async function serveInForeground(names: readonly string[]): Promise<void> {
  const chosen = chosenBrokers(names);
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
    const { values, positionals } = parseArgs({
      args: Deno.args,
      options: { install: { type: "boolean", default: false } },
      allowPositionals: true,
    });
    await (values.install ? install : serveInForeground)(positionals);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exitCode = 1;
  }
  Deno.exit();
}
