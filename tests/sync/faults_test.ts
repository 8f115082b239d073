import {
  BrokerError,
  ConnectionError,
  connectSync,
  type Frame,
  FrameError,
  type SyncClient,
  type SyncConnectOptions,
  TimeoutError,
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
import { busyFor, RECEIPT, S, SOON, texts, tried } from "./support/tried.ts";

/** Tries to connect to a broker that follows a script. */
function triedToConnect(
  script: string,
  claim: string,
  body: (connect: () => SyncClient) => void,
  options: SyncConnectOptions = {},
): void {
  test(`${script}: ${claim}`, async () => {
    await using peer = await Thread.peer(script);
    body(() => connectSync(peer.url, options));
    assertEquals((await peer.heard()).at(-1), "the end");
  });
}

tried(
  "messages before and behind a receipt",
  "they are kept, in order",
  (client) => {
    client.subscribe("/queue/a", S);
    client.send("/queue/b", "x", RECEIPT);
    assert(client.canRead());
    assertEquals(texts(client, 3), ["1", "2", "3"]);
    assertFalse(client.canRead());
  },
);

tried(
  "a receipt that comes too late",
  "the call throws, the client goes on",
  (client) => {
    const error = assertThrows(
      () => client.send("/queue/a", "x", { receipt: true, timeout: 50 }),
      TimeoutError,
      "The receipt of the SEND to /queue/a did not come within 50 ms",
    );
    assertEquals(error.timeout, 50);
    client.send("/queue/b", "y", RECEIPT);
  },
);

tried(
  "an ERROR that names its receipt",
  "it is thrown by that call, the client goes on",
  (client) => {
    const error = assertThrows(
      () => client.send("/queue/a", "x", RECEIPT),
      BrokerError,
      '"no"',
    );
    assertEquals(error.frame.command, "ERROR");
    client.send("/queue/b", "y", RECEIPT);
  },
);

tried(
  "an ERROR that names nothing",
  "it is thrown by the call that waits, the client goes on",
  (client) => {
    assertThrows(() => client.send("/queue/a", "x", RECEIPT), BrokerError);
    client.send("/queue/b", "y", RECEIPT);
  },
);

tried(
  "an ERROR that names nothing, behind something unconfirmed",
  "nobody knows what it is about, and who waits is told so",
  (client) => {
    client.send("/queue/a", "x");
    const error = assertThrows(
      () => client.send("/queue/b", "y", RECEIPT),
      ConnectionError,
      "unknown whether the broker took the SEND to /queue/b: the broker has " +
        "reported an error",
    );
    assert(error.unknown);
    assertInstanceOf(error.cause, BrokerError);
    client.send("/queue/c", "z", RECEIPT);
    assertFalse(client.canRead());
  },
);

tried(
  "an ERROR that names nothing, behind something confirmed",
  "it is thrown by the call that waits",
  (client) => {
    client.send("/queue/a", "w");
    client.send("/queue/b", "x", RECEIPT);
    assertThrows(() => client.send("/queue/c", "y", RECEIPT), BrokerError);
    client.send("/queue/d", "z", RECEIPT);
  },
);

tried(
  "an ERROR that names nothing, before something else",
  "a call that came later is not blamed for it",
  (client) => {
    client.send("/queue/a", "x");
    busyFor(100);
    client.send("/queue/b", "y", RECEIPT);
    assertThrows(() => client.receiveFrame(SOON), BrokerError, "no");
  },
);

tried(
  "an ERROR between two messages",
  "it is thrown in its place",
  (client) => {
    client.subscribe("/queue/a", S);
    assertEquals(texts(client, 1), ["1"]);
    assert(client.canRead(SOON));
    assertThrows(() => client.receiveFrame(SOON), BrokerError);
    assertEquals(texts(client, 1), ["2"]);
  },
);

tried(
  "an ERROR and the end",
  "both are thrown, one as the cause of the other",
  (client) => {
    client.send("/queue/a", "x");
    assertThrows(() => client.receiveFrame(SOON), BrokerError, "that was it");
    const error = assertThrows(
      () => client.receiveFrame(SOON),
      ConnectionError,
      "closed the connection",
    );
    assertInstanceOf(error.cause, ConnectionError);
    assertInstanceOf(error.cause.cause, BrokerError);
  },
);

test("an ERROR that nobody waits for: disconnect() throws it", async () => {
  await using peer = await Thread.peer("an ERROR that nobody waits for");
  const client = connectSync(peer.url);
  client.send("/queue/a", "x");
  assertThrows(() => client.disconnect(), BrokerError, "no such queue");
  assertThrows(() => client.send("/queue/a"), UsageError, "closed");
});

tried(
  "the end before a receipt",
  "the fate of the message is unknown, and it is not sent again",
  async (client, peer) => {
    const error = assertThrows(
      () => client.send("/queue/a", "x", RECEIPT),
      ConnectionError,
      "unknown whether the broker took the SEND to /queue/a",
    );
    assert(error.unknown);
    assertInstanceOf(error.cause, ConnectionError);
    const next = assertThrows(
      () => client.send("/queue/a", "y", RECEIPT),
      ConnectionError,
      "the connection is gone",
    );
    assertFalse(next.unknown);
    client.reconnect();
    client.disconnect();
    assertEquals(await peer.heard(), [
      "CONNECT",
      "SEND /queue/a",
      "CONNECT",
      "DISCONNECT",
      "the end",
    ]);
  },
);

tried(
  "the end before a receipt",
  "it is unknown also where the client connects anew by itself",
  async (client, peer) => {
    const error = assertThrows(
      () => client.send("/queue/a", "x", RECEIPT),
      ConnectionError,
    );
    assert(error.unknown);
    assertFalse(client.canRead({ timeout: 500 }));
    client.disconnect();
    assertEquals((await peer.heard()).filter((line) => /SEND/.test(line)), [
      "SEND /queue/a",
    ]);
  },
  { reconnect: true },
);

tried(
  "the end behind a message",
  "the message comes first, then the error; its ack is stale",
  (client) => {
    client.subscribe("/queue/a", S);
    const frame = client.receiveFrame(SOON)!;
    assertEquals(frame.text(), "1");
    assertThrows(() => client.receiveFrame(SOON), ConnectionError);
    assertThrows(() => client.canRead(), ConnectionError);
    assertEquals(client.ack(frame), false);
    assertEquals(client.nack(frame, RECEIPT), false);
  },
);

/** What the script of two connections must have heard. */
const REPLAYED = [
  "CONNECT",
  "SUBSCRIBE /queue/a",
  "SUBSCRIBE /topic/auto",
  "CONNECT",
  "SUBSCRIBE /queue/a",
  "SUBSCRIBE /topic/auto",
  "ACK",
  "DISCONNECT",
  "the end",
];

function subscribeTwice(client: SyncClient): Frame {
  client.subscribe("/queue/a", { ...S, id: "a" });
  client.subscribe("/topic/auto", { ack: "auto", id: "auto" });
  return client.receiveFrame(SOON)!;
}

tried(
  "two subscriptions on two connections",
  "reconnect() replays them in order, and stale acks write nothing",
  async (client, peer) => {
    const stale = subscribeTwice(client);
    client.reconnect();
    assertEquals(client.ack(stale), false);
    assertEquals(texts(client, 1), ["7"], "the broker has forgotten it");
    const again = client.receiveFrame(SOON)!;
    assertEquals(again.headers.get("redelivered"), "true");
    assertEquals(client.ack(again), true);
    client.disconnect();
    assertEquals(await peer.heard(), REPLAYED);
  },
);

tried(
  "two subscriptions on two connections",
  "a call connects anew by itself where it is told to",
  async (client, peer) => {
    const stale = subscribeTwice(client);
    assertEquals(texts(client, 1), ["7"]);
    assert(client.ack(client.receiveFrame(SOON)!));
    assertEquals(client.ack(stale), false);
    client.disconnect();
    assertEquals(await peer.heard(), REPLAYED);
  },
  { reconnect: { initialDelay: 1 } },
);

tried(
  "half a message, then the rest",
  "a time-out in between loses nothing",
  (client) => {
    client.subscribe("/queue/a", S);
    assertEquals(client.receiveFrame({ timeout: 50 }), null);
    assertFalse(client.canRead());
    client.send("/queue/a", "go on");
    assertEquals(texts(client, 1), ["1"]);
  },
);

triedToConnect(
  "silence instead of CONNECTED",
  "the client does not wait for ever, and lets go",
  (connect) => {
    assertThrows(connect, TimeoutError, "CONNECTED did not come within 50 ms");
  },
  { connectedTimeout: 50 },
);

triedToConnect("an HTTP server", "the error says so", (connect) => {
  assertThrows(connect, FrameError, "HTTP");
});

triedToConnect(
  "a refusal",
  "the error has the frame, and shows no passcode",
  (connect) => {
    const error = assertThrows(connect, BrokerError, '"… is wrong"');
    assertFalse(String(error.stack).includes("sesame"));
  },
  { login: "me", passcode: "sesame" },
);

tried(
  "a heart-beat that stops",
  "the next call says that the broker is silent",
  (client) => {
    busyFor(400);
    assertThrows(
      () => client.send("/queue/a", "x"),
      ConnectionError,
      "the connection is gone",
    );
    assertThrows(
      () => client.receiveFrame(),
      ConnectionError,
      "though it promised a heart-beat every 100 ms",
    );
  },
  { heartBeat: [0, 100] },
);

tried(
  "an ear for heart-beats",
  "they leave while the program computes",
  async (client, peer) => {
    busyFor(550);
    client.send("/queue/a", "x");
    client.disconnect();
    const eols = Number((await peer.heard()).at(2));
    assert(eols >= 8 && eols <= 11, `${eols} in 550 ms, one every 50 ms`);
  },
  { heartBeat: [100, 0] },
);

tried(
  "a deaf ear",
  "a call that finds no room throws, and a frame that was torn is the end",
  (client) => {
    const large = new Uint8Array(64 << 20);
    assertThrows(
      () => client.send("/queue/a", large, { timeout: 200 }),
      TimeoutError,
      "Room for the SEND to /queue/a did not come within 200 ms",
    );
    assertThrows(() => client.send("/queue/a", "x"), ConnectionError);
  },
);

tried(
  "a deaf ear",
  "a call that finds no room has written nothing",
  (client) => {
    const body = new Uint8Array(100_000);
    const fill = () => {
      for (;;) client.send("/queue/a", body, { timeout: 200 });
    };
    assertThrows(fill, TimeoutError, "Room for the SEND to /queue/a");
    assertThrows(fill, TimeoutError, "Room for the SEND to /queue/a");
    assertThrows(() => client.disconnect(), TimeoutError);
  },
  { drainTimeout: 0 },
);

tried(
  "a deaf ear",
  "a large frame that finds no room, and of which nothing has left, is not torn",
  (client) => {
    const fill = (octets: number) => {
      const body = new Uint8Array(octets);
      for (;;) client.send("/queue/a", body, { timeout: 200 });
    };
    assertThrows(() => fill(100_000), TimeoutError, "Room for the SEND");
    assertThrows(() => fill(1 << 20), TimeoutError, "Room for the SEND");
    assertFalse(client.canRead(), "the connection stands");
    assertThrows(() => fill(100_000), TimeoutError, "Room for the SEND");
    assertThrows(() => client.disconnect(), TimeoutError);
  },
  { drainTimeout: 0 },
);

tried(
  "a good-bye without a receipt",
  "a broker that just closes has understood",
  (client) => client.disconnect(),
);

test("no good-bye: disconnect() says so, and closes all the same", async () => {
  await using peer = await Thread.peer("no good-bye");
  const client = connectSync(peer.url, { drainTimeout: 50 });
  assertThrows(
    () => client.disconnect(),
    TimeoutError,
    "The receipt of the DISCONNECT did not come within 50 ms",
  );
  client.disconnect();
  assertEquals(await peer.heard(), ["CONNECT", "DISCONNECT", "the end"]);
});

tried(
  "a message that nobody subscribed to",
  "it is handed out, but cannot be acknowledged",
  (client) => {
    const frame = client.receiveFrame(SOON)!;
    assertEquals(frame.headers.get("subscription"), "/temp-queue/reply");
    assertThrows(() => client.ack(frame), UsageError);
  },
);

tried(
  "messages for a subscription that has ended",
  "they are dropped, and acks of earlier ones are stale",
  (client) => {
    client.subscribe("/queue/a", S);
    const frame = client.receiveFrame(SOON)!;
    client.unsubscribe("s");
    assertEquals(client.receiveFrame({ timeout: 20 }), null);
    assertEquals(client.ack(frame), false);
    assertThrows(() => client.unsubscribe("s"), UsageError, '"s"');
  },
);

tried(
  "messages for a subscription that has ended",
  "in auto mode they are handed out: the broker has forgotten them",
  (client) => {
    client.subscribe("/queue/a", { id: "s", ack: "auto" });
    assertEquals(texts(client, 1), ["1"]);
    client.unsubscribe("s");
    assertEquals(texts(client, 2), ["2", "3"]);
  },
);

tried(
  "messages before another connection",
  "in auto mode they are handed out after reconnect()",
  (client) => {
    client.subscribe("/queue/a", { id: "s", ack: "auto" });
    busyFor(100);
    client.reconnect();
    assertEquals(texts(client, 3), ["1", "2", "3"]);
  },
);

tried(
  "a broker that hears nothing until it is heard",
  "a send that finds no room reads what comes, and keeps it",
  (client) => {
    client.subscribe("/queue/a", S);
    const body = new Uint8Array(100_000);
    for (let i = 0; i < 150; i++) client.send("/queue/a", body);
    const ids = Array.from(
      { length: 150 },
      () => client.receiveFrame(SOON)!.headers.get("message-id"),
    );
    assertEquals(ids, ids.map((_, i) => String(i)));
  },
);

test("a flood of messages: a receipt that does not come is noticed in time", async () => {
  await using peer = await Thread.peer("a flood of messages");
  const client = connectSync(peer.url, { drainTimeout: 50 });
  client.subscribe("/queue/a", S);
  assertThrows(
    () => client.send("/queue/a", "x", { receipt: true, timeout: 50 }),
    TimeoutError,
    "The receipt of the SEND",
  );
  assertEquals(client.receiveFrame(SOON)!.text(), "1");
  assertThrows(() => client.disconnect(), TimeoutError, "the DISCONNECT");
  await peer.heard();
});

test("a flood of messages that nobody wants: waiting for others ends in time", async () => {
  const script = "a flood of messages that nobody wants";
  await using peer = await Thread.peer(script);
  const client = connectSync(peer.url, { drainTimeout: 50 });
  // Without a receipt the client cannot know that no more will come.
  client.subscribe("/queue/a", S);
  client.unsubscribe("s", { receipt: false });
  assertEquals(client.receiveFrame({ timeout: 50 }), null);
  assertFalse(client.canRead({ timeout: 10 }));
  assertThrows(() => client.disconnect(), TimeoutError, "the DISCONNECT");
  await peer.heard();
});

test("an end in between: disconnect() says that what was sent may be lost", async () => {
  await using peer = await Thread.peer("an end in between");
  const client = connectSync(peer.url);
  client.send("/queue/a", "x");
  busyFor(100);
  const error = assertThrows(
    () => client.disconnect(),
    ConnectionError,
    "unknown whether the broker took what was sent without a receipt",
  );
  assert(error.unknown);
  client.disconnect();
});

test("an ERROR and the end: disconnect() says what the broker said", async () => {
  await using peer = await Thread.peer("an ERROR and the end");
  const client = connectSync(peer.url);
  client.send("/queue/a", "x");
  busyFor(100);
  assertThrows(() => client.disconnect(), BrokerError, "that was it");
});

tried(
  "a SUBSCRIBE that is refused",
  "it can be tried again under the same id",
  (client) => {
    assertThrows(() => client.subscribe("/queue/a", S), BrokerError, "no");
    assertEquals(client.subscribe("/queue/a", S), "s");
  },
);

tried(
  "a SUBSCRIBE that is confirmed too late",
  "it is taken back, and can be tried again under the same id",
  (client) => {
    assertThrows(
      () => client.subscribe("/queue/a", { ...S, timeout: 50 }),
      TimeoutError,
    );
    assertEquals(client.receiveFrame({ timeout: 100 }), null);
    client.subscribe("/queue/a", S);
    assertEquals(texts(client, 1), ["2"]);
  },
);

tried(
  "a subscription that begins anew under its id",
  "acks of messages from before are stale",
  async (client, peer) => {
    client.subscribe("/queue/a", S);
    const frame = client.receiveFrame(SOON)!;
    client.unsubscribe("s");
    client.subscribe("/queue/a", S);
    assertEquals(client.ack(frame), false);
    client.disconnect();
    assertEquals((await peer.heard()).slice(-2), ["DISCONNECT", "the end"]);
  },
);

tried(
  "a COMMIT that is refused",
  "what was acknowledged in it can be acknowledged again",
  (client) => {
    client.subscribe("/queue/a", S);
    const frame = client.receiveFrame(SOON)!;
    assertThrows(
      () =>
        client.transaction((transaction) => client.ack(frame, { transaction })),
      BrokerError,
      "no",
    );
    assert(client.ack(frame, RECEIPT));
  },
);

tried(
  "an ABORT that is not confirmed",
  "the failure of the work is thrown, and the ack can be done again",
  (client) => {
    client.subscribe("/queue/a", S);
    const frame = client.receiveFrame(SOON)!;
    const failure = new Error("of the work");
    const thrown = assertThrows(() =>
      client.transaction((transaction) => {
        client.ack(frame, { transaction });
        throw failure;
      })
    );
    assertEquals(thrown, failure);
    assert(client.ack(frame));
  },
  { receiptTimeout: 500 },
);

tried(
  "acks inside and outside of a transaction",
  "an abort takes back what was acknowledged in it alone",
  async (client, peer) => {
    client.subscribe("/queue/a", { id: "s", ack: "client" });
    const frames = [1, 2, 3].map(() => client.receiveFrame(SOON)!);
    const transaction = client.begin();
    assert(client.ack(frames[0]!, { transaction }));
    assert(client.ack(frames[1]!));
    client.abort(transaction);
    for (const frame of frames) assert(client.ack(frame));
    client.disconnect();
    assertEquals(
      (await peer.heard()).filter((line) => /^a\d/.test(line)),
      ["a1 transaction-1", "a2 ", "a3 "],
    );
  },
);

tried(
  "RabbitMQ",
  "prefetch is put in the broker's own words",
  async (client, peer) => {
    client.subscribe("/queue/a", { prefetch: 5, id: "mine" });
    client.disconnect();
    assertEquals((await peer.heard())[2], "5 client-individual mine");
  },
);

tried(
  "a transaction",
  "it is committed when the work is done",
  async (client, peer) => {
    const result = client.transaction((transaction) => {
      client.send("/queue/a", "x", { transaction });
      return 42;
    });
    assertEquals(result, 42);
    client.disconnect();
    assertEquals(await peer.heard(), [
      "CONNECT",
      "BEGIN",
      "transaction-1",
      "SEND /queue/a",
      "transaction-1",
      "COMMIT",
      "transaction-1",
      "DISCONNECT",
      "the end",
    ]);
  },
);

tried(
  "a transaction that fails",
  "it is aborted, the error goes on, and the ack in it can be done again",
  async (client, peer) => {
    client.subscribe("/queue/a", { id: "s", ack: "client" });
    const frame = client.receiveFrame(SOON)!;
    const failure = new Error("of the work");
    const thrown = assertThrows(() =>
      client.transaction((transaction) => {
        assert(client.ack(frame, { transaction }));
        throw failure;
      })
    );
    assertEquals(thrown, failure);
    assert(client.ack(frame));
    client.disconnect();
    assertEquals((await peer.heard()).slice(2), [
      "BEGIN",
      "ACK",
      "transaction-1",
      "ABORT",
      "ACK",
      "",
      "DISCONNECT",
      "the end",
    ]);
  },
);

tried(
  "a transaction on a connection that ends",
  "it is gone, and is not taken for one of the next connection",
  (client) => {
    const lost = client.begin();
    client.reconnect();
    assertThrows(() => client.commit(lost), ConnectionError, lost);
    const next = client.begin();
    assertThrows(
      () => client.send("/queue/a", "x", { transaction: lost }),
      UsageError,
      lost,
    );
    client.commit(next);
  },
);
