import { connectSync, Frame, type SyncClient, UsageError } from "../../sync.ts";
import { assertEquals, assertFalse, assertThrows } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { Thread } from "./support/thread.ts";

/** What cannot be connected to, and what the error says. */
const TARGETS: readonly (readonly [unknown, unknown, string])[] = [
  ["http://127.0.0.1", {}, "its scheme is none of"],
  [61613, {}, "must be a URL"],
  ["stomp://127.0.0.1", { tls: {} }, "in clear text"],
  ["stomps://127.0.0.1", { tls: { cert: "x" } }, '"tls.cert"'],
  ["stomps://127.0.0.1", { tls: { ca: "x" } }, 'no option "ca"'],
  ["failover:(stomp://a", {}, "brackets"],
  ["stomp://127.0.0.1", { heartbeat: [0, 0] }, 'no option "heartbeat"'],
  ["stomp://127.0.0.1", { heartBeat: [1] }, '"heartBeat"'],
  ["stomp://127.0.0.1", { receiptTimeout: -1 }, '"receiptTimeout"'],
  ["stomp://127.0.0.1", { reconnect: { delay: 1 } }, 'no option "delay"'],
  ["stomp://127.0.0.1", { versions: [] }, "at least one"],
  ["stomp://127.0.0.1", { limits: { body: 1 } }, '"body"'],
  ["stomp://127.0.0.1", { passcode: () => 1 }, "must return a string"],
];

for (const [target, options, says] of TARGETS) {
  test(`connectSync(${String(target)}, ${JSON.stringify(options)}) is refused: ${says}`, () => {
    const connect = connectSync as (...args: unknown[]) => SyncClient;
    assertThrows(() => connect(target, options), UsageError, says);
  });
}

type Wrong = readonly [string, (client: SyncClient) => unknown, string];

/** What cannot be asked of a client, and what the error says. */
const CALLS: readonly Wrong[] = [
  ["an empty destination", (c) => c.send("", "x"), "destination"],
  ["half a surrogate pair", (c) => c.send("/queue/a", "\ud800"), "surrogate"],
  ["a number for a body", (c) => c.send("/queue/a", 1 as never), "body"],
  [
    "a header that has an option of its own",
    (c) => c.send("/queue/a", "x", { headers: { receipt: "1" } }),
    '"receipt"',
  ],
  [
    "NUL without a content-length",
    (c) => c.send("/queue/a", "\0", { contentLength: false }),
    "NUL",
  ],
  [
    "a misspelt option",
    (c) => c.send("/queue/a", "x", { reciept: true } as never),
    '"reciept"',
  ],
  [
    "a transaction that was not begun",
    (c) => c.send("/queue/a", "x", { transaction: "t" }),
    '"t"',
  ],
  ["the commit of another", (c) => c.commit("t"), '"t"'],
  ["an unknown ack mode", (c) => c.subscribe("/q", { ack: "x" as never }), "x"],
  ["no prefetch", (c) => c.subscribe("/q", { prefetch: 0 }), "prefetch"],
  [
    "an id that is taken",
    (c) => {
      c.subscribe("/queue/a", { id: "s" });
      c.subscribe("/queue/b", { id: "s" });
    },
    '"s"',
  ],
  ["the end of no subscription", (c) => c.unsubscribe("x"), '"x"'],
  [
    "a negative time-out",
    (c) => c.receiveFrame({ timeout: -1 }),
    "milliseconds",
  ],
  [
    "an ack of something else",
    (c) => c.ack(new Frame("MESSAGE", { ack: "1" })),
    "has received",
  ],
  [
    "the ack of a message in auto mode",
    (c) => {
      c.subscribe("/queue/auto", { ack: "auto" });
      c.send("/queue/auto", "x");
      c.ack(c.receiveFrame()!);
    },
    '"auto"',
  ],
  [
    "a nack after an ack",
    (c) => {
      c.subscribe("/queue/settled");
      c.send("/queue/settled", "x");
      const frame = c.receiveFrame()!;
      c.ack(frame);
      c.nack(frame);
    },
    "too late",
  ],
  [
    "a durable subscription with an id of its own",
    (c) => c.subscribe("/topic/a", { durable: "d", id: "s" }),
    "either",
  ],
  [
    "a deletion where nothing is durable",
    (c) => c.unsubscribe(c.subscribe("/topic/a"), { delete: true }),
    "not durable",
  ],
  [
    "asynchronous work in a transaction",
    (c) => c.transaction(() => Promise.resolve()),
    "asynchronous",
  ],
];

test("SyncClient refuses what cannot be, and goes on", async () => {
  await using broker = await Thread.broker();
  using client = connectSync(broker.url);
  for (const [name, call, says] of CALLS) {
    const error = assertThrows(() => call(client), UsageError, says, name);
    assertEquals(error.name, "UsageError");
    client.send("/topic/nobody", "still here", { receipt: true });
  }
});

test("SyncClient refuses everything once it is closed, but closing", async () => {
  await using broker = await Thread.broker();
  const client = connectSync(broker.url);
  client.disconnect();
  client.disconnect();
  const calls = [
    () => client.send("/queue/a", "x"),
    () => client.subscribe("/queue/a"),
    () => client.receiveFrame(),
    () => client.canRead(),
    () => client.begin(),
    () => client.reconnect(),
    () => client.messages().next(),
  ];
  for (const call of calls) assertThrows(call, UsageError, "closed");
});

test("SyncClient turns no event loop during a call", async () => {
  await using broker = await Thread.broker();
  let isTurned = false;
  const timer = setTimeout(() => isTurned = true, 0);
  using client = connectSync(broker.url);
  client.send("/queue/a", "x", { receipt: true });
  client.receiveFrame({ timeout: 20 });
  assertFalse(isTurned);
  clearTimeout(timer);
});
