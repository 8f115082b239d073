import type { AckMode, Version } from "../../../sync.ts";
import {
  assert,
  assertEquals,
  assertFalse,
  assertThrows,
} from "../../support/assert.ts";
import {
  type Behaviour,
  type BrokerUnderTest,
  newQueue,
  take,
  texts,
  withClient,
} from "./behaviour.ts";

interface AckCase {
  readonly name: string;
  readonly versions: readonly Version[];
  readonly ack: AckMode;
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
function redelivered(
  broker: BrokerUnderTest,
  version: Version,
  { ack, acks, again }: AckCase,
): void {
  withClient(broker, (client) => {
    const queue = newQueue();
    for (let i = 0; i < 5; i++) client.send(queue, String(i));
    client.subscribe(queue, { ack });
    const frames = take(client, 5);
    for (const index of acks) {
      assert(client.ack(frames[index]!, { receipt: true }));
    }
    client.reconnect();
    if (ack !== "auto") {
      const unsettled = frames[Number(again[0])]!;
      assertEquals(client.ack(unsettled), false, "a late ack is stale");
    }
    // A marker behind them shows where they end.
    client.send(queue, "end", { receipt: true });
    const rest = take(client, again.length + 1);
    assertEquals(texts(rest).sort(), [...again, "end"]);
    for (const frame of rest) {
      const isAgain = frame.headers.get("redelivered") === "true";
      assertEquals(isAgain, frame.text() !== "end");
      if (ack !== "auto") assert(client.ack(frame, { receipt: true }));
    }
  }, { versions: [version] });
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
    name: "a refused message comes again",
    on: ["embedded", "rabbitmq"],
    run: (broker) => refuse(broker, newQueue()),
  },
  {
    name: "a refused message goes to the dead-letter queue",
    on: ["activemq"],
    run: (broker) => refuse(broker, "/queue/ActiveMQ.DLQ"),
  },
  {
    name: "what a transaction sends comes when it is committed",
    run: (broker) =>
      withClient(broker, (client) => {
        const queue = newQueue();
        client.subscribe(queue);
        client.transaction((transaction) => {
          client.send(queue, "a", { transaction });
          client.send(queue, "b", { transaction });
          assertFalse(client.canRead({ timeout: 100 }));
        });
        assertEquals(texts(take(client, 2)), ["a", "b"]);
      }),
  },
  {
    name: "what an aborted transaction sends never comes",
    run: (broker) =>
      withClient(broker, (client) => {
        const queue = newQueue();
        client.subscribe(queue);
        assertThrows(
          () =>
            client.transaction((transaction) => {
              client.send(queue, "a", { transaction });
              throw new Error("no");
            }),
          Error,
          "no",
        );
        client.send(queue, "b");
        assertEquals(texts(take(client, 1)), ["b"]);
      }),
  },
  {
    name:
      "what was acknowledged in a committed transaction does not come again",
    run: (broker) =>
      withClient(broker, (client) => {
        const queue = newQueue();
        for (const text of ["a", "b"]) client.send(queue, text);
        client.subscribe(queue);
        const [a] = take(client, 2);
        client.transaction((transaction) => {
          assert(client.ack(a!, { transaction }));
        });
        client.reconnect();
        const [b] = take(client, 1);
        assertEquals(b!.text(), "b");
        assert(client.ack(b!, { receipt: true }));
      }),
  },
];

/** Where a message turns up that was refused. */
function refuse(broker: BrokerUnderTest, expected: string): void {
  const queue = expected.includes("DLQ") ? newQueue() : expected;
  withClient(broker, (client) => {
    client.send(queue, "poison", { headers: { persistent: "true" } });
    client.subscribe(queue, { prefetch: 1 });
    const [frame] = take(client, 1);
    assert(client.nack(frame!, { receipt: true }));
  });
  withClient(broker, (client) => {
    client.subscribe(expected);
    const [frame] = take(client, 1);
    assertEquals(frame!.text(), "poison");
    assert(client.ack(frame!, { receipt: true }));
  });
}
