import { delay } from "@std/async";
import { type Client, connect, ConnectionError } from "../../mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import type { Random } from "../support/random.ts";
import { Proxy } from "./proxy.ts";

const PRODUCERS = 3;
const CONSUMERS = 3;
/** How long everything confirmed may take to be handled once all is calm, in ms. */
const CALM = 20_000;

/** What became of every message. */
class Ledger {
  readonly confirmed = new Set<string>();
  readonly unknown = new Set<string>();
  /** How often each was handled, and how often without being marked. */
  readonly handled = new Map<string, { times: number; unmarked: number }>();

  handle(id: string, redelivered: boolean): void {
    const entry = this.handled.get(id) ?? { times: 0, unmarked: 0 };
    entry.times++;
    if (!redelivered) entry.unmarked++;
    this.handled.set(id, entry);
  }

  get missing(): string[] {
    return [...this.confirmed].filter((id) => !this.handled.has(id));
  }
}

/** Sends as long as it is told to; each message once. */
async function produce(
  client: Client,
  name: string,
  queue: string,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  for (let n = 0; !signal.aborted; n++) {
    const batch = Array.from({ length: 10 }, (_, i) => `${name}-${n}-${i}`);
    await Promise.all(batch.map(async (id) => {
      try {
        await client.send(queue, id, {
          headers: { persistent: "true" },
          receipt: true,
        });
        ledger.confirmed.add(id);
      } catch (error) {
        assert(error instanceof ConnectionError, `${id}: ${error}`);
        ledger.unknown.add(id);
      }
    }));
  }
}

/**
 * Producers and consumers work through a proxy that cuts their connections so
 * many times. Afterwards every confirmed message has been handled, and whatever
 * was handled twice was marked as redelivered, or unknown to its sender.
 */
export async function survive(
  url: string,
  queue: string,
  cuts: number,
  random: Random,
): Promise<void> {
  const target = new URL(url);
  await using proxy = await Proxy.start(
    { hostname: target.hostname, port: Number(target.port) },
    random,
  );
  target.port = String(proxy.address.port);
  const options = {
    heartBeat: [2000, 2000],
    reconnect: { initialDelay: 5, maxDelay: 100 },
    random: () => random.below(1000) / 1000,
  } as const;
  const open = async (count: number) => {
    const clients: Client[] = [];
    while (clients.length < count) {
      const client = await connect(target, options).catch(() => undefined);
      if (client !== undefined) clients.push(client);
    }
    return clients;
  };
  const producers = await open(PRODUCERS);
  const consumers = await open(CONSUMERS);
  const ledger = new Ledger();
  for (const [i, client] of consumers.entries()) {
    client.consume(queue, async (message) => {
      await delay(random.below(3));
      ledger.handle(message.text(), message.redelivered);
    }, { concurrency: 1 + i, prefetch: 20 });
  }
  const stop = new AbortController();
  const producing = Promise.all(
    producers.map((client, i) =>
      produce(client, `p${i}`, queue, ledger, stop.signal)
    ),
  );
  while (proxy.done.cuts < cuts) {
    await delay(random.below(40));
    proxy.cut();
  }
  proxy.calmDown();
  stop.abort();
  await producing;
  for (let waited = 0; ledger.missing.length > 0; waited += 50) {
    assert(waited < CALM, `never handled: ${ledger.missing}`);
    await delay(50);
  }
  for (const client of [...producers, ...consumers]) {
    assertEquals((await client.close()).graceful, true);
  }
  for (const [id, { times, unmarked }] of ledger.handled) {
    assert(
      unmarked <= 1 || ledger.unknown.has(id),
      `${id} was handled ${times} times, ${unmarked} of them unmarked`,
    );
    assert(ledger.confirmed.has(id) || ledger.unknown.has(id), id);
  }
  // Otherwise nothing has been tried.
  const redelivered = [...ledger.handled.values()].some(({ times }) =>
    times > 1
  );
  assert(ledger.confirmed.size > cuts, `only ${ledger.confirmed.size}`);
  assert(ledger.unknown.size > 0 && redelivered, "the cuts did no harm");
}
