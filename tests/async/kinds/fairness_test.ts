// Nobody holds the event loop: it is another's turn after ten milliseconds of work.

import { connect } from "../../../mod.ts";
import { type MemoryBroker, serveInMemory } from "../../../testing/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { test } from "../../support/harness.ts";
import { settled } from "../../support/virtual_clock.ts";

const MESSAGES = 20;

/** What programs do in slices of 20 ms, each of which is told. */
type Work = (memory: MemoryBroker, slice: () => void) => Promise<void>;

async function filled({ broker, access }: MemoryBroker): Promise<void> {
  await using client = await connect(broker.url, access);
  for (let count = 0; count < MESSAGES; count++) {
    await client.send("/queue/a", "x", { receipt: true });
  }
}

const PROGRAMS: Readonly<Record<string, Work>> = {
  "a loop": async ({ broker, access }, slice) => {
    await using client = await connect(broker.url, access);
    let count = 0;
    for await (const _ of client.subscribe("/queue/a")) {
      slice();
      if (++count === MESSAGES) break;
    }
  },
  "several loops of one client": async ({ broker, access }, slice) => {
    await using client = await connect(broker.url, access);
    let count = 0;
    await Promise.all(Array.from({ length: 5 }, async () => {
      for await (const _ of client.subscribe("/queue/a", { prefetch: 1 })) {
        slice();
        if (++count >= MESSAGES - 5) break;
      }
    }));
  },
  "a consumer with several handlers": async ({ broker, access }, slice) => {
    await using client = await connect(broker.url, access);
    const done = Promise.withResolvers<void>();
    let count = 0;
    client.consume("/queue/a", () => {
      slice();
      if (++count === MESSAGES) done.resolve();
    }, { concurrency: 10 });
    await done.promise;
  },
  "receive()": async ({ broker, access }, slice) => {
    await using client = await connect(broker.url, access);
    const subscription = client.subscribe("/queue/a");
    for (let count = 0; count < MESSAGES; count++) {
      const message = await subscription.receive();
      slice();
      await message?.ack();
    }
  },
  "a producer": async ({ broker, access }, slice) => {
    await using client = await connect(broker.url, access);
    for (let count = 0; count < MESSAGES; count++) {
      slice();
      await client.send("/queue/b", "x");
    }
  },
  "several producers of one client": async ({ broker, access }, slice) => {
    await using client = await connect(broker.url, access);
    await Promise.all(Array.from({ length: 5 }, async () => {
      for (let count = 0; count < 4; count++) {
        slice();
        await client.send("/queue/b", "x");
      }
    }));
  },
};

for (const [name, work] of Object.entries(PROGRAMS)) {
  test(`${name} that computes leaves a turn to others behind each slice or two`, async () => {
    await using memory = await serveInMemory();
    await filled(memory);
    let turns = 0;
    let isOver = false;
    const count = () => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    let slices = 0;
    let inOneTurn = 0;
    let most = 0;
    let last = -1;
    const running = work(memory, () => {
      slices++;
      memory.clock.block(20);
      inOneTurn = turns === last ? inOneTurn + 1 : 1;
      last = turns;
      most = Math.max(most, inOneTurn);
    });
    setImmediate(count);
    await running;
    isOver = true;
    await settled();
    assert(slices >= MESSAGES - 5, `${slices} slices`);
    // The producers all begin in one turn, as the program has them do.
    const together = name.startsWith("several producers") ? 6 : 2;
    assert(most <= together, `${most} slices in one turn`);
  });
}

test("what is sent is on its way soon, though nobody waits for it", async () => {
  await using memory = await serveInMemory();
  await using client = await connect(memory.broker.url, memory.access);
  const depth = () => memory.broker.queue("/queue/b").depth;
  for (let count = 0; count < 50; count++) {
    memory.clock.block(20);
    await client.send("/queue/b", "x");
    assert(depth() >= count - 2, `${depth()} of ${count}`);
  }
  await settled();
  assertEquals(depth(), 50);
});
