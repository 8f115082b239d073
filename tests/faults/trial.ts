import { delay } from "@std/async";
import { type Client, connect, ConnectionError } from "../../mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import type { Random } from "../support/random.ts";
import { Proxy } from "./proxy.ts";

const PRODUCERS = 3;
const CONSUMERS = 3;
/** How long may pass without progress once all is calm, in ms. */
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
  { queue, headers, ledger }: {
    readonly queue: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly ledger: Ledger;
  },
  signal: AbortSignal,
): Promise<void> {
  for (let n = 0; !signal.aborted; n++) {
    const batch = Array.from({ length: 10 }, (_, i) => `${name}-${n}-${i}`);
    await Promise.all(batch.map(async (id) => {
      try {
        await client.send(queue, id, {
          headers: { ...headers, persistent: "true" },
          receipt: true,
        });
        ledger.confirmed.add(id);
      } catch (error) {
        assert(error instanceof ConnectionError, `${id}: ${error}`);
        // Whatever else goes wrong must have gone wrong before it was sent.
        if (error.unknown) ledger.unknown.add(id);
      }
    }));
  }
}

/** What is tried. */
export interface Trial {
  /** Where the clients connect: a URL or a failover URI. */
  readonly target: string;
  readonly queue: string;
  /** Headers of SUBSCRIBE and SEND, by which the broker makes the queue. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly random: Random;
  /** Does harm while messages flow; resolves when that is over. */
  harm(): Promise<void>;
}

/** What came of a trial. */
export interface TrialReport {
  readonly confirmed: number;
  readonly unknown: number;
  /** Messages that were handled more than once. */
  readonly repeated: number;
}

/**
 * Producers and consumers work while harm is done. Afterwards every confirmed
 * message has been handled, and whatever was handled twice was marked as
 * redelivered, or unknown to its sender.
 */
export async function survive(trial: Trial): Promise<TrialReport> {
  const { target, queue, headers = {}, random } = trial;
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
    const consumer = client.consume(queue, async (message) => {
      await delay(random.below(3));
      ledger.handle(message.text(), message.redelivered);
    }, { concurrency: 1 + i, prefetch: 20, headers });
    // Nodes that make the same queue at once get into each other's way.
    await consumer.ready;
  }
  // None may come to its end by itself.
  let end: unknown;
  for (const client of [...producers, ...consumers]) {
    void client.closed.then(({ cause }) => end ??= cause);
  }
  const stop = new AbortController();
  const producing = Promise.all(
    producers.map((client, i) =>
      produce(client, `p${i}`, { queue, headers, ledger }, stop.signal)
    ),
  );
  try {
    await trial.harm();
  } finally {
    stop.abort();
  }
  await producing;
  let handled = 0;
  for (let waited = 0, missing; (missing = ledger.missing).length > 0;) {
    if (end !== undefined) throw end;
    assert(
      waited < CALM,
      `${missing.length} never handled: ${missing.slice(0, 20)}`,
    );
    waited = ledger.handled.size > handled ? 0 : waited + 50;
    handled = ledger.handled.size;
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
    assert(
      ledger.confirmed.has(id) || ledger.unknown.has(id),
      `${id} was handled, though its sender was told that it was not sent`,
    );
  }
  return {
    confirmed: ledger.confirmed.size,
    unknown: ledger.unknown.size,
    repeated: [...ledger.handled.values()].filter(({ times }) => times > 1)
      .length,
  };
}

/** The same, through a proxy that cuts connections so many times. */
export async function surviveCuts(
  url: string,
  queue: string,
  cuts: number,
  random: Random,
): Promise<void> {
  const broker = new URL(url);
  await using proxy = await Proxy.start(
    { hostname: broker.hostname, port: Number(broker.port) },
    random,
  );
  broker.port = String(proxy.address.port);
  const { confirmed, unknown, repeated } = await survive({
    target: broker.href,
    queue,
    random,
    harm: async () => {
      while (proxy.done.cuts < cuts) {
        await delay(random.below(40));
        proxy.cut();
      }
      await proxy.calmDown();
    },
  });
  // Otherwise nothing has been tried.
  assert(confirmed > cuts, `only ${confirmed}`);
  assert(unknown > 0 && repeated > 0, "the cuts did no harm");
}
