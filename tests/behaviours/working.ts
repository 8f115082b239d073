import { BrokerError, type Client } from "../../mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import {
  type Behaviour,
  type BrokerUnderTest,
  newQueue,
  take,
  withClient,
} from "./behaviour.ts";

/** What is in a queue, up to a marker that is put behind it. */
async function contents(
  broker: BrokerUnderTest,
  queue: string,
): Promise<string[]> {
  return await withClient(broker, async (client) => {
    await client.send(queue, "end", { receipt: true });
    const texts: string[] = [];
    for await (const message of client.subscribe(queue)) {
      await message.ack({ receipt: true });
      if (message.text() === "end") break;
      texts.push(message.text());
    }
    return texts;
  });
}

/** What is done together or not at all. */
export const TRANSACTIONS: readonly Behaviour[] = [
  {
    name: "a committed transaction has happened, an aborted one has not",
    run: async (broker) => {
      const [from, to] = [newQueue(), newQueue()];
      await withClient(broker, async (client) => {
        await client.send(from, "kept", { receipt: true });
        await client.send(from, "moved", { receipt: true });
        for await (const message of client.subscribe(from, { prefetch: 2 })) {
          const tx = await client.begin();
          await tx.send(to, message.text());
          await message.ack({ transaction: tx });
          if (message.text() === "moved") {
            await tx.commit();
            break;
          }
          await tx.abort();
          await message.ack(); // it is still ours to settle
          await client.send(from, "kept");
        }
      });
      assertEquals(await contents(broker, to), ["moved"]);
      assertEquals(await contents(broker, from), ["kept"]);
    },
  },
  {
    name: "what an unfinished transaction sends does not come",
    run: (broker) =>
      withClient(broker, async (client) => {
        const queue = newQueue();
        const failure = new Error("no");
        const failed = await assertRejects(() =>
          client.transaction(async (transaction) => {
            await transaction.send(queue, "a");
            throw failure;
          })
        );
        assertEquals(failed, failure);
        await client.transaction(async (transaction) => {
          await transaction.send(queue, "b");
          await transaction.send(queue, "c");
        });
        // Another connection's marker could overtake them on RabbitMQ.
        const messages = await take(
          client.subscribe(queue, { manualAck: true }),
          2,
        );
        assertEquals(messages.map((message) => message.text()), ["b", "c"]);
      }),
  },
];

/** What each broker refuses to let us subscribe to. */
const REFUSED: Partial<
  Record<BrokerUnderTest["name"], [string, Record<string, string>?]>
> = {
  embedded: ["/reply-queue/somebody-elses"],
  rabbitmq: ["/exchange/that-does-not-exist/a"],
  activemq: ["/queue/a", { selector: "no = = sense" }],
  artemis: ["/queue/a", { selector: "no = = sense" }],
};

/** Handlers that fail, and subscriptions. */
export const WORKING: readonly Behaviour<Client>[] = [
  {
    name: "of several subscriptions the refused one fails, the others go on",
    on: Object.keys(REFUSED) as (keyof typeof REFUSED)[],
    run: (broker) =>
      withClient(broker, async (client) => {
        const [first, second] = [newQueue(), newQueue()];
        const [destination, headers] = REFUSED[broker.name]!;
        const before = client.subscribe(first);
        const refused = client.subscribe(destination, { headers });
        const after = client.subscribe(second);
        await assertRejects(() => take(refused, 1), BrokerError);
        // Some brokers close behind an ERROR: who sends now might be too late.
        await using other = await broker.connect(broker.url);
        for (
          const [queue, subscription] of [
            [first, before],
            [second, after],
          ] as const
        ) {
          await other.send(queue, "hello", { receipt: true });
          const [message] = await take(subscription, 1);
          assert(await message!.ack({ receipt: true }));
        }
      }),
  },
  {
    name:
      "a failing message is copied to the error destination, the others are handled",
    run: async (broker) => {
      const [queue, failed] = [newQueue(), newQueue()];
      await withClient(broker, async (client) => {
        for (const text of ["good", "bad", "better"]) {
          await client.send(queue, text, {
            headers: { "x-mine": "kept", persistent: "true" },
            receipt: true,
          });
        }
        const handled: string[] = [];
        const all = Promise.withResolvers<void>();
        client.consume(queue, (message) => {
          if (message.text() === "bad") throw new RangeError("poison: 1\n2");
          handled.push(message.text());
          if (handled.length === 2) all.resolve();
        }, { errorDestination: failed });
        await all.promise;
        assertEquals(handled, ["good", "better"]);
      });
      assertEquals(await contents(broker, queue), []);
      await withClient(broker, async (client) => {
        const [copy] = await take(client.subscribe(failed), 1);
        assertEquals(copy!.text(), "bad");
        assertEquals(copy!.headers.get("x-mine"), "kept");
        assertEquals(copy!.headers.get("failure-error"), "RangeError");
        assertEquals(copy!.headers.get("failure-reason"), "poison: 1 2");
        await copy!.ack({ receipt: true });
      });
    },
  },
  {
    name:
      "without an error destination the message comes again, the client is closed with the cause",
    run: async (broker) => {
      const queue = newQueue();
      const poison = new Error("poison");
      await withClient(broker, async (client) => {
        await client.send(queue, "bad", { receipt: true });
        client.consume(queue, () => Promise.reject(poison));
        const report = await client.closed;
        assertEquals(report.graceful, false);
        assertEquals(report.cause, poison);
        assertEquals(report.unfinished, 1);
      });
      assertEquals(await contents(broker, queue), ["bad"]);
    },
  },
  {
    name:
      "handlers that end out of order in client mode acknowledge nothing unfinished",
    run: async (broker) => {
      const queue = newQueue();
      await withClient(broker, async (client) => {
        for (const text of ["0", "1", "2", "3"]) await client.send(queue, text);
        const begun: string[] = [];
        const all = Promise.withResolvers<void>();
        const never = Promise.withResolvers<void>();
        client.consume(queue, (message) => {
          begun.push(message.text());
          if (begun.length === 4) all.resolve();
          return message.text() === "1" ? never.promise : undefined;
        }, { ack: "client", concurrency: 4 });
        await all.promise;
        const report = await client.close({ timeout: 300 });
        assertEquals(report.graceful, false);
      });
      const again = await contents(broker, queue);
      assert(!again.includes("0"), `${again}`);
      assertEquals(again.sort(), ["1", "2", "3"]);
    },
  },
];
