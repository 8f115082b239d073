import {
  BrokerError,
  type Client,
  ConnectionError,
  type Message,
  type SubscribeOptions,
  UsageError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { raw, type RawPeer } from "../support/raw_peer.ts";
import {
  confirm,
  header,
  message,
  outcomeOf,
  ScriptedBroker,
} from "../support/scripted_broker.ts";
import { settled } from "../support/virtual_clock.ts";

/** Subscribes, has the broker confirm it and send so many messages. */
async function subscribed(
  { client, peer }: { client: Client; peer: RawPeer },
  count: number,
  options?: SubscribeOptions,
) {
  const subscription = client.subscribe("/queue/a", options);
  await confirm(peer, await peer.next());
  await subscription.ready;
  for (let i = 0; i < count; i++) {
    await peer.write(message(subscription.id, i));
  }
  await settled();
  return { subscription, messages: subscription[Symbol.asyncIterator]() };
}

/** Commands and ids of the frames that have come to the broker. */
async function acks(peer: RawPeer): Promise<string[]> {
  return (await peer.frames()).map((frame) =>
    `${frame.command} ${header(frame, "id") ?? ""}`
  );
}

test("going on acknowledges the message before, and each message just once", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { messages } = await subscribed(session, 3);
  await messages.next();
  assertEquals(await acks(session.peer), []);
  await messages.next();
  assertEquals(await acks(session.peer), ["ACK a0"]);
  const { value } = await messages.next();
  assertEquals(await acks(session.peer), ["ACK a1"]);
  assertEquals(await (value as Message).ack(), true);
  assertEquals(await (value as Message).ack(), true);
  messages.next().catch(() => {});
  assertEquals(await acks(session.peer), ["ACK a2"]);
});

test("leaving by break or throw does not acknowledge, and another loop goes on", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { subscription } = await subscribed(session, 3);
  const seen: string[] = [];
  for await (const message of subscription) {
    seen.push(message.text());
    break;
  }
  await assertRejects(
    async () => {
      for await (const message of subscription) {
        seen.push(message.text());
        throw new Error("poison");
      }
    },
    Error,
    "poison",
  );
  for await (const message of subscription) {
    seen.push(message.text());
    await message.nack();
    break;
  }
  assertEquals(seen, ["0", "1", "2"]);
  assertEquals(await acks(session.peer), ["NACK a2"]);
});

test("manualAck leaves all acknowledging to the program", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { messages } = await subscribed(session, 2, { manualAck: true });
  const { value } = await messages.next();
  await messages.next();
  assertEquals(await acks(session.peer), []);
  const acked = (value as Message).ack({ receipt: true });
  const ack = await session.peer.next();
  assertEquals(header(ack, "id"), "a0");
  assertEquals(await outcomeOf(acked), "pending");
  await confirm(session.peer, ack);
  assertEquals(await acked, true);
});

test("a message says where it comes from and what it carries", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { subscription } = await subscribed(session, 0);
  await session.peer.write(
    message(subscription.id, 7, { redelivered: "true" }),
  );
  for await (const message of subscription) {
    assertEquals(message.id, "m7");
    assertEquals(message.destination, "/queue/a");
    assertEquals(message.redelivered, true);
    assertEquals(message.json(), 7);
    break;
  }
});

interface Wire {
  readonly version: string;
  readonly server?: string;
  readonly options?: SubscribeOptions;
  readonly subscribe: readonly (readonly [string, string])[];
  readonly ack: readonly (readonly [string, string])[] | undefined;
}

const INDIVIDUAL = ["ack", "client-individual"] as const;
const WIRES: readonly Wire[] = [
  {
    version: "1.0",
    subscribe: [["ack", "client"], ["prefetch-count", "100"]],
    ack: [["message-id", "m0"]],
  },
  {
    version: "1.1",
    server: "RabbitMQ/3.10.8",
    options: { prefetch: 7 },
    subscribe: [INDIVIDUAL, ["prefetch-count", "7"]],
    ack: [["message-id", "m0"], ["subscription", "s"]],
  },
  {
    version: "1.2",
    server: "ActiveMQ/5.17.2",
    options: { prefetch: 7, headers: { selector: "a = 1" } },
    subscribe: [INDIVIDUAL, ["activemq.prefetchSize", "7"], [
      "selector",
      "a = 1",
    ]],
    ack: [["id", "a0"]],
  },
  {
    version: "1.2",
    server: "ActiveMQ-Artemis/2.28.0 ActiveMQ Artemis Messaging Engine",
    options: { ack: "client", prefetch: 1 },
    subscribe: [["ack", "client"], ["consumer-window-size", "0"]],
    ack: [["id", "a0"]],
  },
  {
    version: "1.2",
    options: { ack: "auto" },
    subscribe: [["ack", "auto"]],
    ack: undefined,
  },
];

for (const { version, server = "", options, subscribe, ack } of WIRES) {
  test(`STOMP ${version}, ${server || "another broker"}, ${JSON.stringify(options ?? {})}: SUBSCRIBE and ACK as they are understood there`, async () => {
    await using broker = await ScriptedBroker.start();
    const { client, peer } = await broker.connect({}, { version, server });
    const subscription = client.subscribe("/queue/a", { id: "s", ...options });
    const frame = await peer.next();
    assertEquals(
      frame?.headers.filter(([name]) => name !== "receipt"),
      [["destination", "/queue/a"], ["id", "s"], ...subscribe],
    );
    await peer.write(message("s", 0) + message("s", 1));
    const messages = subscription[Symbol.asyncIterator]();
    await messages.next();
    await messages.next();
    assertEquals((await peer.frames()).map(({ headers }) => headers), [
      ...(ack === undefined ? [] : [ack]),
    ]);
  });
}

test("several loops share a subscription, and each acknowledges its own", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { subscription, messages } = await subscribed(session, 2);
  const other = subscription[Symbol.asyncIterator]();
  assertEquals((await messages.next()).value?.text(), "0");
  assertEquals((await other.next()).value?.text(), "1");
  messages.next().catch(() => {});
  assertEquals(await acks(session.peer), ["ACK a0"]);
});

test("in client mode a second loop is refused, and one after the other is not", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { subscription, messages } = await subscribed(session, 2, {
    ack: "client",
  });
  assertThrows(() => subscription[Symbol.asyncIterator](), UsageError);
  await messages.return?.();
  for await (const _ of subscription) break;
});

test("in client mode an ACK settles all that were handed out before", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { messages } = await subscribed(session, 3, {
    ack: "client",
    manualAck: true,
  });
  const taken: Message[] = [];
  for (let i = 0; i < 3; i++) taken.push((await messages.next()).value!);
  await taken[1]!.ack();
  assertEquals(await acks(session.peer), ["ACK a1"]);
  assertEquals(await taken[0]!.ack(), true);
  assertEquals(await acks(session.peer), []);
  await assertRejects(() => taken[0]!.nack(), UsageError, "before");
  await taken[2]!.nack();
  assertEquals(await acks(session.peer), ["NACK a2"]);
});

test("settling is refused where it makes no sense", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const auto = await subscribed(session, 1, { ack: "auto" });
  const { value } = await auto.messages.next();
  await assertRejects(() => value!.ack(), UsageError, "auto");
  const { messages } = await subscribed(session, 1);
  const { value: one } = await messages.next();
  await assertRejects(
    () => one!.ack({ reciept: true } as never),
    UsageError,
    "reciept",
  );
  await one!.ack();
  await assertRejects(() => one!.nack(), UsageError, "ack()");
});

test("1.0 has no NACK", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect({}, {});
  const { messages } = await subscribed(session, 1);
  const { value } = await messages.next();
  await assertRejects(() => value!.nack(), UsageError, "1.0");
});

test("a lost connection ends the loop with its cause, and makes what is in hand stale", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { messages } = await subscribed(session, 2);
  const { value } = await messages.next();
  await session.peer.close();
  await settled();
  assertEquals(await value!.ack(), false);
  // What was fetched and never handed out will come again: not now.
  await assertRejects(
    async () => await messages.next(),
    ConnectionError,
    "closed the connection",
  );
  assertEquals((await messages.next()).done, true);
  const report = await session.client.closed;
  assertEquals(
    { ...report, cause: undefined },
    {
      graceful: false,
      handled: 0,
      unfinished: 1,
      redeliverable: 1,
      cause: undefined,
    },
  );
});

test("in auto mode what was fetched is handed out before the loss is told", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { subscription } = await subscribed(session, 3, { ack: "auto" });
  await session.peer.close();
  const seen: string[] = [];
  await assertRejects(async () => {
    for await (const message of subscription) seen.push(message.text());
  }, ConnectionError);
  assertEquals(seen, ["0", "1", "2"]);
});

test("an ERROR that answers SUBSCRIBE, or names the subscription, ends its loop alone", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const refused = client.subscribe("/queue/none");
  const cancelled = client.subscribe("/queue/a", { id: "s" });
  const [first, second] = await peer.frames();
  await peer.write(
    raw("ERROR", {
      message: "no such queue",
      "receipt-id": header(first, "receipt"),
    }),
  );
  await confirm(peer, second);
  await peer.say(raw("ERROR", { message: "gone", subscription: "s" }));
  await assertRejects(() => refused.ready, BrokerError, "no such queue");
  for (
    const [subscription, reason] of [
      [refused, "no such queue"],
      [cancelled, "gone"],
    ] as const
  ) {
    await assertRejects(
      async () => {
        for await (const _ of subscription);
      },
      BrokerError,
      reason,
    );
  }
  await client.send("/queue/a", "still open");
});

test("unsubscribing waits for the message in hand, then says so, then lets go", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { subscription, messages } = await subscribed(session, 3);
  const { value } = await messages.next();
  const leaving = subscription.unsubscribe();
  assertEquals(await acks(session.peer), []);
  const next = messages.next();
  assertEquals((await next).done, true);
  const [ack, farewell] = await session.peer.frames();
  assertEquals(header(ack, "id"), "a0");
  assertEquals(farewell?.command, "UNSUBSCRIBE");
  assertEquals(header(farewell, "id"), subscription.id);
  assertEquals(await outcomeOf(leaving), "pending");
  await confirm(session.peer, farewell);
  await leaving;
  assertStrictEquals(subscription.unsubscribe(), subscription.unsubscribe());
  assertEquals(await value!.ack(), true);
  await session.peer.write(message(subscription.id, 9));
  await session.client.send("/queue/a", "still open");
});

test("unsubscribing does not wait longer than the drain time-out, and then acks are stale", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect({ drainTimeout: 400 });
  const { subscription, messages } = await subscribed(session, 1);
  const { value } = await messages.next();
  const leaving = subscription.unsubscribe();
  await broker.clock.advance(400);
  const farewell = await session.peer.next();
  assertEquals(farewell?.command, "UNSUBSCRIBE");
  assertEquals(await value!.ack(), false);
  await confirm(session.peer, farewell);
  await leaving;
  assertEquals(await acks(session.peer), []);
});

test("a subscription's own signal ends it alone", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const controller = new AbortController();
  const { messages } = await subscribed(session, 0, {
    signal: controller.signal,
  });
  const next = messages.next();
  assertEquals(await outcomeOf(next), "pending");
  controller.abort();
  assertEquals((await next).done, true);
  assertEquals((await session.peer.next())?.command, "UNSUBSCRIBE");
  await session.client.send("/queue/a", "still open");
});

const MISTAKES: readonly (readonly [unknown, unknown, string])[] = [
  ["", {}, "destination"],
  [7, {}, "destination"],
  ["/queue/a", { ack: "none" }, "none"],
  ["/queue/a", { prefetch: 0 }, "prefetch"],
  ["/queue/a", { prefetch: 1.5 }, "prefetch"],
  ["/queue/a", { id: "" }, "id"],
  ["/queue/a", { id: "taken" }, "taken"],
  ["/queue/a", { headers: { ack: "auto" } }, "ack"],
  ["/queue/a", { headers: { "x": 1 } }, "x"],
  ["/queue/a", { manualack: true }, "manualack"],
  ["/queue/\0", {}, "NUL"],
];

for (const [destination, options, includes] of MISTAKES) {
  test(`subscribe(${JSON.stringify(destination)}, ${JSON.stringify(options)}) is a usage error, and nothing is written`, async () => {
    await using broker = await ScriptedBroker.start();
    const { client, peer } = await broker.connect();
    client.subscribe("/queue/b", { id: "taken" });
    await peer.frames();
    const error = assertThrows(
      () =>
        client.subscribe(destination as string, options as SubscribeOptions),
      UsageError,
    );
    assertStringIncludes(error.message, includes);
    assertEquals(await peer.frames(), []);
    assert(client.subscribe("/queue/a"));
  });
}

test("an id that is made up is never one that the program has chosen", async () => {
  await using broker = await ScriptedBroker.start();
  const { client } = await broker.connect();
  const chosen = client.subscribe("/queue/a", { id: "subscription-1" });
  const madeUp = client.subscribe("/queue/a");
  assert(madeUp.id !== chosen.id);
});
