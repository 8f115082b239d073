import type { Client } from "../../mod.ts";
import { TimeoutError, UsageError } from "../../mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import {
  type Behaviour,
  type BrokerUnderTest,
  counted,
  newQueue,
  take,
  withClient,
} from "./behaviour.ts";

type Name = BrokerUnderTest["name"];

/** Brokers whose own word for it is that a body is text. */
const KNOWS_TEXT: readonly Name[] = ["activemq"];
/** Brokers that confirm what is in a transaction before COMMIT. */
const CONFIRMS_EARLY: readonly Name[] = ["embedded", "activemq"];

/** Does something as a client with a name of its own. */
function named<T>(
  broker: BrokerUnderTest,
  name: string,
  work: Parameters<
    typeof withClient<T, Awaited<ReturnType<BrokerUnderTest["connect"]>>>
  >[1],
): Promise<T> {
  return withClient(broker, work, { headers: { "client-id": name } });
}

/** What differs between brokers, and what we make of it. */
export const DIALECTS: readonly Behaviour[] = [
  {
    name: "a durable subscription gathers messages until it is deleted",
    run: async (broker) => {
      const topic = newQueue().replace("/queue/", "/topic/");
      const name = topic.slice("/topic/".length);
      const send = (text: string) =>
        withClient(
          broker,
          (client) => client.send(topic, text, { receipt: true }),
        );
      // Subscribe, and go away.
      await named(broker, name, async (client) => {
        const subscription = client.subscribe(topic, { durable: name });
        await subscription.ready;
        await subscription.unsubscribe();
      });
      await send("while away");
      // Come back, get it, and have the rest forgotten.
      await named(broker, name, async (client) => {
        const subscription = client.subscribe(topic, { durable: name });
        const [message] = await take(subscription, 1);
        assertEquals(message!.text(), "while away");
        assert(await message!.ack({ receipt: true }));
        await subscription.unsubscribe({ delete: true });
      });
      await send("to nobody");
      await named(broker, name, async (client) => {
        const subscription = client.subscribe(topic, { durable: name });
        await subscription.ready;
        await send("the first of a new one");
        const [message] = await take(subscription, 1);
        assertEquals(message!.text(), "the first of a new one");
        assert(await message!.ack({ receipt: true }));
        await subscription.unsubscribe({ delete: true });
      });
    },
  },
  {
    name: "there is nothing to delete where a subscription is not durable",
    run: (broker) =>
      withClient(broker, async (client) => {
        const subscription = client.subscribe(newQueue());
        await subscription.ready;
        await assertRejects(
          () => subscription.unsubscribe({ delete: true }),
          UsageError,
          "not durable",
        );
      }),
  },
  {
    name:
      "a string travels as text where the broker knows text, octets as octets",
    run: (broker) =>
      withClient(broker, async (client) => {
        const queue = newQueue();
        const octets = new TextEncoder().encode("octets");
        await client.send(queue, "text", { receipt: true });
        await client.send(queue, octets, { receipt: true });
        await client.send(queue, "a\0b", { receipt: true });
        const messages = await take(client.subscribe(queue), 3);
        assertEquals(
          messages.map((message) => message.text()),
          ["text", "octets", "a\0b"],
        );
        assertEquals(
          messages.map(({ headers }) => headers.has("amq-msg-type")),
          [KNOWS_TEXT.includes(broker.name), false, false],
        );
        await messages[2]!.ack({ receipt: true });
      }),
  },
  {
    name: "a refused message is not delivered again where that is said",
    on: ["embedded", "rabbitmq"],
    run: (broker) =>
      withClient(broker, async (client) => {
        const queue = newQueue();
        await client.send(queue, "refused", { receipt: true });
        await client.send(queue, "next", { receipt: true });
        const subscription = client.subscribe(queue, {
          prefetch: 1,
          manualAck: true,
        });
        const [refused] = await take(subscription, 1);
        assert(await refused!.nack({ requeue: false }));
        const [next] = await take(subscription, 1);
        assertEquals(next!.text(), "next");
        assert(await next!.ack({ receipt: true }));
      }),
  },
  {
    name: "a refusal that the broker cannot do is refused",
    on: ["activemq"],
    run: (broker) =>
      withClient(broker, async (client) => {
        const queue = newQueue();
        await client.send(queue, "x", { receipt: true });
        const subscription = client.subscribe(queue, { manualAck: true });
        const [message] = await take(subscription, 1);
        await assertRejects(
          () => message!.nack({ requeue: true }),
          UsageError,
          "dead-lettered by this broker (activemq)",
        );
        assert(await message!.nack({ requeue: false, receipt: true }));
      }),
  },
  {
    name:
      "in a transaction a receipt is waited for where it comes before COMMIT",
    run: (broker) =>
      withClient(broker, async (client) => {
        const queue = newQueue();
        const transaction = await client.begin();
        const send = () => transaction.send(queue, "x", { receipt: true });
        if (CONFIRMS_EARLY.includes(broker.name)) await send();
        else await assertRejects(send, UsageError, "only after COMMIT");
        await transaction.commit();
      }),
  },
];

/** Requests and answers. */
export const REQUESTS: readonly Behaviour<Client>[] = [
  {
    name: "requests get the answers that are meant for them",
    run: (broker) =>
      withClient(broker, (service) =>
        withClient(broker, async (client) => {
          const queue = newQueue();
          service.consume(queue, async (message) => {
            const { headers } = message;
            await service.send(headers.get("reply-to")!, `${message.text()}!`, {
              headers: { "correlation-id": headers.get("correlation-id")! },
            });
          }, { concurrency: 10 });
          const texts = counted(50);
          const answers = await Promise.all(
            texts.map((text) => client.request(queue, text)),
          );
          assertEquals(
            answers.map((answer) => answer.text()),
            texts.map((text) => `${text}!`),
          );
          await assertRejects(() => answers[0]!.ack(), UsageError, "auto");
        })),
  },
  {
    name: "a request that nobody answers ends in time",
    run: (broker) =>
      withClient(broker, async (client) => {
        await assertRejects(
          () => client.request(newQueue(), "?", { timeout: 200 }),
          TimeoutError,
          "The answer from /queue/",
        );
      }),
  },
];
