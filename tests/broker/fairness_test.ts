import { FairTurns, type Task } from "../../broker/fair_turns.ts";
import { SequenceRanges } from "../../broker/sequence_ranges.ts";
import { assert, assertEquals, assertLess } from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import { test } from "../support/harness.ts";
import { withChance } from "../support/random.ts";
import { bodiesOf, headerOf, raw } from "../support/raw_peer.ts";
import { settled, VirtualClock } from "../support/virtual_clock.ts";
import { QUEUE, send, subscribe } from "./frames.ts";

/** Somebody who always has work, and works for a while each time. */
function busy(
  name: string,
  clock: VirtualClock,
  said: string[],
  parts: number,
): Task {
  let left = parts;
  return {
    work: () => {
      said.push(name);
      clock.block(1);
      return --left > 0;
    },
  };
}

test("who is busy takes turns with others, and leaves the event loop its own", async () => {
  const clock = new VirtualClock();
  const turns = new FairTurns(clock);
  const said: string[] = [];
  turns.add(busy("a", clock, said, 6));
  turns.add(busy("b", clock, said, 6));
  const atOnce = said.length;
  assertLess(atOnce, 4);
  turns.add(busy("quiet", clock, said, 1));
  for (let i = 0; i < 1000 && said.length < 13; i++) await settled();
  assertEquals(said.length, 13);
  // Whoever comes has a turn soon, whatever the others have to do still.
  assertLess(said.indexOf("quiet"), atOnce + 3);
  const order = said.filter((name) => name !== "quiet").join("");
  assert(!/aaa|bbb/.test(order.slice(0, 8)), order);
});

test("what others wait for goes first", async () => {
  const clock = new VirtualClock();
  const turns = new FairTurns(clock);
  const said: string[] = [];
  turns.add(busy("a", clock, said, 5));
  turns.addFirst({ work: () => said.push("first") < 0 });
  const at = said.length;
  for (let i = 0; i < 1000 && said.length < 6; i++) await settled();
  assertLess(said.indexOf("first"), at + 1);
});

test("a message for many goes out in parts, and nothing else is set free meanwhile", async () => {
  await using memory = await BrokerInMemory.start();
  const peers = await Promise.all(
    Array.from({ length: 4 }, () => memory.connect()),
  );
  const destination = "/topic/a";
  for (const peer of peers) {
    const frames = Array.from(
      { length: 500 },
      (_, i) => raw("SUBSCRIBE", { id: `${i}`, destination }),
    );
    await peer.say(frames.join(""));
  }
  const producer = await memory.connect();
  await producer.write(raw("SEND", { destination }, "x").repeat(3));
  for (const peer of peers) {
    const bodies = [];
    for (let i = 0; i < 10; i++) bodies.push(...await peer.bodies());
    assertEquals(bodies.length, 1500);
  }
});

test("a set of ranges is the set of its numbers, whatever is taken out and put back", () =>
  withChance((random) => {
    for (let round = 0; round < 200; round++) {
      const ranges = new SequenceRanges();
      const numbers = new Set<number>();
      const taken: { from: number; to: number }[][] = [];
      let last = 0;
      for (let step = 0; step < 60; step++) {
        const what = random.below(5);
        const some = [...numbers][random.below(Math.max(1, numbers.size))];
        if (what < 2) {
          ranges.push(++last);
          numbers.add(last);
        } else if (what === 2 && some !== undefined) {
          taken.push(ranges.takeUntil(some));
        } else if (what === 3 && some !== undefined) {
          taken.push(ranges.takeOne(some));
        } else {
          for (
            const range of taken.splice(
              random.below(Math.max(1, taken.length)),
              1,
            ).flat()
          ) {
            ranges.putBack(range);
            for (let i = range.from; i <= range.to; i++) numbers.add(i);
          }
        }
        for (const range of taken.flat()) {
          for (let i = range.from; i <= range.to; i++) numbers.delete(i);
        }
        for (let i = 0; i <= last + 1; i++) {
          assertEquals(ranges.has(i), numbers.has(i));
        }
      }
    }
  }));

test("a transaction that acknowledges all and is aborted costs as much over many messages as over few", () => {
  const ranges = new SequenceRanges();
  for (let i = 1; i <= 50_000; i++) ranges.push(i);
  for (let i = 0; i < 1000; i++) {
    const taken = ranges.takeUntil(50_000);
    assertEquals(taken.length, 1);
    for (const range of taken) ranges.putBack(range);
  }
  assertEquals(ranges.size, 1);
});

test("what one connection gives back of several subscriptions to a queue comes in the original order", async () => {
  await using memory = await BrokerInMemory.start();
  const [holder, other] = [await memory.connect(), await memory.connect()];
  for (const id of ["1", "2"]) {
    await holder.say(subscribe(QUEUE, { id, "prefetch-count": "3" }));
  }
  for (let i = 1; i <= 6; i++) await holder.say(send(String(i)));
  assertEquals(await other.say(subscribe(QUEUE)), []);
  await holder.close();
  await settled();
  assertEquals(await other.bodies(), ["1*", "2*", "3*", "4*", "5*", "6*"]);
});

test("who crashes on one message again and again takes none of its neighbours with it", async () => {
  await using memory = await BrokerInMemory.start({ maxDeliveries: 3 });
  const producer = await memory.connect();
  for (const body of ["poison", "a", "b"]) await producer.say(send(body));
  for (let i = 0; i < 3; i++) {
    const consumer = await memory.connect();
    assertEquals((await consumer.say(subscribe(QUEUE))).length, 3);
    await consumer.close();
    await settled();
  }
  const healthy = await memory.connect();
  assertEquals(bodiesOf(await healthy.say(subscribe(QUEUE))), ["a*", "b*"]);
  const undertaker = await memory.connect();
  assertEquals(
    bodiesOf(await undertaker.say(subscribe("/queue/dead-letters"))),
    ["poison"],
  );
});

test("what stood before a message that was settled had its chance, too", async () => {
  await using memory = await BrokerInMemory.start({ maxDeliveries: 1 });
  const producer = await memory.connect();
  for (const body of ["1", "poison", "3", "4"]) await producer.say(send(body));
  const consumer = await memory.connect();
  const frames = await consumer.say(subscribe(QUEUE));
  for (const i of [0, 2]) {
    await consumer.say(raw("ACK", { id: headerOf(frames[i], "ack") }));
  }
  await consumer.close();
  await settled();
  assertEquals(memory.broker.queue("/queue/dead-letters").depth, 1);
  assertEquals(memory.broker.queue(QUEUE).depth, 1);
});

test("a 1.0 ACK that names no subscription finds its message among thousands", async () => {
  await using memory = await BrokerInMemory.start({ maxSubscriptions: 5000 });
  const peer = await memory.connect("1.0");
  const frames = Array.from(
    { length: 3000 },
    (_, i) =>
      raw("SUBSCRIBE", {
        id: `${i}`,
        destination: `/queue/${i}`,
        ack: "client",
      }),
  );
  await peer.say(frames.join(""));
  let looks = 0;
  const { get } = Map.prototype;
  using _ = { [Symbol.dispose]: () => Map.prototype.get = get };
  for (let i = 0; i < 3; i++) {
    const destination = `/queue/${2990 + i}`;
    const [message] = await peer.say(raw("SEND", { destination }, "x"));
    Map.prototype.get = function (key) {
      looks++;
      return get.call(this, key);
    };
    const answer = await peer.say(
      raw("ACK", {
        "message-id": headerOf(message, "message-id"),
        receipt: "r",
      }),
    );
    Map.prototype.get = get;
    assertEquals(answer.map(({ command }) => command), ["RECEIPT"]);
    // The first one has to look for all that there is.
    if (i === 0) looks = 0;
  }
  assertLess(looks, 200);
});
