import { serve } from "../../broker/mod.ts";
import { MemoryNetwork } from "../../transport/memory.ts";
import { VERSIONS } from "../../codec/mod.ts";
import { ConnectionError } from "../../errors.ts";
import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import { plain } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { headerOf, raw, RawPeer } from "../support/raw_peer.ts";
import { settled } from "../support/virtual_clock.ts";

const destination = "/queue/a";
const DISCONNECT = raw("DISCONNECT", { receipt: "bye" });

function send(...bodies: readonly string[]): string {
  return bodies.map((body) => raw("SEND", { destination }, body)).join("");
}

/** What a queue holds. */
async function rest(memory: BrokerInMemory): Promise<string[]> {
  const peer = await memory.connect();
  await peer.write(raw("SUBSCRIBE", { destination, id: "s" }));
  return await peer.bodies();
}

for (const version of VERSIONS) {
  test(`STOMP ${version}: DISCONNECT gets its receipt, which is the last frame, then the end`, async () => {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.connect(version);
    assertEquals(await peer.say(send("1") + DISCONNECT + send("2")), [
      plain("RECEIPT", { "receipt-id": "bye" }),
    ]);
    assertStrictEquals(peer.hasEnded, true);
    assertEquals(await rest(memory), ["1"]);
  });

  test(`STOMP ${version}: DISCONNECT without receipt ends the connection, too`, async () => {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.connect(version);
    assertEquals(await peer.say(raw("DISCONNECT")), []);
    assertStrictEquals(peer.hasEnded, true);
  });
}

/** How a connection ends that has subscriptions. */
const ENDS = [
  ["DISCONNECT", DISCONNECT],
  ["an ERROR", "nonsense"],
] as const;

for (const [name, text] of ENDS) {
  test(`at the end by ${name} nothing that one subscription held goes to another of the same client`, async () => {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.connect();
    await peer.say(
      raw("SUBSCRIBE", { destination, id: "one", ack: "client" }) +
        send("1", "2", "3"),
    );
    await peer.say(raw("SUBSCRIBE", { destination, id: "two" }));
    const answers = await peer.say(text);
    assertEquals(answers.length, 1);
    assert(answers[0]?.command !== "MESSAGE");
    assertEquals(await rest(memory), ["1*", "2*", "3*"]);
  });
}

test("SV-27: frames that came before the connection was lost are still processed", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  await peer.write(send("1", "2", "3") + "SEND\ndestination:/queue/a\n\nhal");
  await peer.close();
  assertEquals(await rest(memory), ["1", "2", "3"]);
});

test("a client that has said all it has to say still gets its answers", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  await peer.write(raw("SEND", { destination, receipt: "r" }));
  assertStrictEquals((await peer.next())?.command, "RECEIPT");
  await peer.finish();
  await peer.end();
});

test("a connection that is reset gives back what it held", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  await peer.say(
    raw("SUBSCRIBE", { destination, id: "s", ack: "client" }) + send("1", "2"),
  );
  memory.network.links[0]!.reset();
  await settled();
  assertStrictEquals(peer.hasEnded, true);
  assertEquals(await rest(memory), ["1*", "2*"]);
});

test("SV-26: a thousand connections that come and go leave nothing behind", async () => {
  await using memory = await BrokerInMemory.start();
  for (let i = 0; i < 1000; i++) {
    const peer = await RawPeer.dial(memory.network, memory.broker.url);
    if (i % 2 === 0) await peer.connect("1.2", { "heart-beat": "9,9" });
    await peer.close();
  }
  await settled();
  assertStrictEquals(memory.clock.pending, 0);
});

test("SV-26: a connection that has ended is counted no more, however it ended", async () => {
  const transport = new MemoryNetwork();
  await using broker = await serve({ transport });
  const peers = await Promise.all(
    ["close", "DISCONNECT", "reset"].map(async () => {
      const peer = await RawPeer.dial(transport, broker.url);
      await peer.connect("1.2");
      return peer;
    }),
  );
  assertStrictEquals(broker.connections, 3);
  await peers[0]!.close();
  await peers[1]!.say(DISCONNECT);
  await peers[1]!.close();
  transport.links[2]!.reset();
  await settled();
  assertStrictEquals(broker.connections, 0);
});

test("a consumer that does not read is given no more than its connection holds; others get the rest", async () => {
  await using memory = await BrokerInMemory.start(
    {},
    new MemoryNetwork({ capacity: 1000 }),
  );
  const [slow, fast] = [await memory.connect(), await memory.connect()];
  await slow.say(raw("SUBSCRIBE", { destination, id: "s", ack: "client" }));
  slow.pause();
  const producer = await memory.connect();
  const body = "x".repeat(1000);
  for (let i = 0; i < 1000; i++) {
    await producer.write(raw("SEND", { destination }, body));
  }
  await producer.say(raw("SEND", { destination, receipt: "r" }, "last"));
  await fast.write(raw("SUBSCRIBE", { destination, id: "s" }));
  const heard = await fast.frames();
  assertStrictEquals(heard.at(-1)?.body, "last");
  // The connection's high-water mark is 256 KiB.
  assertLess(1001 - heard.length, 300);
  slow.resume();
  const held = await slow.frames();
  assertStrictEquals(held.length + heard.length, 1001);
});

test("a consumer that reads again is given what has waited for it", async () => {
  await using memory = await BrokerInMemory.start(
    {},
    new MemoryNetwork({ capacity: 1000 }),
  );
  const peer = await memory.connect();
  await peer.say(raw("SUBSCRIBE", { destination, id: "s" }));
  peer.pause();
  const producer = await memory.connect();
  const body = "x".repeat(1000);
  const bodies = Array.from({ length: 1000 }, (_, i) => `${i} ${body}`);
  for (const each of bodies) await producer.write(send(each));
  await producer.say(raw("SEND", { destination: "/queue/b", receipt: "r" }));
  peer.resume();
  assertEquals(await peer.bodies(), bodies);
});

test("close() ends every connection, whatever it was doing, and the broker listens no more", async () => {
  await using memory = await BrokerInMemory.start({ heartBeat: [1000, 1000] });
  const peers = [
    await memory.dial(),
    await memory.connect("1.2", { "heart-beat": "1,1" }),
    await memory.connect(),
    await memory.connect(),
    await memory.dial(),
  ];
  await peers[2]!.say(raw("SUBSCRIBE", { destination, id: "s" }) + send("1"));
  await peers[3]!.say("SEND\ndestination:/queue/a\n\nhal");
  await peers[4]!.say("nonsense");
  const late = await memory.dial();
  await memory.broker.close();
  await settled();
  for (const peer of [...peers, late]) {
    assertStrictEquals(peer.hasEnded, true);
  }
  assertStrictEquals(memory.clock.pending, 0);
  await assertRejects(() => memory.dial(), ConnectionError, "nothing listens");
  await memory.broker.close();
});

test("a broker that is started again where one was closed begins empty", async () => {
  const network = new MemoryNetwork();
  for (let i = 0; i < 2; i++) {
    await using memory = await BrokerInMemory.start({ port: 7 }, network);
    assertStrictEquals(memory.broker.url, "stomp://127.0.0.1:7");
    assertEquals(await rest(memory), []);
    const peer = await memory.connect();
    const [receipt] = await peer.say(
      raw("SEND", { destination: "/queue/b", receipt: "r" }, "1"),
    );
    assertStrictEquals(headerOf(receipt, "receipt-id"), "r");
  }
});

test("a receipt of DISCONNECT that is delayed for long comes nevertheless, then the end", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  memory.broker.misbehave({ delayReceipt: { nth: "each", by: 5000 } });
  await peer.say(DISCONNECT);
  await memory.clock.advance(4999);
  assertStrictEquals(peer.hasEnded, false);
  await memory.clock.advance(1);
  assertEquals(await peer.frames(), [
    plain("RECEIPT", { "receipt-id": "bye" }),
  ]);
  assertStrictEquals(peer.hasEnded, true);
  await memory.clock.advance(2000);
  assertStrictEquals(memory.clock.pending, 0);
});
