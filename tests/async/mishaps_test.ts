// What may come between, and must neither end the client nor do things by halves.

import {
  BrokerError,
  type Client,
  connect,
  ConnectionError,
  type ConnectOptions,
  UsageError,
} from "../../mod.ts";
import { ResubscribeGrace } from "../../session/resubscribe_grace.ts";
import { type MemoryBroker, serveInMemory } from "../../testing/mod.ts";
import type { MemoryNetwork } from "../../transport/memory.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { raw } from "../support/raw_peer.ts";
import {
  confirm,
  message,
  outcomeOf,
  ScriptedBroker,
} from "../support/scripted_broker.ts";
import { settled } from "../support/virtual_clock.ts";

const RECONNECT = { reconnect: { jitter: 0 } } as const;
const RECEIPT = { receipt: true } as const;

/** A client of a broker in memory. */
function clientOf(
  { broker, access }: MemoryBroker,
  options: ConnectOptions = {},
): Promise<Client> {
  return connect(broker.url, { ...access, ...RECONNECT, ...options });
}

/** Sends messages with these texts. */
async function put(memory: MemoryBroker, texts: string): Promise<void> {
  await using client = await clientOf(memory);
  for (const text of texts) await client.send("/queue/a", text, RECEIPT);
}

/** The connection of the client that came last is lost; it has come back then. */
async function cut({ access, clock }: MemoryBroker): Promise<void> {
  (access.transport as MemoryNetwork).links.at(-1)!.reset();
  await clock.advance(1000);
}

for (const verb of ["ack", "nack"] as const) {
  test(`in client mode a handler's ${verb}() does not cover what another handler is busy with`, async () => {
    await using memory = await serveInMemory();
    await put(memory, "12");
    const client = await clientOf(memory);
    const busy = Promise.withResolvers<void>();
    client.consume("/queue/a", async (message) => {
      if (message.text() === "1") return await busy.promise;
      await message[verb]();
    }, { ack: "client", concurrency: 2 });
    await settled();
    busy.reject(new Error("late"));
    const { cause, handled } = await client.closed;
    assertInstanceOf(cause, UsageError);
    assertEquals(handled, 0);
    assertEquals(memory.broker.queue("/queue/a").depth, 2);
  });
}

test("in client mode the only handler may acknowledge by itself", async () => {
  await using memory = await serveInMemory();
  await put(memory, "12");
  await using client = await clientOf(memory);
  const both = Promise.withResolvers<void>();
  client.consume("/queue/a", async (message) => {
    await message.ack(RECEIPT);
    if (message.text() === "2") both.resolve();
  }, { ack: "client" });
  await both.promise;
});

for (const errorDestination of [undefined, "/queue/failed"]) {
  test(
    `a handler that fails because the connection dies ends nothing, with ${
      errorDestination ?? "no"
    } error destination`,
    async () => {
      await using memory = await serveInMemory();
      await put(memory, "1");
      await using client = await clientOf(memory);
      const handled: string[] = [];
      client.consume("/queue/a", async (message) => {
        await client.send("/queue/b", message.text(), RECEIPT);
        handled.push(message.text() + (message.redelivered ? "*" : ""));
      }, { errorDestination });
      memory.broker.misbehave({ loseReceipt: 2 });
      await settled();
      memory.broker.behave();
      await cut(memory);
      assertEquals(handled, ["1*"]);
      assertEquals(client.stats().failed, 1);
      assertEquals(memory.broker.queue("/queue/failed").depth, 0);
      assertEquals(memory.broker.queue("/queue/a").unacknowledged, 0);
    },
  );
}

test("an ACK that waits for the socket when the connection dies ends nothing", async () => {
  await using memory = await serveInMemory();
  await put(memory, "1");
  await using client = await clientOf(memory);
  const go = Promise.withResolvers<void>();
  client.consume("/queue/a", () => go.promise);
  await settled();
  memory.broker.misbehave({ stopReading: true });
  await client.send("/queue/b", "the last that is read");
  const large = client.send("/queue/b", new Uint8Array(1_000_000));
  large.catch(() => {});
  go.resolve();
  await settled();
  memory.broker.behave();
  await cut(memory);
  assertEquals(client.stats().reconnects, 1);
  assertEquals(await outcomeOf(client.closed), "pending");
});

test("what is acknowledged in an open transaction is waited for by a close, and happens with the rest of it", async () => {
  await using memory = await serveInMemory();
  await put(memory, "123");
  const client = await clientOf(memory);
  const transaction = await client.begin();
  let seen = 0;
  for await (const message of client.subscribe("/queue/a")) {
    await transaction.send("/queue/b", message.text());
    await message.ack({ transaction });
    if (++seen === 3) void client.close();
  }
  await transaction.commit();
  assertEquals(await client.closed, {
    graceful: true,
    handled: 3,
    unfinished: 0,
    redeliverable: 0,
  });
  assertEquals(memory.broker.queue("/queue/a").depth, 0);
  assertEquals(memory.broker.queue("/queue/b").depth, 3);
});

/** How a transaction ends during a close, and what the report says then. */
const ENDS = [
  ["commit", { graceful: true, handled: 1, unfinished: 0 }],
  ["abort", { graceful: false, handled: 0, unfinished: 1 }],
  ["nothing", { graceful: false, handled: 0, unfinished: 1 }],
] as const;

for (const [end, expected] of ENDS) {
  test(`what is acknowledged in a transaction, and a close before its ${end}`, async () => {
    await using memory = await serveInMemory();
    await put(memory, "1");
    const client = await clientOf(memory);
    const transaction = await client.begin();
    for await (const message of client.subscribe("/queue/a")) {
      await message.ack({ transaction });
      void client.close({ timeout: 500 });
    }
    if (end === "nothing") await memory.clock.advance(500);
    else await transaction[end]();
    const { graceful, handled, unfinished } = await client.closed;
    assertEquals({ graceful, handled, unfinished }, expected);
    const { depth } = memory.broker.queue("/queue/a");
    assertEquals(depth, expected.unfinished);
  });
}

test("closing a consumer ends though a handler hangs, and the report says why it was not graceful", async () => {
  await using memory = await serveInMemory();
  await put(memory, "1");
  const client = await clientOf(memory, { drainTimeout: 150 });
  const consumer = client.consume("/queue/a", () => new Promise(() => {}));
  await settled();
  const closing = consumer.close();
  await memory.clock.advance(150);
  await closing;
  const { graceful, unfinished, cause } = await client.close();
  assertEquals([graceful, unfinished], [false, 1]);
  assert(String(cause).includes("loops and handlers"), String(cause));
});

test("a close gives a subscription that was ending already all of its own time", async () => {
  await using memory = await serveInMemory();
  await put(memory, "1");
  const client = await clientOf(memory, { drainTimeout: 100 });
  const own = new AbortController();
  const go = Promise.withResolvers<void>();
  client.consume("/queue/a", () => go.promise, { signal: own.signal });
  await settled();
  own.abort();
  await memory.clock.advance(50);
  const closing = client.close({ timeout: 5000 });
  await memory.clock.advance(4000);
  go.resolve();
  const { graceful, handled, unfinished } = await closing;
  assertEquals([graceful, handled, unfinished], [true, 1, 0]);
});

test("an ERROR that may be about a SEND without a receipt is not blamed on who waits for one", async () => {
  await using memory = await serveInMemory({ dialect: "rabbitmq" });
  await using client = await clientOf(memory);
  await client.send("/nonsense/a", "refused");
  const consumer = client.consume("/queue/a", () => {});
  await memory.clock.advance(1000);
  await consumer.ready;

  await using broker = await ScriptedBroker.start();
  const { client: other, peer } = await broker.connect(RECONNECT);
  const sent = other.send("/queue/a", "stored", RECEIPT);
  await other.send("/nonsense/a", "refused");
  await peer.write(raw("ERROR", { message: "no such destination" }));
  const error = await assertRejects(() => sent, ConnectionError, "unknown");
  assert(error.unknown);
});

test("an ERROR that can be about one operation only is blamed on that, whatever was sent before", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  await client.send("/queue/a", "taken");
  const first = client.send("/queue/a", "confirmed", RECEIPT);
  await peer.next();
  await confirm(peer, await peer.next());
  await first;
  const refused = client.send("/queue/b", "refused", RECEIPT);
  await peer.write(raw("ERROR", { message: "no such destination" }));
  await assertRejects(() => refused, BrokerError, "no such destination");
});

test("where the broker gives up the queue for answers, who waits is told, and the next request gets a new one", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  const asked = client.request("/queue/a", "?");
  const [subscribe] = await peer.frames();
  const [, name] = subscribe!.headers.find(([key]) => key === "id")!;
  await peer.write(raw("ERROR", { message: "deleted", subscription: name }));
  const error = await assertRejects(
    () => asked,
    ConnectionError,
    "given up the queue for answers",
  );
  assert(error.unknown);
  assertInstanceOf(error.cause, BrokerError);
  void client.request("/queue/a", "again").catch(() => {});
  const commands = (await peer.frames()).map(({ command }) => command);
  assertEquals(commands, ["SUBSCRIBE", "SEND"]);
});

test("a subscription that the broker has ended can be made again under its id", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  const options = { id: "mine" };
  const subscription = client.subscribe("/queue/a", options);
  await confirm(peer, await peer.next());
  const next = subscription[Symbol.asyncIterator]().next();
  await peer.write(raw("ERROR", { message: "gone", subscription: "mine" }));
  await assertRejects(() => next, BrokerError, "gone");
  const again = client.subscribe("/queue/a", options);
  await confirm(peer, await peer.next());
  await again.ready;
});

test("several loops end where the next broker only speaks 1.0, in which one would acknowledge for another", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  const loops = [1, 2].map(() => subscription[Symbol.asyncIterator]().next());
  const ends = loops.map((loop) =>
    assertRejects(() => loop, UsageError, "several loops")
  );
  await peer.close();
  await broker.clock.advance(1000);
  const again = await broker.accept();
  await again.next();
  await again.write(raw("CONNECTED", { version: "1.0" }));
  await Promise.all(ends);
  assertEquals(await again.frames(), []);
});

test("a signal that has aborted before keeps a transaction from saying anything", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  const transaction = await client.begin();
  await peer.next();
  const signal = AbortSignal.abort("too late");
  for (
    const say of [
      () => transaction.send("/queue/a", "x", { signal }),
      () => transaction.commit({ signal }),
    ]
  ) {
    assertEquals(await say().catch((reason) => reason), "too late");
  }
  assertEquals(await peer.frames(), []);
});

test("work that fails while the client says good-bye fails with its own error", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  const go = Promise.withResolvers<void>();
  const failure = new Error("mine");
  const working = client.transaction(async () => {
    await go.promise;
    throw failure;
  });
  working.catch(() => {});
  await peer.next();
  const closing = client.close();
  const disconnect = await peer.next();
  assertStrictEquals(disconnect?.command, "DISCONNECT");
  go.resolve();
  assertStrictEquals(await working.catch((error) => error), failure);
  await confirm(peer, disconnect);
  assertEquals((await closing).graceful, true);
});

test("a stale message that is handled to its end is not acknowledged, whatever came of it", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  const go = Promise.withResolvers<void>();
  client.consume("/queue/a", async () => {
    await go.promise;
    throw new Error("stale");
  }, { id: "s", errorDestination: "/queue/failed" });
  await confirm(peer, await peer.next());
  await peer.write(message("s", 1));
  await settled();
  await peer.close();
  await broker.clock.advance(1000);
  const again = await broker.accept();
  await again.next();
  await again.write(raw("CONNECTED", { version: "1.2" }));
  await confirm(again, await again.next());
  go.resolve();
  assertEquals(await again.frames(), []);
  assertEquals(client.stats().failed, 1);
});

test("an ERROR in a replay one by one is about the subscription that waits, whatever was acknowledged meanwhile", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  client.consume("/queue/a", () => {}, { id: "a" });
  const bad = client.subscribe("/queue/b", { id: "b" });
  const refused = assertRejects(() => bad.ready, BrokerError, "no access");
  await settled();
  await peer.write(raw("ERROR", { message: "no access" }));
  await peer.close();
  await broker.clock.advance(1000);
  const again = await broker.accept();
  await again.next();
  await again.write(raw("CONNECTED", { version: "1.2" }));
  await confirm(again, await again.next());
  await again.write(message("a", 1));
  await settled();
  const commands = (await again.frames()).map(({ command }) => command);
  assertEquals(commands.toSorted(), ["ACK", "SUBSCRIBE"]);
  await again.write(raw("ERROR", { message: "no access" }));
  await refused;
});

test("in auto mode a failing handler's message does not come again, so its copy is sent, lost connection or not", async () => {
  await using memory = await serveInMemory();
  await put(memory, "1");
  const client = await clientOf(memory);
  const go = Promise.withResolvers<void>();
  client.consume("/queue/a", async () => {
    await go.promise;
    throw new Error("poison");
  }, { ack: "auto", errorDestination: "/queue/failed" });
  await settled();
  await cut(memory);
  go.resolve();
  await settled();
  assertEquals(memory.broker.queue("/queue/failed").depth, 1);
  const { graceful, unfinished } = await client.close();
  assertEquals([graceful, unfinished], [true, 0]);
});

test("in client mode the order of delivery counts, not that in which handlers begin", async () => {
  await using memory = await serveInMemory();
  const client = await clientOf(memory);
  const gates = new Map<string, () => void>();
  const consumer = client.consume("/queue/a", async (message) => {
    await new Promise<void>((resolve) => gates.set(message.text(), resolve));
  }, { ack: "client", concurrency: 3 });
  await consumer.ready;
  await put(memory, "0");
  await settled();
  gates.get("0")!();
  await put(memory, "12345");
  await settled();
  while (gates.size < 6) {
    for (const text of [...gates.keys()].toReversed()) gates.get(text)!();
    await settled();
  }
  for (const open of [...gates.values()].toReversed()) open();
  await settled();
  const { graceful, handled, cause } = await client.close();
  assertEquals([graceful, handled, cause], [true, 6, undefined]);
  assertEquals(memory.broker.queue("/queue/a").depth, 0);
});

test("sends that have waited for a connection are told apart, too", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  await peer.close();
  await settled();
  const first = client.send("/queue/a", "a", RECEIPT);
  void client.send("/nonsense/b", "b");
  await broker.clock.advance(1000);
  const again = await broker.accept();
  await again.next();
  await again.write(raw("CONNECTED", { version: "1.2" }));
  await confirm(again, await again.next());
  await first;
  const later = client.send("/queue/c", "c", RECEIPT);
  await again.write(raw("ERROR", { message: "no such destination" }));
  const error = await assertRejects(() => later, ConnectionError);
  assert(error.unknown);
});

test("a subscription that has ended in its replay takes no connection with it", async () => {
  await using broker = await ScriptedBroker.start();
  const options = { ...RECONNECT, receiptTimeout: 5000 };
  const { client, peer } = await broker.connect(options);
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  const next = subscription[Symbol.asyncIterator]().next();
  const ended = assertRejects(() => next, BrokerError, "gone");
  await peer.close();
  await broker.clock.advance(1000);
  const again = await broker.accept();
  await again.next();
  await again.write(raw("CONNECTED", { version: "1.2" }));
  await settled();
  await again.write(raw("ERROR", { message: "gone", subscription: "s" }));
  await ended;
  await broker.clock.advance(10_000);
  assertEquals(again.hasEnded, false);
  assertEquals(client.stats().reconnects, 1);
});

test("a time without any broker is not held against a subscription", () => {
  const patience = new ResubscribeGrace();
  patience.confirmed();
  assertEquals(patience.refused(0), true);
  assertEquals(patience.refused(40_000), true);
  assertEquals(patience.refused(60_000), true);
  assertEquals(patience.refused(70_000), false);
});
