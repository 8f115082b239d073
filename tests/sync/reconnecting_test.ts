import {
  BrokerError,
  ConnectionError,
  connectSync,
  type SyncClient,
  TimeoutError,
} from "../../sync.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertLess,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { Thread } from "./support/thread.ts";
import { busyFor, RECEIPT, S, SOON, texts, tried } from "./support/tried.ts";

/** How long something takes, in ms. */
function took(work: () => void): number {
  const begun = performance.now();
  work();
  return performance.now() - begun;
}

for (
  const [name, call] of [
    ["receiveFrame()", (client) => client.receiveFrame({ timeout: 100 })],
    ["canRead()", (client) => client.canRead()],
    ["send()", (client) => client.send("/queue/a", "x", RECEIPT)],
    ["subscribe()", (client) => client.subscribe("/queue/a")],
  ] as [string, (client: SyncClient) => void][]
) {
  tried(
    "an end in between",
    `where no attempt to reconnect is allowed, ${name} says why the connection is gone`,
    (client) => {
      client.send("/queue/a", "x");
      busyFor(100);
      const error = assertThrows(
        () => call(client),
        ConnectionError,
        "the connection is gone",
      );
      assertInstanceOf(error.cause, ConnectionError);
    },
    { reconnect: { maxAttempts: 0 } },
  );
}

tried(
  "another connection, and a message",
  "who waits for a message waits no longer because that takes a connection",
  (client) => {
    client.subscribe("/queue/a", S);
    busyFor(100);
    const waited = took(() => {
      assertEquals(client.receiveFrame({ timeout: 200 }), null);
    });
    assertLess(waited, 600);
    assertEquals(texts(client, 1), ["1"], "the next call goes on with it");
  },
  { reconnect: { initialDelay: 700, jitter: 0 } },
);

tried(
  "a slow second connection",
  "short calls get there, too: each goes on where the one before has left, and the time between them does not count",
  (client) => {
    client.subscribe("/queue/a", S);
    busyFor(100);
    let calls = 0;
    while (!client.canRead()) {
      const end = performance.now() + 20;
      while (performance.now() < end);
      calls++;
    }
    assertEquals(texts(client, 1), ["1"]);
    assertLess(10, calls);
  },
  { reconnect: { initialDelay: 1, jitter: 0 }, reconnectTimeout: 300 },
);

tried(
  "a slow second connection, then a SEND",
  "a call that need not wait for messages takes the time that it takes",
  (client) => {
    client.subscribe("/queue/a", S);
    busyFor(100);
    assertEquals(client.receiveFrame({ timeout: 10 }), null);
    client.send("/queue/a", "x");
    assertEquals(texts(client, 1), ["1"]);
  },
  { reconnect: { initialDelay: 1, jitter: 0 } },
);

test("what is said on two connections: it is the same, whatever has become of the options", async () => {
  await using peer = await Thread.peer("what is said on two connections");
  const options = {
    headers: { "client-id": "me" },
    heartBeat: [0, 0] as [number, number],
    reconnect: { initialDelay: 1, jitter: 0 },
  };
  const how = { ...S, headers: { durable: "yes" } };
  const client = connectSync(peer.url, options);
  client.subscribe("/queue/a", how);
  options.headers["client-id"] = "somebody else";
  options.heartBeat[0] = 20_000;
  how.headers.durable = "no";
  assertEquals(texts(client, 1), ["1"]);
  client.disconnect();
  const said = ["CONNECT", "me 0,0", "SUBSCRIBE /queue/a", "yes /queue/a"];
  assertEquals((await peer.heard()).slice(0, 8), [...said, ...said]);
});

tried(
  "a refusal, then another connection",
  "a call that connects anew is patient with a broker that refuses for a moment",
  (client) => {
    client.subscribe("/queue/a", S);
    busyFor(100);
    assertLess(took(() => assertEquals(texts(client, 1), ["1"])), 2000);
  },
  { reconnect: true },
);

tried(
  "refusals without end",
  "a call that connects anew asks ever less often, and gives up in time",
  async (client, peer) => {
    client.send("/queue/a", "x");
    busyFor(100);
    const error = assertThrows(
      () => client.receiveFrame(),
      ConnectionError,
      '"not you"',
    );
    assertInstanceOf(error.cause, AggregateError);
    const refusals = (await peer.heard()).filter((line) => line === "CONNECT");
    assertEquals(
      refusals.length,
      5,
      "the first one, and after 100, 300, 700 and 1500 ms",
    );
  },
  { reconnect: { initialDelay: 100, jitter: 0 }, reconnectTimeout: 2000 },
);

tried(
  "a replay that is not confirmed",
  "a call that connects anew waits for it no longer than for the rest",
  (client) => {
    client.subscribe("/queue/a", S);
    busyFor(100);
    const waited = took(() => {
      const error = assertThrows(
        () => client.receiveFrame(SOON),
        ConnectionError,
        "The receipt of the SUBSCRIBE to /queue/a",
      );
      assertInstanceOf(error.cause, AggregateError);
      assertInstanceOf(error.cause.errors[1], TimeoutError);
    });
    assertLess(waited, 1500);
  },
  { reconnect: true, reconnectTimeout: 500 },
);

tried(
  "a refusal behind reconnect()",
  "later calls say why there is no connection, and it can be tried again",
  (client) => {
    client.subscribe("/queue/a", S);
    assertThrows(() => client.reconnect(), BrokerError, "not you");
    const error = assertThrows(
      () => client.send("/queue/a", "x"),
      ConnectionError,
      "the connection is gone, and reconnect() has made no other one",
    );
    assert(error.message.includes("not you"));
    assertInstanceOf(error.cause, BrokerError);
    client.reconnect();
    assertEquals(texts(client, 1), ["1"]);
  },
);
