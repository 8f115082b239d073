import {
  BrokerError,
  ConnectionError,
  type Frame,
  type SyncClient,
  UsageError,
} from "../../sync.ts";
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertThrows,
} from "../support/assert.ts";
import { busyFor, RECEIPT, S, SOON, texts, tried } from "./support/tried.ts";

type Work = (client: SyncClient, frame: Frame) => void;

/** The broker ends the connection once it has heard BEGIN. */
const LOST_IN_A_TRANSACTION: readonly (readonly [string, Work])[] = [
  ["a send in it", (client) => {
    const transaction = client.begin();
    busyFor(100);
    client.send("/queue/a", "x", { transaction });
  }],
  ["an ack in it", (client, frame) => {
    const transaction = client.begin();
    busyFor(100);
    client.ack(frame, { transaction });
  }],
  ["an ack in it that was repeated", (client, frame) => {
    const transaction = client.begin();
    client.ack(frame, { transaction });
    busyFor(100);
    client.ack(frame, { transaction });
  }],
  ["its commit", (client) => {
    const transaction = client.begin();
    busyFor(100);
    client.commit(transaction);
  }],
  ["a send in its work", (client) =>
    client.transaction((transaction) => {
      busyFor(100);
      client.send("/queue/a", "x", { transaction });
    })],
  ["the end of its work", (client) => client.transaction(() => busyFor(100))],
];

for (const [name, work] of LOST_IN_A_TRANSACTION) {
  tried(
    "an end in a transaction",
    `${name} says that nothing of it has happened, and no other call says more`,
    (client) => {
      client.subscribe("/queue/a", S);
      const frame = client.receiveFrame(SOON)!;
      const error = assertThrows(
        () => work(client, frame),
        ConnectionError,
        "The transaction transaction-1 was lost with its connection: nothing " +
          "of it has happened",
      );
      assertFalse(error.unknown);
      assertInstanceOf(error.cause, ConnectionError);
      client.disconnect();
    },
  );
}

tried(
  "an end in a transaction, then another connection",
  "nothing of it goes out on that one",
  async (client, peer) => {
    client.subscribe("/queue/a", S);
    const frame = client.receiveFrame(SOON)!;
    const transaction = client.begin();
    assert(client.ack(frame, { transaction }));
    busyFor(100);
    const send = () => client.send("/queue/a", "x", { transaction });
    assertThrows(send, ConnectionError, "lost");
    assertThrows(send, ConnectionError, "lost");
    assertEquals(texts(client, 1), ["2"]);
    client.abort(transaction);
    assertThrows(send, UsageError, transaction);
    assertEquals(client.ack(frame), false, "it is stale, and not settled");
    client.disconnect();
    assertEquals((await peer.heard()).slice(-5), [
      "ACK",
      "CONNECT",
      "SUBSCRIBE /queue/a",
      "DISCONNECT",
      "the end",
    ]);
  },
  { reconnect: true },
);

for (const verb of ["ack", "nack"] as const) {
  tried(
    `${verb.toUpperCase()} is refused`,
    "it has settled nothing, and can be done again",
    (client) => {
      client.subscribe("/queue/a", { id: "s", ack: "client" });
      const frames = [1, 2].map(() => client.receiveFrame(SOON)!);
      const settle = () => client[verb](frames[1]!, RECEIPT);
      assertThrows(settle, BrokerError, "no");
      assert(settle());
      assert(client[verb](frames[0]!, RECEIPT), "that was covered");
    },
  );
}

tried(
  "three messages",
  "what was settled along with a later message cannot be settled otherwise",
  async (client, peer) => {
    client.subscribe("/queue/a", { id: "s", ack: "client" });
    const [a, b, c] = [1, 2, 3].map(() => client.receiveFrame(SOON)!);
    assert(client.ack(b!));
    assert(client.ack(a!));
    assertThrows(() => client.nack(a!), UsageError, "settled with ack()");
    assertThrows(() => client.nack(b!), UsageError, "settled with ack()");
    assert(client.nack(c!));
    assertThrows(() => client.nack(a!), UsageError, "settled with ack()");
    assertThrows(() => client.ack(c!), UsageError, "settled with nack()");
    client.disconnect();
    assertEquals((await peer.heard()).slice(2, 4), ["ACK", "NACK"]);
  },
);
