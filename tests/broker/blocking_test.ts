import { MemoryNetwork } from "../../transport/memory.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import { test } from "../support/harness.ts";
import { headerOf, raw } from "../support/raw_peer.ts";
import { settled } from "../support/virtual_clock.ts";
import { QUEUE, send, subscribe } from "./frames.ts";

const WORK = "/queue/work";

/** A message that fills a third of a queue, and a broker whose queues hold three. */
const THIRD = "x".repeat(300);

function start(heartBeat: readonly [number, number] = [0, 0]) {
  return BrokerInMemory.start({
    maxQueueOctets: 1000,
    whenFull: "block",
    heartBeat,
  });
}

/** Has somebody consume everything, and counts the messages. */
async function drained(memory: BrokerInMemory): Promise<number> {
  const peer = await memory.connect();
  await peer.write(raw("SUBSCRIBE", { id: "s", destination: QUEUE }));
  let count = 0;
  for (let more = 1; more > 0; count += more) {
    more = (await peer.frames()).length;
  }
  return count;
}

test("where a full queue blocks, the producer waits, and others do not", async () => {
  await using memory = await BrokerInMemory.start({
    maxQueueOctets: 1000,
    whenFull: "block",
  });
  const producer = await memory.connect();
  const body = "x".repeat(300);
  await producer.write(send(body).repeat(10));
  await settled();
  const { depth } = memory.broker.queue(QUEUE);
  assertEquals(depth, 3, "the third one has filled it");
  const other = await memory.connect();
  await other.write(raw("SEND", { destination: "/queue/b" }, "b"));
  const frames = await other.say(
    raw("SUBSCRIBE", { id: "s", destination: QUEUE, ack: "auto" }),
  );
  await settled();
  frames.push(...await other.frames());
  assertEquals(frames.length, 10);
  assert(!producer.hasEnded);
  assertEquals(memory.broker.queue("/queue/b").depth, 1);
});

test("a producer that is blocked and then gone gives back what it had", async () => {
  await using memory = await BrokerInMemory.start({
    maxQueueOctets: 1000,
    whenFull: "block",
  });
  const producer = await memory.connect();
  await producer.write(
    raw("SEND", { destination: "/queue/work" }, "job") +
      subscribe("/queue/work"),
  );
  await settled();
  assertEquals(memory.broker.queue("/queue/work").unacknowledged, 1);
  await producer.write(send("x".repeat(300)).repeat(10));
  await settled();
  await producer.close();
  await settled();
  const { depth, consumers } = memory.broker.queue("/queue/work");
  assertEquals([depth, consumers], [1, 0]);
});

test("a producer that is blocked is not blamed for the frame that was complete", async () => {
  await using memory = await BrokerInMemory.start({
    maxQueueOctets: 300,
    whenFull: "block",
    frameTimeout: 5000,
  });
  const producer = await memory.connect();
  const whole = send("x".repeat(300));
  await producer.write(whole.slice(0, 30));
  await settled();
  await producer.write(whole.slice(30));
  await memory.clock.advance(60_000);
  assertEquals(await producer.frames(), []);
  assert(!producer.hasEnded);
});

for (const whenFull of ["refuse", "block"] as const) {
  test(`${whenFull}: who sends to a topic waits for nobody: a subscriber that is away keeps the latest messages`, async () => {
    await using memory = await BrokerInMemory.start({
      maxQueueOctets: 1000,
      whenFull,
    });
    const topic = "/topic/a";
    const reader = await memory.connect();
    const durable = { id: "away", destination: topic, durable: "true" };
    await reader.say(raw("SUBSCRIBE", durable));
    await reader.say(raw("UNSUBSCRIBE", { id: "away" }));
    await reader.say(raw("SUBSCRIBE", { id: "s", destination: topic }));
    const producer = await memory.connect();
    for (let i = 0; i < 20; i++) {
      const body = String(i).padStart(300, "0");
      await producer.write(raw("SEND", { destination: topic }, body));
    }
    assertEquals((await reader.frames()).length, 20);
    assertEquals(memory.broker.queue(topic).depth, 2);
    const back = await reader.say(raw("SUBSCRIBE", durable));
    assertEquals(back.map(({ body }) => Number(body)), [18, 19]);
    assertEquals(await producer.frames(), []);
  });
}

test("a producer that is blocked goes on when a message is acknowledged", async () => {
  await using memory = await BrokerInMemory.start({
    maxQueueOctets: 1000,
    whenFull: "block",
  });
  const [producer, consumer] = [await memory.connect(), await memory.connect()];
  await consumer.say(subscribe(QUEUE));
  await producer.write(send("x".repeat(300)).repeat(4));
  const held = await consumer.frames();
  assertEquals(held.length, 3);
  await consumer.write(raw("ACK", { id: headerOf(held[0], "ack") }));
  assertEquals((await consumer.frames()).length, 1);
});

test("a producer that is blocked is heard: that it lives, and that it does not", async () => {
  await using memory = await start([0, 1000]);
  const producer = await memory.connect("1.2", { "heart-beat": "1000,0" });
  await producer.write(send(THIRD).repeat(10));
  for (let i = 0; i < 60; i++) {
    await memory.clock.advance(1000);
    await producer.write("\n");
  }
  assert(!producer.hasEnded);
  await memory.clock.advance(2000);
  assert(producer.hasEnded);
  assertEquals(await drained(memory), 10, "all that it had sent");
});

test("a producer that is blocked and has sent more than is read is not blamed for its silence", async () => {
  await using memory = await start([0, 1000]);
  const producer = await memory.connect("1.2", { "heart-beat": "1000,0" });
  const count = 2000;
  const sending = producer.write(send(THIRD).repeat(count));
  await memory.clock.advance(60_000);
  assert(!producer.hasEnded);
  assertEquals(await drained(memory), count);
  await sending;
  await memory.clock.advance(1999);
  assert(!producer.hasEnded);
  await memory.clock.advance(1);
  assert(producer.hasEnded);
});

test("a producer that is blocked, has sent more than is read and is gone is missed without heart-beats", async () => {
  await using memory = await start();
  const producer = await memory.connect();
  await producer.write(raw("SEND", { destination: WORK }) + subscribe(WORK));
  const sending = producer.write(send(THIRD).repeat(2000));
  await memory.clock.advance(3_600_000);
  assert(!producer.hasEnded, "it lives");
  assertEquals(memory.broker.queue(WORK).unacknowledged, 1);
  memory.network.links[0]!.reset();
  await sending.catch(() => {});
  await memory.clock.advance(5_000);
  const { depth, consumers } = memory.broker.queue(WORK);
  assertEquals([depth, consumers], [1, 0]);
});

test("a producer that is blocked, sends more and is gone gives back what it had", async () => {
  await using memory = await start();
  const producer = await memory.connect();
  await producer.write(raw("SEND", { destination: WORK }) + subscribe(WORK));
  for (let i = 0; i < 5; i++) {
    await settled();
    await producer.write(send(THIRD).repeat(4));
  }
  await producer.close();
  await settled();
  const { depth, consumers } = memory.broker.queue(WORK);
  assertEquals([depth, consumers], [1, 0]);
});

test("SV-27: what a producer had sent before it was gone arrives as room comes", async () => {
  for (const end of ["close", "finish", "reset"] as const) {
    await using memory = await start();
    const producer = await memory.connect();
    await producer.write(send(THIRD).repeat(10) + raw("DISCONNECT"));
    await settled();
    await producer.write(send("after good-bye"));
    await settled();
    if (end === "reset") memory.network.links[0]!.reset();
    else await producer[end]();
    await settled();
    assert(producer.hasEnded);
    assertEquals(memory.broker.queue(QUEUE).depth, 3);
    assertEquals(await drained(memory), 10, end);
  }
});

test("SV-27: a transaction that was committed before the client was gone takes effect", async () => {
  const transaction = "t";
  for (const command of ["COMMIT", "ABORT", "none"]) {
    await using memory = await start();
    const peer = await memory.connect();
    const [job] = await peer.say(
      raw("SEND", { destination: WORK }, "job") + subscribe(WORK),
    );
    const id = headerOf(job, "ack");
    await peer.write(
      raw("BEGIN", { transaction }) + raw("ACK", { id, transaction }) +
        raw("SEND", { destination: "/queue/out", transaction }, "result") +
        send(THIRD).repeat(10) +
        (command === "none" ? "" : raw(command, { transaction })),
    );
    await settled();
    await peer.close();
    assertEquals(await drained(memory), 10);
    const isCommitted = command === "COMMIT";
    assertEquals(memory.broker.queue("/queue/out").depth, isCommitted ? 1 : 0);
    assertEquals(memory.broker.queue(WORK).depth, isCommitted ? 0 : 1);
  }
});

test("what a client that is gone holds in a transaction waits for no room: it may be what fills the queue", async () => {
  const transaction = "t";
  for (const isCommitted of [true, false]) {
    await using memory = await start();
    const peer = await memory.connect();
    const jobs = await peer.say(subscribe(QUEUE) + send(THIRD).repeat(2));
    assertEquals(jobs.length, 2);
    const acks = jobs.map((job) =>
      raw("ACK", { id: headerOf(job, "ack"), transaction })
    );
    await peer.write(
      raw("BEGIN", { transaction }) + acks.join("") + send("new").repeat(3) +
        (isCommitted ? raw("COMMIT", { transaction }) : ""),
    );
    await settled();
    await peer.close();
    await settled();
    const { depth, unacknowledged } = memory.broker.queue(QUEUE);
    assertEquals([depth, unacknowledged], [isCommitted ? 3 : 5, 0]);
  }
});

test("what a client that is gone wanted to settle comes again, and its transaction does nothing", async () => {
  const transaction = "t";
  await using memory = await start();
  const peer = await memory.connect();
  const [one, two] = await peer.say(
    raw("SEND", { destination: WORK }, "1") +
      raw("SEND", { destination: WORK }, "2") + subscribe(WORK),
  );
  await peer.write(
    send(THIRD).repeat(8) + raw("ACK", { id: headerOf(one, "ack") }) +
      raw("BEGIN", { transaction }) +
      raw("SEND", { destination: "/queue/out", transaction }, "result") +
      raw("ACK", { id: headerOf(two, "ack"), transaction }) +
      raw("COMMIT", { transaction }) +
      subscribe("/topic/a", { id: "late" }) + raw("UNSUBSCRIBE", { id: "s" }) +
      send(THIRD).repeat(8),
  );
  await settled();
  await peer.close();
  await settled();
  assertEquals(memory.broker.queue(WORK).depth, 2);
  assertEquals(await drained(memory), 16);
  assertEquals(memory.broker.queue(WORK).depth, 2);
  assertEquals(memory.broker.queue("/queue/out").depth, 0);
  assertEquals(memory.broker.queue("/topic/a").consumers, 0);
});

test("a broker that is closed waits for no room", async () => {
  await using memory = await start();
  const producer = await memory.connect();
  await producer.write(send(THIRD).repeat(10));
  await settled();
  const gone = await memory.connect();
  await gone.write(send(THIRD).repeat(10));
  await settled();
  await gone.close();
  await memory.broker.close();
  assert(producer.hasEnded);
});

test("a client that reads a large message slowly is heard, and not cut while it lives", async () => {
  await using memory = await BrokerInMemory.start(
    {},
    new MemoryNetwork({ capacity: 50_000 }),
  );
  const client = await memory.connect("1.2", { "heart-beat": "10000,0" });
  await client.say(subscribe(QUEUE));
  client.pause();
  const producer = await memory.connect();
  // A frame that is not looked at is not late either.
  const pieces = send("own").match(/[^]{1,4}/g)!;
  await client.write(pieces[0]!);
  await producer.write(send("x".repeat(6_000_000)));
  for (const piece of pieces.slice(1)) {
    await memory.clock.advance(10_000);
    await client.write(piece);
  }
  client.resume();
  assertEquals((await client.next())?.body.length, 6_000_000);
  assertEquals((await client.next())?.body, "own");
  client.pause();
  await producer.write(send("x".repeat(6_000_000)));
  await memory.clock.advance(30_000);
  assertEquals(memory.broker.queue(QUEUE).unacknowledged, 0, "it was silent");
});

const DURABLE = {
  activemq: { "activemq.subscriptionName": "d" },
  artemis: { "durable-subscription-name": "d" },
} as const;

for (const dialect of ["activemq", "artemis"] as const) {
  test(`as ${dialect}: a client that is gone has its durable subscription all the same, and its name is free at once`, async () => {
    await using memory = await BrokerInMemory.start({
      maxQueueOctets: 1000,
      whenFull: "block",
      dialect,
    });
    const topic = "/topic/a";
    const name = { "client-id": "c", host: "/" };
    const peer = await memory.connect("1.2", name);
    await peer.write(
      send(THIRD).repeat(10) +
        raw("SUBSCRIBE", {
          id: "d",
          destination: topic,
          ...DURABLE[dialect],
        }) + raw("SEND", { destination: topic }, "gathered") +
        raw("SEND", { destination: WORK }, "behind"),
    );
    await settled();
    await peer.close();
    await settled();
    const successor = await memory.connect("1.2", name);
    await drained(memory);
    assertEquals(memory.broker.queue(WORK).depth, 1);
    assertEquals(memory.broker.queue(topic).depth, 1);
    // It is the successor's name still, where each has its own.
    if (dialect === "artemis") return;
    const third = await memory.dial();
    const [answer] = await third.say(
      raw("CONNECT", { "accept-version": "1.2", ...name }),
    );
    assertEquals(answer?.command, "ERROR");
    assert(!successor.hasEnded);
  });
}
