import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import { test } from "../support/harness.ts";
import { bodiesOf, headerOf, raw, type RawPeer } from "../support/raw_peer.ts";
import { settled } from "../support/virtual_clock.ts";
import { QUEUE, send, subscribe } from "./frames.ts";

const DEAD = "/queue/dead-letters";

/** Refuses the one message that has come. */
async function refuse(
  peer: RawPeer,
  headers: Record<string, string> = {},
): Promise<void> {
  const [frame, ...others] = await peer.frames();
  assertEquals(others, []);
  await peer.write(raw("NACK", { id: headerOf(frame, "ack"), ...headers }));
}

/** What is in the dead-letter queue, and why. */
async function dead(memory: BrokerInMemory) {
  const peer = await memory.connect();
  const frames = await peer.say(subscribe(DEAD));
  return frames.map((frame) => ({
    body: frame.body,
    own: headerOf(frame, "own"),
    from: headerOf(frame, "original-destination"),
    id: headerOf(frame, "original-message-id"),
    reason: headerOf(frame, "dead-letter-reason"),
  }));
}

test("a message that is delivered too often goes to the dead-letter queue, which says why", async () => {
  await using memory = await BrokerInMemory.start({ maxDeliveries: 3 });
  const peer = await memory.connect();
  await peer.write(subscribe(QUEUE) + send("poison", { own: "kept" }));
  for (let i = 0; i < 3; i++) await refuse(peer);
  assertEquals(await peer.frames(), []);
  assertEquals(await dead(memory), [{
    body: "poison",
    own: "kept",
    from: QUEUE,
    id: "m-1",
    reason: "delivered 3 times and never acknowledged",
  }]);
});

test("a delivery that ends with the connection counts, too", async () => {
  await using memory = await BrokerInMemory.start({ maxDeliveries: 2 });
  const producer = await memory.connect();
  await producer.say(send("a") + send("b"));
  for (let i = 0; i < 2; i++) {
    const peer = await memory.connect();
    const frames = await peer.say(subscribe(QUEUE, { "prefetch-count": "1" }));
    assertEquals(frames.map(({ body }) => body), ["a"]);
    await peer.close();
    await settled();
  }
  assertEquals((await dead(memory)).map(({ body }) => body), ["a"]);
  assertEquals(memory.broker.queue(QUEUE).depth, 1);
});

test("a message that is refused for good goes there at once; what nobody wants there goes nowhere", async () => {
  await using memory = await BrokerInMemory.start({
    maxDeliveries: 1,
    deadLetterQueue: DEAD,
  });
  const peer = await memory.connect();
  await peer.write(subscribe(QUEUE) + send("poison"));
  await refuse(peer, { requeue: "false" });
  const undertaker = await memory.connect();
  await undertaker.write(subscribe(DEAD));
  const [frame] = await undertaker.frames();
  assertEquals(
    headerOf(frame, "dead-letter-reason"),
    "refused by a consumer",
  );
  await undertaker.write(raw("NACK", { id: headerOf(frame, "ack") }));
  await settled();
  assertEquals(memory.broker.queue(DEAD), {
    depth: 0,
    octets: 0,
    unacknowledged: 0,
    consumers: 1,
  });
});

test("where a queue is full a SEND is answered with ERROR, and others go on", async () => {
  await using memory = await BrokerInMemory.start({ maxQueueOctets: 1000 });
  const producer = await memory.connect();
  const body = "x".repeat(300);
  await producer.write(send(body) + send(body));
  const [error] = await producer.say(send(body, { receipt: "third" }));
  assertEquals(error!.command, "ERROR");
  assertEquals(headerOf(error, "receipt-id"), "third");
  assertStringIncludes(headerOf(error, "message")!, "more than 1000 octets");
  await producer.end();
  const other = await memory.connect();
  assertEquals((await other.say(subscribe(QUEUE))).length, 2);
});

test("where a queue cannot take all of a transaction it takes nothing of it", async () => {
  await using memory = await BrokerInMemory.start({ maxQueueOctets: 1000 });
  const producer = await memory.connect();
  const transaction = "t";
  const body = "x".repeat(300);
  await producer.write(send(body) + raw("BEGIN", { transaction }));
  for (let i = 0; i < 2; i++) await producer.write(send(body, { transaction }));
  const commit = raw("COMMIT", { transaction, receipt: "commit" });
  const [error] = await producer.say(commit);
  assertEquals(headerOf(error, "receipt-id"), "commit");
  assertEquals(error!.command, "ERROR");
  assertEquals(memory.broker.queue(QUEUE).depth, 1);
});

test("a consumer that does not read holds up nobody else", async () => {
  await using memory = await BrokerInMemory.start();
  const [slow, fast] = [await memory.connect(), await memory.connect()];
  const topic = "/topic/a";
  for (const peer of [slow, fast]) {
    await peer.write(raw("SUBSCRIBE", { id: "s", destination: topic }));
  }
  await settled();
  slow.pause();
  const producer = await memory.connect();
  const body = "x".repeat(1000);
  let count = 0;
  for (let i = 0; i < 50; i++) {
    await producer.say(raw("SEND", { destination: topic }, body).repeat(20));
    count += (await fast.frames()).length;
  }
  assertEquals(count, 1000);
  assert(memory.broker.queue(topic).depth > 500, "the rest waits for the slow");
});

test("a client that asks for receipts and does not read them is not heard for ever", async () => {
  await using memory = await BrokerInMemory.start();
  const client = await memory.connect();
  client.pause();
  const receipt = "r".repeat(50_000);
  let asked = 0;
  const asking = (async () => {
    for (; asked < 500; asked++) {
      await client.write(raw("SEND", { destination: QUEUE, receipt }));
    }
  })();
  await settled();
  assert(asked < 200, `${asked} receipts of 50 kB wait`);
  client.resume();
  await asking;
});

test("a frame that is never finished is answered with ERROR in time, others live on", async () => {
  await using memory = await BrokerInMemory.start({ frameTimeout: 5000 });
  const [client, other] = [await memory.connect(), await memory.connect()];
  const whole = send("x".repeat(100));
  await client.write(whole.slice(0, 40));
  await memory.clock.advance(4000);
  // Crumbs are no progress.
  await client.write(whole.slice(40, 41));
  await memory.clock.advance(999);
  assertEquals(await client.frames(), []);
  await memory.clock.advance(1);
  const [error] = await client.frames();
  assertStringIncludes(headerOf(error, "message")!, "within 5000 ms");
  await client.end();
  await memory.clock.advance(60_000);
  assertEquals((await other.say(send("x", { receipt: "r" }))).length, 1);
});

test("frames that are finished in time may come in pieces for ever", async () => {
  await using memory = await BrokerInMemory.start({ frameTimeout: 5000 });
  const client = await memory.connect();
  const whole = send("x");
  for (let i = 0; i < 5; i++) {
    // Each piece ends in the middle of the next frame.
    await client.write(
      i === 0 ? whole.slice(0, 20) : whole.slice(20) + whole.slice(0, 20),
    );
    await memory.clock.advance(4000);
  }
  assertEquals(await client.frames(), []);
  assertEquals(memory.broker.queue(QUEUE).depth, 4);
});

test("SV-28: whatever virtual host a client names, it gets the only one there is", async () => {
  await using memory = await BrokerInMemory.start();
  const one = await memory.connect("1.2", { host: "one" });
  const other = await memory.connect("1.2", { host: "another" });
  await one.say(send("x"));
  assertEquals(bodiesOf(await other.say(subscribe(QUEUE))), ["x"]);
});

test("a thousand connections at once", async () => {
  await using memory = await BrokerInMemory.start();
  const peers = await Promise.all(
    Array.from({ length: 1000 }, () => memory.connect()),
  );
  for (const peer of peers) {
    await peer.write(raw("SUBSCRIBE", { id: "s", destination: "/topic/a" }));
  }
  await settled();
  await peers[0]!.write(raw("SEND", { destination: "/topic/a" }, "news"));
  await settled();
  for (const peer of peers) assertEquals(await peer.bodies(), ["news"]);
});

test("what a queue holds can be seen from outside", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  await peer.say(send("a") + send("b") + send("c"));
  await peer.say(subscribe(QUEUE, { "prefetch-count": "2" }));
  const { depth, unacknowledged, consumers, octets } = memory.broker.queue(
    QUEUE,
  );
  assertEquals([depth, unacknowledged, consumers], [1, 2, 1]);
  assert(octets > 0);
  assertEquals(memory.broker.queue("/queue/never-used").depth, 0);
});

test("the dead-letter queue is bounded, too", async () => {
  await using memory = await BrokerInMemory.start({ maxQueueOctets: 1000 });
  const peer = await memory.connect();
  await peer.write(subscribe(QUEUE));
  for (let i = 0; i < 20; i++) {
    await peer.write(send("x".repeat(300)));
    await refuse(peer, { requeue: "false" });
  }
  await settled();
  assert(memory.broker.queue(DEAD).octets <= 2000);
});

test("what consumers have not acknowledged fills a queue, too", async () => {
  await using memory = await BrokerInMemory.start({ maxQueueOctets: 1000 });
  const [producer, consumer] = [await memory.connect(), await memory.connect()];
  await consumer.say(subscribe(QUEUE));
  const one = send("x".repeat(300));
  const [error] = await producer.say(one.repeat(20));
  assertEquals(error!.command, "ERROR");
  const held = await consumer.frames();
  assertEquals(held.length, 2);
  assertEquals(memory.broker.queue(QUEUE).octets, 1000);
  for (const frame of held) {
    await consumer.write(raw("ACK", { id: headerOf(frame, "ack") }));
  }
  await settled();
  assertEquals(memory.broker.queue(QUEUE).octets, 0);
  const other = await memory.connect();
  assertEquals(await other.say(one.repeat(2)), []);
});

test("a message that dies again says why it has now, and nothing of before", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  const old = {
    "original-destination": "/queue/old",
    "original-message-id": "m-0",
    "dead-letter-reason": "old age",
    own: "kept",
  };
  await peer.write(subscribe(QUEUE) + send("poison", old));
  await refuse(peer, { requeue: "false" });
  const [frame] = await (await memory.connect()).say(subscribe(DEAD));
  assertEquals(frame!.headers.slice(4, -1), [
    ["own", "kept"],
    ["original-destination", QUEUE],
    ["original-message-id", "m-1"],
    ["dead-letter-reason", "refused by a consumer"],
  ]);
});

test("open transactions of a client hold no more for a queue than it may hold", async () => {
  for (const whenFull of ["refuse", "block"] as const) {
    await using memory = await BrokerInMemory.start({
      maxQueueOctets: 1000,
      whenFull,
    });
    const client = await memory.connect();
    const body = "x".repeat(300);
    const begin = (transaction: string) => raw("BEGIN", { transaction });
    const end = (transaction: string) => raw("ABORT", { transaction });
    // What has ended holds nothing, and each queue counts for itself.
    for (let i = 0; i < 3; i++) {
      await client.write(
        begin("t") + send(body, { transaction: "t" }).repeat(2) + end("t"),
      );
    }
    const others = ["/queue/b", "/queue/c"].map((destination) =>
      send(body, { destination, transaction: "t" })
    );
    await client.write(
      begin("t") + begin("u") + others.join("") +
        send(body, { transaction: "t" }) + send(body, { transaction: "u" }),
    );
    assertEquals(await client.frames(), []);
    const [error] = await client.say(send(body, { transaction: "t" }));
    assertStringIncludes(headerOf(error, "message")!, "more than 1000 octets");
    await client.end();
  }
});
