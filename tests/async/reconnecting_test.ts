import {
  BrokerError,
  connect,
  ConnectionError,
  type ConnectOptions,
  type StatusEvent,
  TimeoutError,
  UsageError,
} from "../../mod.ts";
import { serveInMemory } from "../../testing/mod.ts";
import { MemoryNetwork } from "../../transport/memory.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
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

const RECONNECT: ConnectOptions = {
  reconnect: { jitter: 0 },
  random: () => 0.5,
};
/** The first pause after a loss. */
const PAUSE = 100;

/** Lets the client come back, and answers it. */
async function comeBack(broker: ScriptedBroker): Promise<RawPeer> {
  await broker.clock.advance(PAUSE);
  const peer = await broker.accept();
  assertEquals((await peer.next())?.command, "CONNECT");
  await peer.write(raw("CONNECTED", { version: "1.2" }));
  await settled();
  return peer;
}

/** What the broker has been told, one word or two a frame. */
async function told(peer: RawPeer): Promise<string[]> {
  return (await peer.frames()).map((frame) =>
    `${frame.command} ${
      header(frame, "destination") ?? header(frame, "id") ?? ""
    }`.trim()
  );
}

test("a lost connection is made again: subscriptions are replayed in order, then waiting sends go out", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  client.subscribe("/queue/1", { id: "one", headers: { selector: "x" } });
  client.subscribe("/queue/2", { id: "two", prefetch: 3 });
  const first = await peer.frames();
  await peer.close();
  await settled();
  const sends = [3, 4].map((n) => client.send(`/queue/${n}`, ""));
  const late = client.subscribe("/queue/5");
  assertEquals(await outcomeOf(sends[0]!), "pending");

  const again = await comeBack(broker);
  await Promise.all(sends);
  const frames = await again.frames();
  assertEquals(
    frames.map((frame) => `${frame.command} ${header(frame, "destination")}`),
    [
      "SUBSCRIBE /queue/1",
      "SUBSCRIBE /queue/2",
      "SUBSCRIBE /queue/5",
      "SEND /queue/3",
      "SEND /queue/4",
    ],
  );
  const withoutReceipt = (frame: { headers: readonly (readonly string[])[] }) =>
    frame.headers.filter(([name]) => name !== "receipt");
  assertEquals(withoutReceipt(frames[0]!), withoutReceipt(first[0]!));
  assertEquals(withoutReceipt(frames[1]!), withoutReceipt(first[1]!));
  await confirm(again, frames[2]);
  await late.ready;
});

test("a loop goes on over the next connection; what was in hand is stale and comes again", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  await peer.write(message("s", 0) + message("s", 1));
  const messages = subscription[Symbol.asyncIterator]();
  const { value: first } = await messages.next();
  await peer.close();
  await settled();
  assertEquals(await first!.ack(), false);
  assertEquals(await first!.ack({ receipt: true }), false);
  // Number 1 was fetched and not handed out: it is not handed out now.
  const next = messages.next();
  assertEquals(await outcomeOf(next), "pending");

  const again = await comeBack(broker);
  await again.write(message("s", 0, { redelivered: "true", ack: "b0" }));
  const { value: second } = await next;
  assertEquals(second!.redelivered, true);
  assertEquals(await first!.ack(), false);
  assertEquals(await second!.ack(), true);
  assertEquals(await told(again), ["SUBSCRIBE /queue/a", "ACK b0"]);
});

test("a pending receipt rejects as unknown, and the send is not repeated", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  const send = client.send("/queue/a", "once", { receipt: true });
  send.catch(() => {});
  await peer.next();
  await peer.close();
  const error = await assertRejects(() => send, ConnectionError, "unknown");
  assertEquals(error.unknown, true);
  const again = await comeBack(broker);
  assertEquals(await told(again), []);
});

test("a send that waits for a connection can be given up", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  await peer.close();
  await settled();
  const controller = new AbortController();
  const send = client.send("/queue/a", "", { signal: controller.signal });
  send.catch(() => {});
  controller.abort("enough");
  assertEquals(await send.catch((reason) => reason), "enough");
  assertEquals(await told(await comeBack(broker)), []);
});

test("brokers that refuse TCP, answer ERROR or say nothing are skipped for the next", async () => {
  const network = new MemoryNetwork();
  await using broker = await ScriptedBroker.start(network);
  await using silent = await ScriptedBroker.start(network);
  await using refusing = await ScriptedBroker.start(network);
  const dead = "stomp://127.0.0.1:9";
  const uri =
    `failover:(${dead},${silent.url},${refusing.url},${broker.url})?randomize=false`;
  const dialing = connect(uri, {
    transport: network,
    clock: broker.clock,
    connectedTimeout: 1000,
    heartBeat: [0, 0],
  });
  const mute = await silent.accept();
  await mute.next();
  await broker.clock.advance(1000);
  await mute.end();
  const refused = await refusing.accept();
  await refused.next();
  await refused.write(raw("ERROR", { message: "full" }));
  const peer = await broker.accept();
  await peer.next();
  await peer.write(raw("CONNECTED", { version: "1.2" }));
  const client = await dialing;
  await client.send("/queue/a");
  client.abort();
  await client.closed;
});

test("where all of them fail, the error has the reason of each", async () => {
  await using broker = await ScriptedBroker.start();
  const dialing = connect(
    `failover:(stomp://127.0.0.1:8,${broker.url})?randomize=false`,
    { transport: broker.network, clock: broker.clock },
  );
  const peer = await broker.accept();
  await peer.next();
  await peer.write(raw("ERROR", { message: "go away" }));
  const error = await assertRejects(
    () => dialing,
    ConnectionError,
    "go away",
  );
  assert(error.cause instanceof AggregateError);
  assert(error.cause.errors[0] instanceof ConnectionError);
  assert(error.cause.errors[1] instanceof BrokerError);
});

test("after as many attempts as it may make the client ends, and everybody is told", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({
    reconnect: { maxAttempts: 2, jitter: 0 },
    connectedTimeout: 10,
  });
  const subscription = client.subscribe("/queue/a");
  const loop = (async () => {
    for await (const _ of subscription);
  })();
  loop.catch(() => {});
  await peer.close();
  await settled();
  const send = client.send("/queue/b");
  send.catch(() => {});
  await broker.clock.advance(1000);
  const { cause } = await client.closed;
  assert(cause instanceof ConnectionError);
  assertStringIncludes(cause.message, "2 attempts");
  assert(cause.cause instanceof AggregateError);
  assert(cause.cause.errors[1] instanceof TimeoutError);
  await assertRejects(() => loop, ConnectionError, "2 attempts");
  await assertRejects(() => send, ConnectionError, "2 attempts");
  assertEquals(broker.clock.pending, 0);
});

test("reconnect: false ends the client with its connection", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ reconnect: false });
  await peer.close();
  assertEquals((await client.closed).graceful, false);
  assertEquals(broker.clock.pending, 0);
});

test("a close while there is no connection ends at once", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  const subscription = client.subscribe("/queue/a");
  const loop = (async () => {
    for await (const _ of subscription);
  })();
  await peer.close();
  await settled();
  const report = await client.close();
  assertEquals(report.graceful, false);
  assert(report.cause instanceof ConnectionError);
  await loop;
  assertEquals(broker.clock.pending, 0);
});

test("credentials that are functions are asked for anew, and what they throw ends it", async () => {
  await using broker = await ScriptedBroker.start();
  let asked = 0;
  const { client, peer } = await broker.connect({
    ...RECONNECT,
    login: () => "me",
    passcode: () => Promise.resolve(`token-${++asked}`),
  });
  await peer.close();
  await broker.clock.advance(PAUSE);
  const again = await broker.accept();
  assertEquals(header(await again.next(), "passcode"), "token-2");
  client.abort();
  await client.closed;
  await assertRejects(
    () => broker.dial({ passcode: (() => 42) as never }),
    UsageError,
    "passcode",
  );
});

test("an uncorrelated ERROR on a connection that stays open makes another one, with its subscriptions", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  client.subscribe("/queue/a");
  await confirm(peer, await peer.next());
  await peer.write(raw("ERROR", { message: "consumer cancelled" }));
  await peer.end();
  const again = await comeBack(broker);
  assertEquals(await told(again), ["SUBSCRIBE /queue/a"]);
});

test("the status says what happens, in order", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  const seen: StatusEvent[] = [];
  const watching = (async () => {
    for await (const event of client.status()) seen.push(event);
  })();
  await peer.close();
  await settled();
  // Only what was there before is replayed.
  client.subscribe("/queue/b", { id: "new" });
  const again = await comeBack(broker);
  for (const frame of await again.frames()) await confirm(again, frame);
  const closing = client.close();
  for (let frame; (frame = await again.next()) !== undefined;) {
    await confirm(again, frame);
  }
  await closing;
  await watching;
  assertEquals(seen.map(({ type }) => type), [
    "disconnected",
    "connecting",
    "connected",
    "replayed",
    "disconnected",
  ]);
  assert(seen[0]!.type === "disconnected");
  assert(seen[0]!.cause instanceof ConnectionError);
  assert(seen[1]!.type === "connecting" && seen[1]!.delay === PAUSE);
});

for (
  const [reconnect, includes] of [
    [{ initialDelay: -1 }, "initialDelay"],
    [{ jitter: 2 }, "jitter"],
    [{ tries: 3 }, '"tries"'],
    ["always", "reconnect"],
  ] as const
) {
  test(`reconnect: ${JSON.stringify(reconnect)} is a usage error`, async () => {
    const error = await assertRejects(
      () => connect("stomp://h", { reconnect: reconnect as never }),
      UsageError,
    );
    assertStringIncludes(error.message, includes);
  });
}

test("an ERROR that does not say what it is about: one subscription after the other shows whose it is", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  const [good, bad, last] = ["good", "bad", "last"].map((id) =>
    client.subscribe(`/queue/${id}`, { id })
  );
  const failure = assertRejects(
    () => bad![Symbol.asyncIterator]().next(),
    BrokerError,
    "no such exchange",
  );
  assertEquals((await peer.frames()).length, 3);
  await peer.write(raw("ERROR", { message: "no such exchange" }));
  await peer.close();
  await settled();
  const send = client.send("/queue/a", "waits");

  const second = await comeBack(broker);
  assertEquals((await second.frames()).map(({ command }) => command), [
    "SUBSCRIBE",
  ]);
  const added = client.subscribe("/queue/added", { id: "added" });
  await second.write(raw("RECEIPT", { "receipt-id": "receipt-1" }));
  await settled();
  assertEquals(await told(second), ["SUBSCRIBE /queue/bad"]);
  await second.write(raw("ERROR", { message: "no such exchange" }));
  await second.close();
  await failure;

  await broker.clock.advance(PAUSE);
  const third = await comeBack(broker);
  for (const id of ["good", "last", "added"]) {
    const [frame] = await third.frames();
    assertEquals(header(frame, "id"), id);
    await confirm(third, frame);
  }
  await send;
  assertEquals(await told(third), ["SEND /queue/a"]);
  await Promise.all([good!.ready, last!.ready, added.ready]);
});

/** A client whose first subscription is replayed, cautiously, and not answered. */
async function replaying(broker: ScriptedBroker) {
  const { client, peer } = await broker.connect(RECONNECT);
  const subscription = client.subscribe("/queue/a", { id: "a" });
  client.subscribe("/queue/b", { id: "b" });
  await peer.write(raw("ERROR", { message: "no" }));
  await peer.close();
  await settled();
  const again = await comeBack(broker);
  assertEquals(await told(again), ["SUBSCRIBE /queue/a"]);
  return { client, subscription, again };
}

test("an abort while subscriptions are replayed one by one is what waiting sends are told", async () => {
  await using broker = await ScriptedBroker.start();
  const { client } = await replaying(broker);
  const send = assertRejects(
    () => client.send("/queue/c"),
    ConnectionError,
    "aborted",
  );
  await settled();
  client.abort("enough");
  await send;
});

test("what is subscribed to just when the last one was replayed is not left out", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, again } = await replaying(broker);
  await again.write(raw("RECEIPT", { "receipt-id": "receipt-1" }));
  const last = await again.next();
  assertEquals(header(last, "id"), "b");
  // Each number of microtasks behind the answer, so that one hits the moment.
  const added = Promise.all(Array.from({ length: 12 }, async (_, hops) => {
    await client.stats();
    for (let i = 0; i < hops; i++) await undefined;
    client.subscribe(`/queue/${hops}`, { id: `added-${hops}` });
  }));
  const confirming = confirm(again, last);
  await Promise.all([added, confirming]);
  const ids = new Set<string>();
  for (let turn = 0; turn < 20; turn++) {
    for (const frame of await again.frames()) {
      ids.add(header(frame, "id")!);
      await confirm(again, frame);
    }
  }
  assertEquals(ids.size, 12);
});

test("a subscription that has worked and is refused now is tried again, until it is taken", async () => {
  await using memory = await serveInMemory();
  await using client = await connect(memory.broker.url, {
    ...memory.access,
    ...RECONNECT,
  });
  const subscription = client.subscribe("/queue/a");
  await subscription.ready;
  const [connection] = memory.broker.frames().slice(-1);
  memory.broker.misbehave({ errorOn: { SUBSCRIBE: "no leader", SEND: "!" } });
  await assertRejects(
    () => client.send("/queue/b", "", { receipt: true }),
    BrokerError,
  );
  await memory.clock.advance(5000);
  const tried =
    memory.broker.frames().filter(({ frame }) => frame.command === "SUBSCRIBE")
      .length;
  assert(tried > 3 && tried < 20, `${tried} times`);
  memory.broker.behave();
  await memory.clock.advance(30_000);
  await client.send("/queue/a", "at last", { receipt: true });
  for await (const message of subscription) {
    assertEquals(message.text(), "at last");
    break;
  }
  assert(memory.broker.frames().at(-1)!.connection > connection!.connection);
});

test("a subscription that is refused for half a minute has failed", async () => {
  await using memory = await serveInMemory();
  await using client = await connect(memory.broker.url, {
    ...memory.access,
    ...RECONNECT,
  });
  const subscription = client.subscribe("/queue/a");
  const other = client.subscribe("/queue/b");
  await Promise.all([subscription.ready, other.ready]);
  const next = assertRejects(
    () => subscription[Symbol.asyncIterator]().next(),
    BrokerError,
    "no permission",
  );
  memory.broker.misbehave({
    errorOn: { SUBSCRIBE: "no permission", SEND: "!" },
  });
  await assertRejects(
    () => client.send("/queue/b", "", { receipt: true }),
    BrokerError,
  );
  await memory.clock.advance(90_000);
  await next;
});
