import type { BrokerOptions } from "../../broker/mod.ts";
import { Buffer } from "node:buffer";
import { BodySlabs } from "../../broker/body_slabs.ts";
import { MemoryBudget } from "../../broker/memory_budget.ts";
import {
  assert,
  assertEquals,
  assertLess,
  assertStringIncludes,
} from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import { test } from "../support/harness.ts";
import { headerOf, raw } from "../support/raw_peer.ts";
import { settled } from "../support/virtual_clock.ts";
import { QUEUE, send } from "./frames.ts";

const many = (frame: (i: number) => string) =>
  Array.from({ length: 5 }, (_, i) => frame(i));

/** What there may be three of, and what makes one more. */
const COUNTED: readonly {
  readonly name: string;
  readonly options: BrokerOptions;
  readonly frames: readonly string[];
  /** What makes room again. */
  readonly undo: string;
}[] = [
  {
    name: "subscriptions",
    options: { maxSubscriptions: 3 },
    frames: many((i) =>
      raw("SUBSCRIBE", { id: `${i}`, destination: "/topic/a" })
    ),
    undo: raw("UNSUBSCRIBE", { id: "0" }),
  },
  {
    name: "transactions",
    options: { maxTransactions: 3 },
    frames: many((i) => raw("BEGIN", { transaction: `${i}` })),
    undo: raw("ABORT", { transaction: "0" }),
  },
  {
    name: "queues that are subscribed to",
    options: { maxDestinations: 3 },
    frames: many((i) =>
      raw("SUBSCRIBE", { id: `${i}`, destination: `/queue/${i}` })
    ),
    undo: raw("UNSUBSCRIBE", { id: "0" }),
  },
  {
    name: "topics",
    options: { maxDestinations: 3 },
    frames: many((i) =>
      raw("SUBSCRIBE", { id: `${i}`, destination: `/topic/${i}` })
    ),
    undo: raw("UNSUBSCRIBE", { id: "0" }),
  },
  {
    name: "queues that are sent to",
    options: { maxDestinations: 3 },
    frames: many((i) => raw("SEND", { destination: `/queue/${i}` }, "x")),
    undo: raw("SUBSCRIBE", { id: "0", destination: "/queue/0" }) +
      raw("UNSUBSCRIBE", { id: "0" }),
  },
  {
    name: "durable names of one topic",
    options: { maxDestinations: 4 },
    frames: many((i) =>
      raw("SUBSCRIBE", {
        id: `${i}`,
        destination: "/topic/a",
        durable: "true",
      })
    ),
    undo: raw("UNSUBSCRIBE", { id: "0", durable: "true" }),
  },
];

for (const { name, options, frames, undo } of COUNTED) {
  const [limit] = Object.keys(options);

  test(`${limit}: too many ${name} are answered with ERROR, which names the limit`, async () => {
    await using memory = await BrokerInMemory.start(options);
    const client = await memory.connect();
    assertEquals(
      (await client.say(frames.slice(0, 3).join("")))
        .filter(({ command }) => command === "ERROR"),
      [],
    );
    const [error] = await client.say(frames[3]!);
    assertEquals(error?.command, "ERROR");
    assertStringIncludes(headerOf(error, "message")!, `(${limit})`);
    await client.end();
  });

  test(`${limit}: ${name} that are gone make room for others`, async () => {
    await using memory = await BrokerInMemory.start(options);
    const client = await memory.connect();
    await client.say(frames.slice(0, 3).join(""));
    await client.say(undo);
    const errors = (await client.say(frames[3]!))
      .filter(({ command }) => command === "ERROR");
    assertEquals(errors, []);
    await client.say(frames[4]!);
    await client.end();
  });
}

test("maxConnections: a client that is one too many is told so, and the others go on", async () => {
  await using memory = await BrokerInMemory.start({ maxConnections: 2 });
  const [one] = [await memory.connect(), await memory.connect()];
  const third = await memory.dial();
  const error = await third.next();
  assertEquals(error?.command, "ERROR");
  assertStringIncludes(headerOf(error, "message")!, "(maxConnections)");
  await third.end();
  assertEquals((await one.say(send("x", { receipt: "r" }))).length, 1);
  await one.close();
  await settled();
  await memory.connect();
});

const TRANSACTION = raw("BEGIN", { transaction: "t" });

/** What fills a broker, whatever it is. */
const FILLS: readonly (readonly [string, string, (i: number) => string])[] = [
  ["messages", "", () => send("x".repeat(3000))],
  ["many queues", "", (i) => send("x", { destination: `/queue/${i}` })],
  [
    "long names of queues",
    "",
    (i) => send("x", { destination: `/queue/${i}${"x".repeat(3000)}` }),
  ],
  [
    "messages of a transaction",
    TRANSACTION,
    () => send("x".repeat(3000), { transaction: "t" }),
  ],
  [
    "transactions and their names",
    "",
    (i) => raw("BEGIN", { transaction: `${i}${"x".repeat(3000)}` }),
  ],
  [
    "subscriptions and their names",
    "",
    (i) =>
      raw("SUBSCRIBE", { id: `${i}${"x".repeat(3000)}`, destination: QUEUE }),
  ],
  ["durable names", "", (i) =>
    raw("SUBSCRIBE", {
      id: `${i}${"x".repeat(1000)}`,
      destination: "/topic/a",
      durable: "true",
    })],
];

for (const [name, before, frame] of FILLS) {
  test(`maxOctets: ${name} fill the broker, and what a client leaves behind counts no more`, async () => {
    await using memory = await BrokerInMemory.start({ maxOctets: 100_000 });
    for (let round = 0; round < 3; round++) {
      const client = await memory.connect();
      await client.write(before);
      let error;
      let i = 0;
      for (; i < 200 && error === undefined; i++) {
        [error] = await client.say(frame(i));
      }
      assertEquals(error?.command, "ERROR");
      assertStringIncludes(headerOf(error, "message")!, "(maxOctets)");
      await client.end();
      // Messages and durable names stay; the rest is gone with its client.
      if (round > 0 && /transaction|subscriptions/.test(name)) assert(i > 20);
    }
  });
}

test("a name that is kept may have 4096 characters", async () => {
  const name = "x".repeat(4097);
  for (
    const frame of [
      raw("SUBSCRIBE", { id: name, destination: QUEUE }),
      raw("SUBSCRIBE", { id: "s", destination: `/queue/${name}` }),
      raw("BEGIN", { transaction: name }),
      send("x", { destination: `/queue/${name}` }),
    ]
  ) {
    await using memory = await BrokerInMemory.start();
    const client = await memory.connect();
    const [error] = await client.say(frame);
    assertStringIncludes(headerOf(error, "message")!, "more than 4096");
    await client.end();
  }
});

test("before CONNECT nothing else is read: a SEND is refused with its first line, a long CONNECT with its 8 KiB", async () => {
  await using memory = await BrokerInMemory.start();
  for (
    const [text, says] of [
      ["SEND\ndestination:/queue/a\n\n" + "x".repeat(100), "not opened"],
      [`CONNECT\nlogin:${"x".repeat(9000)}`, "8192 octets"],
      [`CONNECT\naccept-version:1.2\n\n${"x".repeat(9000)}`, "8192 octets"],
    ] as const
  ) {
    const client = await memory.dial();
    const [error] = await client.say(text);
    assertStringIncludes(headerOf(error, "message")!, says);
    await client.end();
  }
  const client = await memory.dial();
  await client.write(
    raw("STOMP", { "accept-version": "1.2", passcode: "x".repeat(8000) }) +
      send("x".repeat(50_000), { receipt: "r" }),
  );
  assertEquals((await client.next())?.command, "CONNECTED");
  assertEquals((await client.next())?.command, "RECEIPT");
});

test("what is kept of a message keeps nothing alive of what it came with, and all that it keeps counts", () => {
  // As runtimes hand it out.
  const piece = Buffer.alloc(64 * 1024);
  for (const length of [1, 100, 1500, 5000, 50_000, 60_000, 64 * 1024]) {
    const budget = new MemoryBudget(Infinity);
    const slabs = new BodySlabs(budget);
    const kept = Array.from({ length: 200 }, (_, i) => {
      const each = slabs.keep(piece.fill(i, 0, length).subarray(0, length));
      each.slab?.retain();
      return each;
    });
    const buffers = new Set(kept.map(({ body }) => body.buffer));
    let octets = 0;
    for (const { byteLength } of buffers) octets += byteLength;
    const isShared = kept[0]!.slab !== undefined;
    assertEquals(budget.used, isShared ? octets : 0);
    if (buffers.size > 1) assertLess(octets, 1.5 * 200 * length + 8192);
    slabs.close();
    assertEquals(budget.used, isShared ? octets : 0);
    for (const { body, slab } of kept) {
      if (buffers.size > 1) assertEquals(body.length, length);
      slab?.release();
    }
    assertEquals(budget.used, 0);
  }
});

test("bodies that share memory are those that were sent", async () => {
  await using memory = await BrokerInMemory.start();
  const client = await memory.connect();
  const bodies = Array.from({ length: 300 }, (_, i) => `${i}`.repeat(i % 7));
  for (const body of bodies) await client.write(send(body));
  const came = await client.say(
    raw("SUBSCRIBE", { id: "s", destination: QUEUE }),
  );
  assertEquals(came.map(({ body }) => body), bodies);
});
