/**
 * Runs our clients in a process of its own: `sync_player.ts CLIENT URL`, where
 * CLIENT is `sync` or `async`. Each line of the standard input asks for one run
 * of a case, and is answered with a line. The players of other languages in
 * `sync_peers/` do the same in the same way.
 *
 * @module
 */

import { argv, exit, stdin, stdout } from "node:process";
import { createInterface } from "node:readline";
import { connect } from "../async.ts";
import { connectSync } from "../sync.ts";
import { BODY_SIZE, SOURCE_BLOCK } from "./client.ts";
import { textBody } from "./samples.ts";
import type { Timing } from "./timing.ts";
import type { Order } from "./worker.ts";

const [, , clientName, url = ""] = argv;
const body = textBody(BODY_SIZE);
/** Nobody listens there, so that brokers keep nothing. */
const NOWHERE = "/topic/sync-bench";
const RECEIPT = { receipt: true } as const;
/** All clients take as many messages ahead. */
const PREFETCH = 1000;

/** Where messages are taken from: one queue for each run. */
const queue = (): string => `/queue/sync-bench-${crypto.randomUUID()}`;

/** The sink wants to know how many messages to send, and calls it this. */
const counted = (count: number) => ({
  id: "bench",
  headers: { count: String(count) },
});

type Case = (count: number) => number | Promise<number>;

const sync: Readonly<Record<string, Case>> = {
  "send": (count) => {
    using client = connectSync(url);
    const start = performance.now();
    for (let i = 0; i < count; i++) client.send(NOWHERE, body);
    client.send(NOWHERE, body, RECEIPT);
    return performance.now() - start;
  },
  "receipt round trip": (count) => {
    using client = connectSync(url);
    const start = performance.now();
    for (let i = 0; i < count; i++) client.send(NOWHERE, body, RECEIPT);
    return performance.now() - start;
  },
  "receive and ack": (count) => {
    using client = connectSync(url);
    const source = queue();
    for (let i = 0; i < count; i++) client.send(source, body);
    client.send(NOWHERE, body, RECEIPT);
    const start = performance.now();
    client.subscribe(source, {
      ack: "client",
      prefetch: PREFETCH,
      ...counted(count),
    });
    for (let i = 0; i < count; i++) client.ack(client.receiveFrame()!);
    client.send(NOWHERE, body, RECEIPT);
    return performance.now() - start;
  },
};

const async: Readonly<Record<string, Case>> = {
  "send": async (count) => {
    await using client = await connect(url);
    const start = performance.now();
    for (let i = 0; i < count; i++) await client.send(NOWHERE, body);
    await client.send(NOWHERE, body, RECEIPT);
    return performance.now() - start;
  },
  "receipt round trip": async (count) => {
    await using client = await connect(url);
    const start = performance.now();
    for (let i = 0; i < count; i++) await client.send(NOWHERE, body, RECEIPT);
    return performance.now() - start;
  },
  "receive and ack": async (count) => {
    await using client = await connect(url);
    const source = queue();
    for (let i = 0; i < count; i++) await client.send(source, body);
    await client.send(NOWHERE, body, RECEIPT);
    const start = performance.now();
    const subscription = client.subscribe(source, {
      ack: "client",
      prefetch: PREFETCH,
      ...counted(count),
    });
    let left = count;
    for await (const message of subscription) {
      if (--left > 0) continue;
      await message.ack();
      break;
    }
    await client.send(NOWHERE, body, RECEIPT);
    return performance.now() - start;
  },
};

const cases = clientName === "sync" ? sync : async;
for await (const line of createInterface({ input: stdin })) {
  const { caseName, count: wanted }: Order = JSON.parse(line);
  const count = Math.ceil(wanted / SOURCE_BLOCK) * SOURCE_BLOCK;
  const milliseconds = await cases[caseName]!(count);
  const timing: Timing = { count, milliseconds };
  stdout.write(`${JSON.stringify(timing)}\n`);
}
exit(0);
