import type { Version } from "../../mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  type Behaviour,
  type BrokerUnderTest,
  newQueue,
  take,
  withClient,
} from "./behaviour.ts";

interface AckCase {
  readonly name: string;
  readonly versions: readonly Version[];
  readonly ack: "auto" | "client" | "client-individual";
  /** Which of five messages are acknowledged before the connection drops. */
  readonly acks: readonly number[];
  /** Which come again. */
  readonly again: readonly string[];
}

const CASES: readonly AckCase[] = [
  {
    name: "in auto mode nothing comes again",
    versions: ["1.0", "1.1", "1.2"],
    ack: "auto",
    acks: [],
    again: [],
  },
  {
    name: "in client mode one ACK covers what came before it",
    versions: ["1.1", "1.2"],
    ack: "client",
    acks: [2],
    again: ["3", "4"],
  },
  {
    name: "in client mode what is not acknowledged comes again",
    versions: ["1.0", "1.1", "1.2"],
    ack: "client",
    acks: [],
    again: ["0", "1", "2", "3", "4"],
  },
  {
    name: "in client-individual mode an ACK covers one message",
    versions: ["1.1", "1.2"],
    ack: "client-individual",
    acks: [1, 3],
    again: ["0", "2", "4"],
  },
];

/** Acknowledges some of five messages, drops the connection, looks again. */
async function redelivered(
  broker: BrokerUnderTest,
  version: Version,
  { ack, acks, again }: AckCase,
): Promise<void> {
  const queue = newQueue();
  const options = { ack, manualAck: true };
  const first = await broker.connect(broker.url, { versions: [version] });
  for (let i = 0; i < 5; i++) await first.send(queue, String(i));
  const messages = await take(first.subscribe(queue, options), 5);
  assertEquals(messages.map((message) => message.redelivered), [
    ...Array(5).fill(false),
  ]);
  for (const index of acks) await messages[index]!.ack({ receipt: true });
  // In auto mode a broker that has not noticed yet would waste the marker on it.
  if (ack === "auto") await first.close();
  else first.abort("the test drops the connection");
  await first.closed;
  if (acks.length < 5 && ack !== "auto") {
    const stale = messages[4]!;
    assertEquals(await stale.ack(), false, "a late ack is stale");
  }

  await withClient(broker, async (second) => {
    // A marker behind them shows where they end.
    await second.send(queue, "end", { receipt: true });
    const rest = await take(
      second.subscribe(queue, { manualAck: true }),
      again.length + 1,
    );
    assertEquals(rest.map((message) => message.text()).sort(), [
      ...again,
      "end",
    ]);
    for (const message of rest) {
      assertEquals(message.redelivered, message.text() !== "end");
      assert(await message.ack({ receipt: true }));
    }
  });
}

/** Who gets which message when. */
export const ACKNOWLEDGING: readonly Behaviour[] = [
  ...CASES.flatMap((row) =>
    row.versions.map((version): Behaviour => ({
      name: `${version}: ${row.name}`,
      run: (broker) => redelivered(broker, version, row),
    }))
  ),
  {
    name: "going on to the next message acknowledges, leaving does not",
    run: async (broker) => {
      const queue = newQueue();
      await withClient(broker, async (client) => {
        for (const text of ["a", "b", "c"]) await client.send(queue, text);
        for await (const message of client.subscribe(queue)) {
          if (message.text() === "b") break;
        }
      });
      await withClient(broker, async (client) => {
        const rest = await take(client.subscribe(queue), 2);
        assertEquals(rest.map((message) => message.text()), ["b", "c"]);
      });
    },
  },
  {
    name: "a refused message comes again",
    on: ["embedded", "rabbitmq"],
    run: (broker) => refuse(broker, newQueue()),
  },
  {
    name: "a refused message goes to the dead-letter queue",
    on: ["activemq"],
    run: (broker) => refuse(broker, "/queue/ActiveMQ.DLQ"),
  },
];

/** Where a message turns up that was refused. */
async function refuse(
  broker: BrokerUnderTest,
  expected: string,
): Promise<void> {
  const queue = expected.includes("DLQ") ? newQueue() : expected;
  await withClient(broker, async (client) => {
    await client.send(queue, "poison", { headers: { persistent: "true" } });
    const [message] = await take(
      client.subscribe(queue, { manualAck: true, prefetch: 1 }),
      1,
    );
    assert(await message!.nack({ receipt: true }));
  });
  await withClient(broker, async (client) => {
    const [message] = await take(client.subscribe(expected), 1);
    assertEquals(message!.text(), "poison");
    await message!.ack({ receipt: true });
  });
}
