import { type Version, VERSIONS } from "../../codec/mod.ts";
import { DIALECT_NAMES, type DialectName } from "../../session/dialects.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import { test } from "../support/harness.ts";
import { headerOf, raw, type RawPeer } from "../support/raw_peer.ts";

const destination = "/queue/a";

/** The frames of a client's life, which ask for receipts in this order. */
async function asking(
  peer: RawPeer,
): Promise<[string, Record<string, string | undefined>][]> {
  const [message, other] = await peer.say(
    raw("SUBSCRIBE", { destination, id: "s", ack: "client" }) +
      raw("SEND", { destination }, "1") + raw("SEND", { destination }, "2"),
  );
  const named = (frame: typeof message) => ({
    id: headerOf(frame, "ack"),
    subscription: "s",
    "message-id": headerOf(frame, "message-id"),
  });
  return [
    ["BEGIN", { transaction: "t" }],
    ["SEND", { destination: "/queue/b", transaction: "t" }],
    ["ACK", { ...named(message), transaction: "t" }],
    ["COMMIT", { transaction: "t" }],
    ["BEGIN", { transaction: "t" }],
    ["ABORT", { transaction: "t" }],
    ["SUBSCRIBE", { destination: "/queue/c", id: "c" }],
    ["UNSUBSCRIBE", { id: "c" }],
    ["ACK", named(other)],
    ["DISCONNECT", {}],
  ];
}

/** An id may be whatever the client likes, so it has to be escaped. */
const ID: Readonly<Record<Version, string>> = {
  "1.0": "a:\\ ",
  "1.1": "a\\c\\\\ ",
  "1.2": "a\\c\\\\\\r ",
};

for (const version of VERSIONS) {
  test(`SV-08: in STOMP ${version} every frame that asks gets a receipt with the id that it gave`, async () => {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.connect(version);
    const frames = await asking(peer);
    await peer.octets();
    for (const [i, [command, headers]] of frames.entries()) {
      const receipt = ID[version] + i;
      await peer.write(raw(command, { ...headers, receipt }));
      assertStrictEquals(
        await peer.octets(),
        raw("RECEIPT", { "receipt-id": receipt }),
        command,
      );
    }
    assertStrictEquals(peer.hasEnded, true);
  });
}

/** What a client does that sets a message free for itself. */
const SETS_FREE: readonly {
  readonly name: string;
  /** Before it: the messages that have come are acknowledged by these. */
  readonly before: string;
  readonly frame: (ack: string) => string;
  /** The dialects where that is so. */
  readonly dialects: readonly DialectName[];
  /** Those that deliver before they confirm. */
  readonly deliversFirst?: readonly DialectName[];
}[] = [
  {
    name: "a SEND to itself",
    before: "",
    frame: () => raw("SEND", { destination, receipt: "r" }, "own"),
    dialects: DIALECT_NAMES,
    deliversFirst: ["rabbitmq"],
  },
  {
    name: "a NACK of what is redelivered",
    before: raw("SEND", { destination }, "1"),
    frame: (id) => raw("NACK", { id, receipt: "r" }),
    dialects: ["stompest", "plain", "rabbitmq"],
  },
  {
    name: "an ACK that frees credit",
    before: raw("SEND", { destination }, "1").repeat(2),
    frame: (id) => raw("ACK", { id, receipt: "r" }),
    dialects: DIALECT_NAMES,
  },
  {
    name: "a COMMIT of a SEND to itself",
    before: "",
    frame: () =>
      raw("BEGIN", { transaction: "t" }) +
      raw("SEND", { destination, transaction: "t" }, "own") +
      raw("COMMIT", { transaction: "t", receipt: "r" }),
    dialects: DIALECT_NAMES,
  },
  {
    name: "a SUBSCRIBE to what waits",
    before: "",
    frame: () =>
      raw("SEND", { destination: "/queue/b" }, "1") +
      raw("SUBSCRIBE", { destination: "/queue/b", id: "b", receipt: "r" }),
    dialects: DIALECT_NAMES,
  },
];

for (const { name, before, frame, dialects, deliversFirst = [] } of SETS_FREE) {
  for (const dialect of dialects) {
    test(`SV-08: as ${dialect}, ${name} is confirmed ${deliversFirst.includes(dialect) ? "behind" : "before"} the message that it sets free`, async () => {
      await using memory = await BrokerInMemory.start({ dialect });
      const peer = await memory.connect();
      const [message] = await peer.say(
        raw("SUBSCRIBE", {
          destination,
          id: "s",
          ack: "client-individual",
          "prefetch-count": "1",
          "activemq.prefetchSize": "1",
          "consumer-window-size": "0",
        }) + before,
      );
      const answer = await peer.say(frame(headerOf(message, "ack") ?? ""));
      assertEquals(
        answer.map(({ command }) => command),
        deliversFirst.includes(dialect)
          ? ["MESSAGE", "RECEIPT"]
          : ["RECEIPT", "MESSAGE"],
      );
    });
  }
}

test("SV-08: a receipt means that it is done: what was confirmed is there for everybody", async () => {
  await using memory = await BrokerInMemory.start();
  const [producer, consumer] = [await memory.connect(), await memory.connect()];
  await producer.write(raw("SEND", { destination, receipt: "r" }, "1"));
  assertStrictEquals((await producer.next())?.command, "RECEIPT");
  await producer.close();
  await consumer.write(raw("SUBSCRIBE", { destination, id: "s" }));
  assertEquals(await consumer.bodies(), ["1"]);
});

test("SV-09: receipts come in the order in which they were asked for", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  const receipts = Array.from({ length: 1000 }, (_, i) => `r${i}`);
  const answers = await peer.say(
    receipts.map((receipt) => raw("SEND", { destination, receipt })).join(""),
  );
  assertEquals(
    answers.map((frame) => headerOf(frame, "receipt-id")),
    receipts,
  );
});

test("the receipt of a SUBSCRIBE comes before its first message", async () => {
  for (const place of ["/queue/a", "/topic/a"]) {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.connect();
    const send = raw("SEND", { destination: place }, "1");
    const frames = await peer.say(
      send + raw("SUBSCRIBE", { destination: place, id: "s", receipt: "r" }) +
        send,
    );
    assertStrictEquals(frames[0]?.command, "RECEIPT");
    assertStrictEquals(frames[1]?.command, "MESSAGE");
  }
});

test("CONNECT gets no receipt, whatever it asks for", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.dial();
  const frames = await peer.say(
    raw("CONNECT", { "accept-version": "1.2", receipt: "r" }),
  );
  assertEquals(frames.map(({ command }) => command), ["CONNECTED"]);
});
