/**
 * Loads a broker from a process of its own: `broker_player.ts URL`. Each line of
 * the standard input asks for one run of a case, and is answered with a line.
 *
 * @module
 */

import { argv, exit, stdin, stdout } from "node:process";
import { createInterface } from "node:readline";
import { type Client, connect } from "../async.ts";
import { BODY_SIZE } from "./client.ts";
import { textBody } from "./samples.ts";
import type { Timing } from "./timing.ts";
import type { Order } from "./worker.ts";

const url = argv[2]!;
const body = new TextEncoder().encode(textBody(BODY_SIZE));
const PREFETCH = 1000;

/** Who takes part in a case. */
interface Load {
  readonly producers: number;
  readonly consumers: number;
  /** Whether each consumer gets each message. */
  readonly isTopic: boolean;
}

const LOADS: Readonly<Record<string, Load>> = {
  "1 producer, 1 consumer": { producers: 1, consumers: 1, isTopic: false },
  "10 producers, 10 consumers": {
    producers: 10,
    consumers: 10,
    isTopic: false,
  },
  "1 topic, 100 subscribers": { producers: 1, consumers: 100, isTopic: true },
};

function clients(count: number): Promise<Client[]> {
  return Promise.all(Array.from({ length: count }, () => connect(url)));
}

/** How long until so many messages have been delivered, all in all. */
async function run(load: Load, wanted: number): Promise<Timing> {
  const destination = `/${
    load.isTopic ? "topic" : "queue"
  }/bench-${crypto.randomUUID()}`;
  const copies = load.isTopic ? load.consumers : 1;
  const each = Math.ceil(wanted / copies / load.producers);
  const count = each * load.producers * copies;
  const producers = await clients(load.producers);
  const consumers = await clients(load.consumers);
  let left = count;
  const done = Promise.withResolvers<void>();
  for (const consumer of consumers) {
    const subscription = consumer.subscribe(destination, {
      prefetch: PREFETCH,
    });
    await subscription.ready;
    void (async () => {
      for await (const _message of subscription) {
        if (--left === 0) done.resolve();
      }
    })();
  }
  const start = performance.now();
  await Promise.all(producers.map(async (producer) => {
    for (let i = 0; i < each; i++) await producer.send(destination, body);
  }));
  await done.promise;
  const milliseconds = performance.now() - start;
  await Promise.all(
    [...producers, ...consumers].map((client) => client.close()),
  );
  return { count, milliseconds };
}

for await (const line of createInterface({ input: stdin })) {
  const { caseName, count }: Order = JSON.parse(line);
  const timing = await run(LOADS[caseName]!, count);
  stdout.write(`${JSON.stringify(timing)}\n`);
}
exit(0);
