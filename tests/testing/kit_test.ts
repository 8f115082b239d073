import {
  BrokerError,
  type Client,
  connect,
  ConnectionError,
  type ConnectOptions,
  TimeoutError,
  UsageError,
} from "../../mod.ts";
import { FrameDecoder } from "../../codec/mod.ts";
import {
  Frame,
  type MemoryBroker,
  type Misbehaviour,
  serve,
  serveInMemory,
  settled,
} from "../../testing/mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { octets } from "../support/frames.ts";
import { raw, RawPeer } from "../support/raw_peer.ts";

interface Scene extends MemoryBroker {
  connect(options?: ConnectOptions): Promise<Client>;
}

/** Tries a misbehaviour, in memory. */
function tried(
  name: string,
  misbehaviour: Misbehaviour,
  body: (scene: Scene, misbehave: () => void) => Promise<void>,
): void {
  test(`a broker that misbehaves: ${name}`, async () => {
    await using memory = await serveInMemory();
    const scene: Scene = {
      ...memory,
      connect: (options) =>
        connect(memory.broker.url, {
          ...memory.access,
          reconnect: false,
          ...options,
        }),
    };
    await body(scene, () => memory.broker.misbehave(misbehaviour));
  });
}

const RECEIPT = { receipt: true } as const;

tried(
  "it refuses TCP",
  { refuseConnections: true },
  async (scene, misbehave) => {
    misbehave();
    await assertRejects(() => scene.connect(), ConnectionError);
    scene.broker.behave();
    await using _client = await scene.connect();
  },
);

tried("it stays silent", { staySilent: true }, async (scene, misbehave) => {
  misbehave();
  const connecting = assertRejects(
    () => scene.connect({ connectedTimeout: 5000 }),
    TimeoutError,
    "CONNECTED",
  );
  await scene.clock.advance(5000);
  await connecting;
});

tried(
  "it answers commands with ERROR",
  { errorOn: { SEND: "the queue is full" } },
  async (scene, misbehave) => {
    const client = await scene.connect();
    misbehave();
    await assertRejects(
      () => client.send("/queue/a", "x", RECEIPT),
      BrokerError,
      "the queue is full",
    );
    await client.closed;
  },
);

tried(
  "it drops the connection at a frame",
  { dropAtFrame: 3 },
  async (scene, misbehave) => {
    misbehave();
    const client = await scene.connect();
    await client.send("/queue/a", "1", RECEIPT);
    const error = await assertRejects(
      () => client.send("/queue/a", "2", RECEIPT),
      ConnectionError,
    );
    assert(error.unknown);
    assertEquals(scene.broker.queue("/queue/a").depth, 1);
  },
);

tried(
  "it drops the connection inside a frame",
  { dropInsideFrame: 3 },
  async (scene, misbehave) => {
    misbehave();
    const client = await scene.connect();
    const subscription = client.subscribe("/queue/a");
    await subscription.ready;
    const other = await scene.connect();
    await other.send("/queue/a", "x");
    await assertRejects(
      () => subscription[Symbol.asyncIterator]().next(),
      ConnectionError,
    );
    await settled();
    assertEquals(scene.broker.queue("/queue/a").depth, 1, "it is not lost");
    other.abort();
    await other.closed;
  },
);

/** Large enough to be written in a piece of its own. */
const LARGE_BODY = "\0".repeat(20_000);

/** What a client is sent that has two messages waiting, and how that ends. */
async function heardWith(misbehaviour: Misbehaviour) {
  await using memory = await serveInMemory();
  memory.broker.misbehave(misbehaviour);
  const { transport } = memory.access;
  await using peer = await RawPeer.dial(transport, memory.broker.url);
  const destination = "/queue/a";
  await peer.write(
    raw("CONNECT", { "accept-version": "1.2", host: "/" }) +
      raw("SEND", { destination }, "one") +
      raw("SEND", { destination, "content-length": "20000" }, LARGE_BODY) +
      raw("SUBSCRIBE", { id: "s", destination, receipt: "r" }),
  );
  // Octet by octet that takes its turns.
  for (let i = 0; i < 10; i++) await settled();
  return { heard: await peer.octets(), hasEnded: peer.hasEnded };
}

for (const splitWrites of [false, true]) {
  test(
    `a broker that misbehaves: it drops the connection inside exactly that frame${
      splitWrites ? ", octet by octet" : ""
    }`,
    async () => {
      const whole = await heardWith({ splitWrites });
      const decoder = new FrameDecoder();
      decoder.push(octets(whole.heard));
      const { length } = [...decoder];
      assertEquals(length, 4);
      for (let frame = 1; frame <= length; frame++) {
        const { heard, hasEnded } = await heardWith({
          dropInsideFrame: frame,
          splitWrites,
        });
        assert(hasEnded && whole.heard.startsWith(heard), heard);
        const client = new FrameDecoder();
        client.push(octets(heard));
        assertEquals([...client].length, frame - 1);
        assert(client.isMidFrame, heard);
      }
    },
  );
}

tried("it loses a receipt", { loseReceipt: 2 }, async (scene, misbehave) => {
  misbehave();
  await using client = await scene.connect();
  await client.send("/queue/a", "1", RECEIPT);
  const late = assertRejects(
    () => client.send("/queue/a", "2", { receipt: true, timeout: 100 }),
    TimeoutError,
  );
  await scene.clock.advance(150);
  await late;
  await client.send("/queue/a", "3", RECEIPT);
  assertEquals(scene.broker.queue("/queue/a").depth, 3);
});

tried(
  "it delays a receipt",
  { delayReceipt: { nth: 2, by: 1000 } },
  async (scene, misbehave) => {
    misbehave();
    await using client = await scene.connect();
    await client.send("/queue/a", "1", RECEIPT);
    let isConfirmed = false;
    const sent = client.send("/queue/a", "2", RECEIPT).then(() =>
      isConfirmed = true
    );
    await client.send("/queue/a", "3", RECEIPT);
    await scene.clock.advance(999);
    assert(!isConfirmed);
    await scene.clock.advance(1);
    await sent;
  },
);

tried(
  "it delays each receipt, that of the good-bye, too",
  { delayReceipt: { nth: "each", by: 1000 } },
  async (scene, misbehave) => {
    const client = await scene.connect();
    misbehave();
    const closing = client.close();
    await scene.clock.advance(999);
    await scene.clock.advance(1);
    assertEquals((await closing).graceful, true);
  },
);

tried("it delivers twice", { deliverTwice: true }, async (scene, misbehave) => {
  misbehave();
  await using client = await scene.connect();
  await client.send("/queue/a", "x");
  const texts: string[] = [];
  const loop = client.subscribe("/queue/a", { ack: "auto" });
  for await (const message of loop) {
    texts.push(`${message.text()} ${message.redelivered}`);
    if (texts.length === 2) break;
  }
  assertEquals(texts, ["x false", "x false"]);
});

tried(
  "it writes octet by octet",
  { splitWrites: true },
  async (scene, misbehave) => {
    misbehave();
    await using client = await scene.connect();
    await client.send("/queue/a", "grüße", RECEIPT);
    for await (const message of client.subscribe("/queue/a")) {
      assertEquals(message.text(), "grüße");
      await message.ack(RECEIPT);
      break;
    }
  },
);

tried("it reads no more", { stopReading: true }, async (scene, misbehave) => {
  const client = await scene.connect({ heartBeat: [0, 0] });
  misbehave();
  const stuck = assertRejects(
    () =>
      client.send("/queue/a", new Uint8Array(1_000_000), {
        signal: AbortSignal.abort("enough"),
      }),
  );
  await stuck;
  const status = client.status();
  void client.send("/queue/a", new Uint8Array(1_000_000)).catch(() => {});
  await scene.clock.advance(10_000);
  assertEquals((await status.next()).value!.type, "write-stalled");
  client.abort();
  await client.closed;
});

test("a broker that misbehaves: it reads on when it behaves again", async () => {
  await using memory = await serveInMemory();
  const { transport } = memory.access;
  await using peer = await RawPeer.dial(transport, memory.broker.url);
  await peer.connect("1.2");
  const send = (receipt: string) =>
    raw("SEND", { destination: "/queue/a", receipt });
  memory.broker.misbehave({ stopReading: true });
  assertEquals(await peer.say(send("1")), []);
  assertEquals(await peer.say(send("2")), []);
  assertEquals(memory.broker.frames().length, 1);
  memory.broker.misbehave({ stopReading: true, loseReceipt: 2 });
  assertEquals(await peer.say(send("3")), []);
  memory.broker.behave();
  const receipts = await peer.frames();
  assertEquals(receipts.map(({ command }) => command), [
    "RECEIPT",
    "RECEIPT",
    "RECEIPT",
  ]);
  assertEquals(memory.broker.queue("/queue/a").depth, 3);
});

tried(
  "it stays silent for as long as the client waits",
  { staySilent: true },
  async (scene, misbehave) => {
    misbehave();
    const connecting = assertRejects(
      () => scene.connect({ connectedTimeout: 60_000 }),
      TimeoutError,
      "CONNECTED",
    );
    await scene.clock.advance(60_000);
    await connecting;
  },
);

test("a broker that misbehaves: while it reads no more it holds the client's silence against nobody", async () => {
  await using memory = await serveInMemory({ frameTimeout: 15_000 });
  const { transport } = memory.access;
  await using peer = await RawPeer.dial(transport, memory.broker.url);
  await peer.connect("1.2", { "heart-beat": "10000,10000" });
  const [head, end] = ["SEND\ndestination:/queue/a\n", "\n\0"];
  await peer.say(head);
  memory.broker.misbehave({ stopReading: true });
  await memory.clock.advance(100_000);
  assert(!peer.hasEnded);
  assert((await peer.octets()).length >= 10, "it beats");
  memory.broker.behave();
  await peer.say(end);
  assertEquals(memory.broker.queue("/queue/a").depth, 1);
  await memory.clock.advance(30_000);
  assert(peer.hasEnded, "now it does");
});

tried(
  "it stops its heart-beats",
  { stopHeartBeats: true },
  async (scene, misbehave) => {
    const client = await scene.connect({ heartBeat: [60_000, 60_000] });
    await scene.clock.advance(600_000);
    misbehave();
    await scene.clock.advance(120_000);
    const { cause } = await client.closed;
    assert(String(cause).includes("silent"), String(cause));
  },
);

test("a misbehaviour that there is none of is refused", async () => {
  await using memory = await serveInMemory();
  for (
    const misbehaviour of [
      { explode: true },
      { dropAtFrame: 0 },
      { errorOn: { SEND: 1 } },
      { delayReceipt: { nth: 0, by: 1 } },
    ]
  ) {
    assertThrows(
      () => memory.broker.misbehave(misbehaviour as Misbehaviour),
      UsageError,
    );
  }
});

test("the transcript keeps the latest frames, as many as it is told, until it is cleared", async () => {
  await using memory = await serveInMemory({ maxFrames: 3 });
  await using client = await connect(memory.broker.url, memory.access);
  const bodies = () => memory.broker.frames().map(({ frame }) => frame.text());
  for (const body of ["1", "2", "3", "4", "5"]) {
    await client.send("/queue/a", body, { receipt: true });
  }
  assertEquals(bodies(), ["3", "4", "5"]);
  assertEquals(bodies(), ["3", "4", "5"]);
  for (const { frame } of memory.broker.frames()) {
    assertEquals(frame.body.buffer.byteLength, frame.body.length);
  }
  memory.broker.clearFrames();
  assertEquals(bodies(), []);
  await client.send("/queue/a", "6", { receipt: true });
  assertEquals(bodies(), ["6"]);
});

test("the transcript has each client's frames, and the queue what it holds", async () => {
  await using broker = await serve();
  await using client = await connect(broker.url);
  await using other = await connect(broker.url);
  await client.send("/queue/a", "hello", RECEIPT);
  for await (const message of other.subscribe("/queue/a")) {
    assertEquals(broker.queue("/queue/a").unacknowledged, 1);
    await message.ack(RECEIPT);
    break;
  }
  const said = (connection: number) =>
    broker.frames()
      .filter((received) => received.connection === connection)
      .map(({ frame }) => frame.command);
  assertEquals(said(1), ["CONNECT", "SEND"]);
  assertEquals(said(2), ["CONNECT", "SUBSCRIBE", "ACK"]);
  const [, send] = broker.frames().filter(({ connection }) => connection === 1);
  assertEquals(send!.frame.text(), "hello");
});

test("the test speaks for the broker: frames, octets, and the transcript", async () => {
  await using memory = await serveInMemory();
  const { broker, access } = memory;
  await using _before = await connect(broker.url, access);
  using interception = broker.intercept();
  const connecting = connect(broker.url, { ...access, reconnect: false });
  using connection = await interception.accept();
  assertEquals((await connection.next())?.command, "CONNECT");
  await connection.send(new Frame("CONNECTED", { version: "1.1" }));
  const client = await connecting;
  const sent = client.send("/queue/a", "x", {
    headers: { "a:b": "c\nd" },
    receipt: true,
  });
  const frame = await connection.next();
  assertEquals(frame?.headers.get("a:b"), "c\nd");
  await connection.send(
    new Frame("RECEIPT", { "receipt-id": frame!.headers.get("receipt")! }),
  );
  await sent;
  await connection.link.write(new TextEncoder().encode("no frame at all"));
  connection.close();
  const { cause } = await client.closed;
  assert(cause instanceof ConnectionError);
  assertEquals(
    broker.frames().map(({ connection, frame }) => [connection, frame.command]),
    [[1, "CONNECT"], [2, "CONNECT"], [2, "SEND"]],
  );
});

test("connections are the broker's again when the test has had enough", async () => {
  await using memory = await serveInMemory();
  const { broker, access } = memory;
  const interception = broker.intercept();
  assertThrows(() => broker.intercept(), UsageError, "already");
  const both = [interception.accept(), interception.accept()];
  const options = { ...access, reconnect: false } as const;
  const connecting = [1, 2, 3].map(() => connect(broker.url, options));
  for (const connection of await Promise.all(both)) {
    assertEquals((await connection.next())?.command, "CONNECT");
    connection.close();
  }
  interception[Symbol.dispose]();
  // The third was waiting still.
  for (const refused of connecting) {
    await assertRejects(() => refused, ConnectionError);
  }
  await assertRejects(() => interception.accept(), UsageError, "ended");
  await using _client = await connect(broker.url, access);
  using again = broker.intercept();
  const accepting = assertRejects(() => again.accept(), UsageError, "ended");
  await broker.close();
  await accepting;
});

test("an interception that has ended long ago does not end the one that there is", async () => {
  await using memory = await serveInMemory();
  const { broker, access } = memory;
  const old = broker.intercept();
  old[Symbol.dispose]();
  using interception = broker.intercept();
  old[Symbol.dispose]();
  const refused = assertRejects(
    () => connect(broker.url, { ...access, reconnect: false }),
    BrokerError,
    "not today",
  );
  using connection = await interception.accept();
  await connection.send(new Frame("ERROR", { message: "not today" }));
  await refused;
});

test("a broker that closes drops what the test has accepted, too", async () => {
  const { broker, access } = await serveInMemory();
  const interception = broker.intercept();
  const connecting = connect(broker.url, { ...access, reconnect: false });
  const connection = await interception.accept();
  await connection.send(new Frame("CONNECTED", { version: "1.2" }));
  const client = await connecting;
  interception[Symbol.dispose]();
  await client.send("/queue/a", "the test may go on speaking for the broker");
  assertEquals((await connection.next())?.command, "CONNECT");
  assertEquals((await connection.next())?.command, "SEND");
  await broker.close();
  assertEquals((await client.closed).graceful, false);
});
