import { type Version, VERSIONS } from "../../codec/mod.ts";
import {
  assertEquals,
  assertNotEquals,
  assertStrictEquals,
} from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import type { PlainFrame } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { headerOf, raw, type RawPeer } from "../support/raw_peer.ts";

const FROM_1_1 = ["1.1", "1.2"] as const;
const WAITING_MODES = ["client", "client-individual"] as const;

/** Acknowledges or refuses a message as a client of a version does it. */
function settle(
  command: "ACK" | "NACK",
  version: Version,
  message: PlainFrame | undefined,
): string {
  return raw(
    command,
    version === "1.2" ? { id: headerOf(message, "ack") } : {
      subscription: version === "1.1" ? "s" : undefined,
      "message-id": headerOf(message, "message-id"),
    },
  );
}

/** Subscribes with the id s to a queue that holds 1, 2, 3, 4 and 5. */
async function deliver(peer: RawPeer, ack: string): Promise<PlainFrame[]> {
  const destination = "/queue/a";
  await peer.say(
    [..."12345"].map((body) => raw("SEND", { destination }, body)).join(""),
  );
  return await peer.say(raw("SUBSCRIBE", { destination, id: "s", ack }));
}

/** What a queue still holds, and in which order. */
async function rest(memory: BrokerInMemory): Promise<string[]> {
  const peer = await memory.connect();
  await peer.write(raw("SUBSCRIBE", { destination: "/queue/a", id: "s" }));
  return await peer.bodies();
}

for (const version of VERSIONS) {
  test(`SV-14, SV-15, SV-16: a MESSAGE of STOMP ${version} carries what the version wants, octet for octet`, async () => {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.connect(version);
    const destination = "/queue/a";
    await peer.write(
      raw("SUBSCRIBE", { destination, id: "s", ack: "client" }) +
        raw("SEND", { destination, colour: "red" }, "hello"),
    );
    assertStrictEquals(
      await peer.octets(),
      "MESSAGE\nsubscription:s\nmessage-id:m-1\ndestination:/queue/a\n" +
        (version === "1.2" ? "ack:m-1@s\n" : "") +
        "colour:red\ncontent-length:5\n\nhello\0",
    );
  });

  test(`STOMP ${version}: in mode auto nothing is to be acknowledged, and nothing comes again`, async () => {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.connect(version);
    const messages = await deliver(peer, "auto");
    assertEquals(messages.map(({ body }) => body), [..."12345"]);
    assertEquals(messages.filter((each) => headerOf(each, "ack")), []);
    await peer.close();
    assertEquals(await rest(memory), []);
  });

  test(`SV-18: in STOMP ${version} an ACK in mode client covers the messages before`, async () => {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.connect(version);
    const messages = await deliver(peer, "client");
    assertEquals(await peer.say(settle("ACK", version, messages[2])), []);
    await peer.close();
    assertEquals(await rest(memory), ["4*", "5*"]);
  });

  test(`SV-20: in STOMP ${version} what a lost connection had not acknowledged comes again, in order and marked`, async () => {
    for (const ack of WAITING_MODES) {
      await using memory = await BrokerInMemory.start();
      const peer = await memory.connect(version);
      await deliver(peer, ack);
      await peer.write(raw("SEND", { destination: "/queue/a" }, "6"));
      await peer.close();
      assertEquals(await rest(memory), ["1*", "2*", "3*", "4*", "5*", "6*"]);
    }
  });

  test(`SV-23: in STOMP ${version} UNSUBSCRIBE stops delivery, and what was not acknowledged comes again elsewhere`, async () => {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.connect(version);
    const messages = await deliver(peer, "client");
    await peer.say(settle("ACK", version, messages[1]));
    assertEquals(
      await peer.say(
        raw("UNSUBSCRIBE", { id: "s" }) +
          raw("SEND", { destination: "/queue/a" }, "6"),
      ),
      [],
    );
    assertEquals(await rest(memory), ["3*", "4*", "5*", "6"]);
  });
}

for (const version of FROM_1_1) {
  test(`SV-19: in STOMP ${version} an ACK in mode client-individual covers one message`, async () => {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.connect(version);
    const messages = await deliver(peer, "client-individual");
    await peer.say(
      settle("ACK", version, messages[3]) + settle("ACK", version, messages[1]),
    );
    await peer.close();
    assertEquals(await rest(memory), ["1*", "3*", "5*"]);
  });

  test(`SV-21: in STOMP ${version} a NACK covers one message, in mode client those before, too`, async () => {
    for (const ack of WAITING_MODES) {
      await using memory = await BrokerInMemory.start();
      const peer = await memory.connect(version);
      const messages = await deliver(peer, ack);
      await peer.write(settle("NACK", version, messages[2]));
      // They come again at once, to whoever is there, as the oldest there are.
      assertEquals(
        await peer.bodies(),
        ack === "client" ? ["1*", "2*", "3*"] : ["3*"],
      );
    }
  });

  test(`STOMP ${version}: a message that was refused and comes again can be acknowledged then`, async () => {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.connect(version);
    const messages = await deliver(peer, "client-individual");
    const [again] = await peer.say(settle("NACK", version, messages[2]));
    assertEquals(await peer.say(settle("ACK", version, again)), []);
    await peer.close();
    assertEquals(await rest(memory), ["1*", "2*", "4*", "5*"]);
  });
}

test("what comes back goes before what has not been delivered, in the order of arrival", async () => {
  await using memory = await BrokerInMemory.start();
  const destination = "/queue/a";
  const peer = await memory.connect();
  await peer.say(
    raw("SUBSCRIBE", { destination, id: "s", ack: "client-individual" }),
  );
  const messages = await peer.say(
    [..."123456"].map((body) => raw("SEND", { destination }, body)).join(""),
  );
  const other = await memory.connect();
  const narrow = {
    destination,
    id: "t",
    ack: "client-individual",
    "prefetch-count": "1",
  };
  await other.say(raw("SUBSCRIBE", narrow));
  await peer.say(raw("ACK", { id: headerOf(messages[2], "ack") }));
  await peer.close();
  const seen: string[] = [];
  for (;;) {
    const [message] = await other.frames();
    if (message === undefined) break;
    seen.push(message.body);
    await other.write(raw("ACK", { id: headerOf(message, "ack") }));
  }
  assertEquals(seen, ["1", "2", "4", "5", "6"]);
});

test("a message is marked as redelivered only if it was delivered before", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  const destination = "/queue/a";
  await peer.say(
    raw("SEND", { destination }, "1") + raw("SEND", { destination }, "2") +
      raw("SUBSCRIBE", {
        destination,
        id: "s",
        ack: "client",
        "prefetch-count": "1",
      }),
  );
  await peer.close();
  assertEquals(await rest(memory), ["1*", "2"]);
});

test("SV-14: every message has an id of its own, which it keeps when it comes again", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  const ids = (frames: readonly PlainFrame[]) =>
    frames.map((frame) => headerOf(frame, "message-id"));
  const before = ids(await deliver(peer, "client"));
  assertStrictEquals(new Set(before).size, 5);
  assertNotEquals(before[0], undefined);
  await peer.close();
  const other = await memory.connect();
  const again = await other.say(
    raw("SUBSCRIBE", { destination: "/queue/a", id: "s" }),
  );
  assertEquals(ids(again), before);
});

test("SV-15: in STOMP 1.0 a subscription without an id goes by its destination", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect("1.0");
  const destination = "/queue/a";
  const send = raw("SEND", { destination }, "1");
  const [message] = await peer.say(
    raw("SUBSCRIBE", { destination, ack: "client" }) + send,
  );
  assertStrictEquals(headerOf(message, "subscription"), undefined);
  assertEquals(await peer.say(settle("ACK", "1.0", message)), []);
  assertEquals(await peer.say(raw("UNSUBSCRIBE", { destination })), []);
  await peer.write(send);
  assertEquals(await rest(memory), ["1"]);
});

test("ids of subscriptions are opaque: they may hold what our own ids are made of", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  const destination = "/queue/a";
  for (const id of ["@", "a@b", "m-1@", " ", "é".normalize("NFD")]) {
    const wire = String.fromCharCode(...new TextEncoder().encode(id));
    const [message] = await peer.say(
      raw("SUBSCRIBE", { destination, id: wire, ack: "client-individual" }) +
        raw("SEND", { destination }, "1"),
    );
    const wireAck = String.fromCharCode(
      ...new TextEncoder().encode(headerOf(message, "ack")),
    );
    const answer = raw("ACK", { id: wireAck, receipt: "r" });
    const [receipt] = await peer.say(answer);
    assertStrictEquals(receipt?.command, "RECEIPT", id);
    await peer.say(raw("UNSUBSCRIBE", { id: wire }));
  }
  assertEquals(await rest(memory), []);
});
