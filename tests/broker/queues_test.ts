import { assertEquals } from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import { test } from "../support/harness.ts";
import { bodiesOf, headerOf, raw, type RawPeer } from "../support/raw_peer.ts";

type Headers = Record<string, string>;

function subscribe(destination: string, headers: Headers = {}): string {
  return raw("SUBSCRIBE", { id: "s", destination, ...headers });
}

function send(destination: string, ...bodies: readonly string[]): string {
  return bodies.map((body) => raw("SEND", { destination }, body)).join("");
}

function ack(...ids: readonly string[]): string {
  return ids.map((id) => raw("ACK", { id })).join("");
}

/** Takes what has come, acknowledges it, and says which bodies that were. */
async function work(peer: RawPeer): Promise<string[]> {
  const frames = await peer.frames();
  await peer.write(ack(...frames.map((frame) => headerOf(frame, "ack")!)));
  return frames.map(({ body }) => body);
}

const DIGITS = [..."123456"];

test("a queue keeps its messages until somebody comes, in their order", async () => {
  await using memory = await BrokerInMemory.start();
  const producer = await memory.connect();
  await producer.say(send("/queue/a", ...DIGITS));
  const consumer = await memory.connect();
  await consumer.say(subscribe("/queue/b"));
  await consumer.write(subscribe("/queue/a", { id: "t" }));
  assertEquals(await consumer.bodies(), DIGITS);
});

test("whatever does not begin with /topic/ is a queue", async () => {
  await using memory = await BrokerInMemory.start();
  for (
    const destination of ["a", "/a", "/topics/a", "topic/a", "/queue/topic/"]
  ) {
    const peer = await memory.connect();
    await peer.say(send(destination, "1"));
    await peer.write(subscribe(destination));
    assertEquals(await peer.bodies(), ["1"]);
  }
});

test("consumers of a queue share its messages in turn, each message goes to one of them", async () => {
  await using memory = await BrokerInMemory.start();
  const consumers: RawPeer[] = [];
  for (let i = 0; i < 3; i++) {
    const consumer = await memory.connect();
    await consumer.say(subscribe("/queue/a"));
    consumers.push(consumer);
  }
  const producer = await memory.connect();
  await producer.say(send("/queue/a", ...DIGITS));
  assertEquals(
    await Promise.all(consumers.map((consumer) => consumer.bodies())),
    [["1", "4"], ["2", "5"], ["3", "6"]],
  );
});

test("turns are kept when consumers acknowledge each message before the next one comes", async () => {
  await using memory = await BrokerInMemory.start();
  const consumers = [await memory.connect(), await memory.connect()];
  for (const consumer of consumers) {
    await consumer.say(subscribe("/queue/a", { ack: "client-individual" }));
  }
  const producer = await memory.connect();
  const shares: string[][] = [[], []];
  for (const digit of DIGITS) {
    await producer.say(send("/queue/a", digit));
    for (const [i, consumer] of consumers.entries()) {
      shares[i]!.push(...await work(consumer));
    }
  }
  assertEquals(shares, [["1", "3", "5"], ["2", "4", "6"]]);
});

test("a consumer gets as many unacknowledged messages as its prefetch-count says; others get the rest", async () => {
  await using memory = await BrokerInMemory.start();
  const narrow = await memory.connect();
  const wide = await memory.connect();
  const individual = { ack: "client-individual" };
  await narrow.say(
    subscribe("/queue/a", { ...individual, "prefetch-count": "1" }),
  );
  await wide.say(
    subscribe("/queue/a", { ...individual, "prefetch-count": "3" }),
  );
  await wide.say(send("/queue/a", ...DIGITS));
  const producer = await memory.connect();
  await producer.say(send("/queue/a", "7"));
  // 6 and 7 wait for whoever is first to have done something.
  const [one] = await narrow.frames();
  assertEquals(one?.body, "1");
  await narrow.write(ack(headerOf(one, "ack")!));
  assertEquals(await narrow.bodies(), ["5"]);
});

test("credit comes back message by message", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  await peer.say(send("/queue/a", ...DIGITS));
  await peer.write(
    subscribe("/queue/a", { ack: "client-individual", "prefetch-count": "2" }),
  );
  assertEquals(await work(peer), ["1", "2"]);
  assertEquals(await work(peer), ["3", "4"]);
  const [five, six] = await peer.frames();
  assertEquals([five?.body, six?.body], ["5", "6"]);
  await peer.write(send("/queue/a", "7", "8", "9"));
  assertEquals(await peer.bodies(), []);
  await peer.write(ack(headerOf(six, "ack")!));
  assertEquals(await peer.bodies(), ["7"]);
});

test("acknowledging several at once gives all their credit back", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  await peer.say(send("/queue/a", ...DIGITS));
  await peer.write(
    subscribe("/queue/a", { ack: "client", "prefetch-count": "3" }),
  );
  const frames = await peer.frames();
  await peer.write(ack(headerOf(frames[2], "ack")!));
  assertEquals(await peer.bodies(), ["4", "5", "6"]);
});

test("without a prefetch-count, with 0 and in mode auto there is no limit", async () => {
  for (
    const headers of [
      { ack: "client" },
      { ack: "client", "prefetch-count": "0" },
      { "prefetch-count": "1" },
    ] as Headers[]
  ) {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.connect();
    await peer.write(
      subscribe("/queue/a", headers) + send("/queue/a", ...DIGITS),
    );
    assertEquals(await peer.bodies(), DIGITS);
  }
});

test("every subscription to a topic gets a copy of what is sent while it is there", async () => {
  await using memory = await BrokerInMemory.start();
  const producer = await memory.connect();
  const [one, two] = [await memory.connect(), await memory.connect()];
  await producer.say(send("/topic/a", "nobody hears"));
  await one.say(subscribe("/topic/a"));
  await producer.say(send("/topic/a", "1"));
  await two.say(subscribe("/topic/a", { id: "x" }));
  await two.say(subscribe("/topic/a", { id: "y" }));
  await producer.say(send("/topic/a", "2"));
  assertEquals(await one.bodies(), ["1", "2"]);
  await one.say(raw("UNSUBSCRIBE", { id: "s" }));
  await producer.say(send("/topic/a", "3") + send("/topic/b", "4"));
  assertEquals(await one.bodies(), []);
  const heard = await two.frames();
  assertEquals(
    heard.map((frame) => headerOf(frame, "subscription")),
    ["x", "y", "x", "y"],
  );
  assertEquals(bodiesOf(heard), ["2", "2", "3", "3"]);
});

test("what one subscriber of a topic refuses comes again to that one alone", async () => {
  await using memory = await BrokerInMemory.start();
  const [one, two] = [await memory.connect(), await memory.connect()];
  const individual = { ack: "client-individual" };
  await one.say(subscribe("/topic/a", individual));
  await two.say(subscribe("/topic/a", individual));
  await two.say(send("/topic/a", "1"));
  const [message] = await one.frames();
  await one.write(raw("NACK", { id: headerOf(message, "ack")! }));
  assertEquals(await one.bodies(), ["1*"]);
  assertEquals(await two.bodies(), []);
});

test("a client may subscribe to one queue twice, and each subscription has its turns", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  await peer.write(
    subscribe("/queue/a", { id: "x" }) + subscribe("/queue/a", { id: "y" }) +
      send("/queue/a", ...DIGITS.slice(0, 4)),
  );
  const frames = await peer.frames();
  assertEquals(
    frames.map((frame) => [headerOf(frame, "subscription"), frame.body]),
    [["x", "1"], ["y", "2"], ["x", "3"], ["y", "4"]],
  );
});

test("a queue can be left and entered again, full or empty", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  for (const digit of DIGITS) {
    await peer.write(subscribe("/queue/a") + raw("UNSUBSCRIBE", { id: "s" }));
    await peer.write(send("/queue/a", digit) + subscribe("/queue/a"));
    assertEquals(await peer.bodies(), [digit]);
    await peer.write(raw("UNSUBSCRIBE", { id: "s" }));
  }
});
