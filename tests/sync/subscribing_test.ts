import {
  BrokerError,
  ConnectionError,
  connectSync,
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
import { test } from "../support/harness.ts";
import { Thread } from "./support/thread.ts";
import { busyFor, S, SOON, texts, tried } from "./support/tried.ts";

/** Has the error of a subscription thrown. */
function hearOfEnd(client: SyncClient): void {
  assertThrows(() => client.receiveFrame(SOON), BrokerError, "deleted");
}

tried(
  "one subscription of two is refused",
  "reconnect() names it, and then does without it",
  (client) => {
    client.subscribe("/queue/a", S);
    client.subscribe("/queue/gone", { id: "gone" });
    const error = assertThrows(
      () => client.reconnect(),
      BrokerError,
      "The subscription to /queue/gone cannot be made again",
    );
    assertEquals(error.frame.headers.get("message"), "no");
    client.reconnect();
    assertEquals(texts(client, 1), ["1"]);
    assertThrows(() => client.unsubscribe("gone"), UsageError);
  },
);

test("one subscription of two is refused: so it is where other brokers do not answer", async () => {
  await using peer = await Thread.peer("one subscription of two is refused");
  const client = connectSync(
    `failover:(${peer.url},stomp://127.0.0.1:1)?randomize=false`,
  );
  client.subscribe("/queue/a", S);
  client.subscribe("/queue/gone", { id: "gone" });
  const error = assertThrows(() => client.reconnect(), ConnectionError);
  assertInstanceOf(error.cause, AggregateError);
  assert(error.cause.errors[0].message.includes("/queue/gone"));
  client.reconnect();
  assertEquals(texts(client, 1), ["1"]);
  client.disconnect();
});

tried(
  "a subscription that is refused for a moment",
  "a call that connects anew tries it again",
  (client) => {
    client.subscribe("/queue/a", S);
    assertEquals(texts(client, 1), ["1"]);
  },
  { reconnect: true },
);

tried(
  "a subscription that is refused to the end",
  "a call that connects anew names it, and the next one does without it",
  (client) => {
    client.subscribe("/queue/a", S);
    assertThrows(
      () => client.receiveFrame(),
      ConnectionError,
      "The subscription to /queue/a cannot be made again",
    );
    assertFalse(client.canRead());
  },
  { reconnect: { initialDelay: 200, jitter: 0 }, reconnectTimeout: 1000 },
);

for (const reconnect of [false, true]) {
  tried(
    "a loss, then another connection",
    `a subscription can be ended in between, where a call connects anew by itself: ${reconnect}`,
    (client) => {
      client.subscribe("/queue/a", S);
      assertEquals(texts(client, 1), ["1"]);
      busyFor(100);
      client.unsubscribe("s");
      client.reconnect();
      assertFalse(client.canRead());
      assertThrows(() => client.unsubscribe("s"), UsageError);
    },
    { reconnect },
  );
}

tried(
  "a subscription that the broker ends",
  "its id is free again",
  (client) => {
    client.subscribe("/queue/a", S);
    hearOfEnd(client);
    assertEquals(client.subscribe("/queue/a", S), "s");
    assertEquals(texts(client, 1), ["1"]);
  },
);

tried(
  "a subscription that the broker ends for good",
  "nothing is left to be ended",
  (client) => {
    client.subscribe("/queue/a", S);
    hearOfEnd(client);
    client.unsubscribe("s");
    assertThrows(() => client.unsubscribe("s"), UsageError, '"s"');
  },
);

tried(
  "the broker ends a subscription, then there is another connection",
  "it is not made again, and its end is told all the same",
  async (client, peer) => {
    client.subscribe("/queue/a", S);
    busyFor(100);
    client.reconnect();
    hearOfEnd(client);
    client.disconnect();
    assertEquals((await peer.heard()).slice(-3), [
      "CONNECT",
      "DISCONNECT",
      "the end",
    ]);
  },
);

tried(
  "the end of a subscription instead of its receipt",
  "subscribe() throws that at once, and can be called again",
  (client) => {
    const begun = performance.now();
    assertThrows(() => client.subscribe("/queue/a", S), BrokerError, "deleted");
    assert(performance.now() - begun < 1000);
    assertEquals(client.subscribe("/queue/a", S), "s");
    assertFalse(client.canRead());
  },
);
