import { delay } from "@std/async";
import { BrokerError, type Client, type Version } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { type Behaviour, newQueue, take, withClient } from "./behaviour.ts";

const VERSIONS: readonly Version[] = ["1.0", "1.1", "1.2"];

/** How connections begin, live and end. */
export const CONNECTING: readonly Behaviour[] = [
  ...VERSIONS.map((version): Behaviour => ({
    name: `${version}: a message makes its way there and back`,
    run: (broker) =>
      withClient(broker, async (client) => {
        assertEquals(client.version, version);
        const queue = newQueue();
        await client.send(queue, "hello", { receipt: true });
        const subscription = client.subscribe(queue);
        const [message] = await take(subscription, 1);
        assertEquals(message!.text(), "hello");
        assertEquals(message!.destination, queue);
        assert(await message!.ack({ receipt: true }));
        await subscription.unsubscribe();
      }, { versions: [version] }),
  })),
  {
    name: "a wrong passcode is refused, and shown nowhere",
    run: async (broker) => {
      // The ERROR may be lost, because the broker resets the connection behind
      // it (STOMP 1.2, "Connecting"); ActiveMQ does so now and then.
      let error: unknown;
      for (let i = 0; i < 10 && !(error instanceof BrokerError); i++) {
        error = await assertRejects(
          () => broker.connect(broker.url, { passcode: "sesame-sesame" }),
        );
      }
      assertInstanceOf(error, BrokerError);
      assertStringIncludes(error.message, "refused");
      const shown = `${error.stack} ${JSON.stringify(error)}`;
      assert(!shown.includes("sesame-sesame"), shown);
    },
  },
  {
    name: "a wrong virtual host is refused by name",
    on: ["rabbitmq"],
    run: async (broker) => {
      const error = await assertRejects(
        () => broker.connect(broker.url, { host: "no-such-host" }),
        BrokerError,
      );
      const said = new TextDecoder().decode(error.frame.body);
      assertStringIncludes(error.message + said, "no-such-host");
    },
  },
  {
    name: "any virtual host will do",
    on: ["embedded", "activemq"],
    run: (broker) =>
      withClient(broker, () => Promise.resolve(), { host: "no-such-host" }),
  },
  {
    name: "an idle connection lives on by heart-beats for three periods",
    on: ["rabbitmq", "activemq"],
    run: (broker) =>
      withClient(broker, async (client) => {
        const [send, receive] = client.heartBeat;
        assert(send > 0 && receive > 0);
        await delay(3 * Math.max(send, receive));
        await client.send(newQueue(), "still here", { receipt: true });
      }, { heartBeat: [1000, 1000], reconnect: false }),
  },
  {
    name: "a failover URI leads to the broker that is there",
    run: async (broker) => {
      const nobody = "stomp://127.0.0.1:1";
      const uri = `failover:(${nobody},${broker.url})?randomize=false`;
      await using client = await broker.connect(uri);
      await client.send(newQueue(), "x", { receipt: true });
    },
  },
  {
    name: "several clients do not disturb each other",
    run: (broker) =>
      withClient(broker, (first) =>
        withClient(broker, async (second) => {
          const queue = newQueue();
          const subscription = first.subscribe(queue);
          await second.send(queue, "from the second");
          const [message] = await take(subscription, 1);
          assertEquals(message!.text(), "from the second");
          assert(await message!.ack({ receipt: true }));
        })),
  },
  {
    name: "a topic's subscription is ready once it says so",
    run: (broker) =>
      withClient(broker, async (client) => {
        const topic = newQueue().replace("/queue/", "/topic/");
        const subscription = client.subscribe(topic);
        await subscription.ready;
        await client.send(topic, "news");
        const [message] = await take(subscription, 1);
        assertEquals(message!.text(), "news");
        await message!.ack();
      }),
  },
];

/** What receipts are good for where many can be waited for at once. */
export const RECEIPTS: readonly Behaviour<Client>[] = [
  {
    name: "1,000 receipts are awaited at once",
    run: (broker) =>
      withClient(broker, async (client) => {
        const queue = newQueue();
        await Promise.all(
          Array.from({ length: 1000 }, (_, i) =>
            client.send(queue, String(i), {
              headers: { persistent: "true" },
              receipt: true,
            })),
        );
        const messages = await take(
          client.subscribe(queue, { prefetch: 1000, ack: "client" }),
          1000,
        );
        assertEquals(
          messages.map((message) => message.text()),
          Array.from({ length: 1000 }, (_, i) => String(i)),
        );
        await messages.at(-1)!.ack({ receipt: true });
      }),
  },
  {
    name: "a graceful close waits for 200 outstanding receipts",
    run: async (broker) => {
      const queue = newQueue();
      const client = await broker.connect(broker.url);
      const sends = Array.from(
        { length: 200 },
        (_, i) => client.send(queue, String(i), { receipt: true }),
      );
      const report = await client.close();
      assertEquals(report.graceful, true);
      await Promise.all(sends);
      await withClient(broker, async (client) => {
        const messages = await take(
          client.subscribe(queue, { prefetch: 200, ack: "client" }),
          200,
        );
        assertEquals(messages.length, 200);
        await messages.at(-1)!.ack({ receipt: true });
      });
    },
  },
];
