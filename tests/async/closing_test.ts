import {
  type Client,
  ConnectionError,
  TimeoutError,
  UsageError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { raw, type RawPeer } from "../support/raw_peer.ts";
import {
  confirm,
  message,
  outcomeOf,
  ScriptedBroker,
} from "../support/scripted_broker.ts";
import { settled } from "../support/virtual_clock.ts";

/** Confirms whatever asks for it until the client says good-bye. */
async function seeOff(peer: RawPeer): Promise<string[]> {
  const commands: string[] = [];
  for (;;) {
    const frame = await peer.next();
    if (frame === undefined) return commands;
    commands.push(frame.command);
    if (frame.headers.some(([name]) => name === "receipt")) {
      await confirm(peer, frame);
    }
  }
}

/** A loop whose first body runs until it is told to end. */
async function busyLoop({ client, peer }: { client: Client; peer: RawPeer }) {
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  await peer.write(message("s", 0) + message("s", 1));
  const body = Promise.withResolvers<void>();
  const seen: string[] = [];
  const loop = (async () => {
    for await (const message of subscription) {
      seen.push(message.text());
      await body.promise;
      await client.send("/queue/b", `${message.text()} done`);
    }
  })();
  await settled();
  return { body, loop, seen };
}

test("a graceful close: the body finishes, sends and acknowledges; UNSUBSCRIBE, receipts, DISCONNECT", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { body, loop, seen } = await busyLoop(session);
  const sent = session.client.send("/queue/c", "", { receipt: true });
  const closing = session.client.close();
  assertEquals(await outcomeOf(closing), "pending");
  assertEquals((await session.peer.frames()).map((it) => it.command), ["SEND"]);
  body.resolve();
  await settled();
  // The outstanding receipt comes before DISCONNECT.
  const frames = await session.peer.frames();
  assertEquals(frames.map((frame) => frame.command), [
    "SEND",
    "ACK",
    "UNSUBSCRIBE",
  ]);
  await confirm(session.peer, frames[2]);
  assertEquals(await session.peer.frames(), []);
  await session.peer.write(raw("RECEIPT", { "receipt-id": "receipt-2" }));
  await sent;
  assertEquals(await seeOff(session.peer), ["DISCONNECT"]);
  await loop;
  assertEquals(seen, ["0"]);
  assertEquals(await closing, {
    graceful: true,
    handled: 1,
    unfinished: 0,
    redeliverable: 1,
  });
  assertStrictEquals(await session.client.closed, await closing);
  assertEquals(broker.clock.pending, 0);
});

test("while closing nothing new is begun", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { body, loop } = await busyLoop(session);
  const closing = session.client.close();
  let thrown: unknown;
  try {
    session.client.subscribe("/queue/b");
  } catch (error) {
    thrown = error;
  }
  assert(thrown instanceof UsageError);
  body.resolve();
  await Promise.all([seeOff(session.peer), closing, loop]);
});

test("a close ends in time: the connection is dropped, and the report says what was unfinished", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { body, loop } = await busyLoop(session);
  const closing = session.client.close({ timeout: 300 });
  await broker.clock.advance(300);
  const { cause, ...report } = await closing;
  assertEquals(report, {
    graceful: false,
    handled: 0,
    unfinished: 1,
    redeliverable: 1,
  });
  assert(cause instanceof ConnectionError);
  assert(cause.cause instanceof TimeoutError);
  await session.peer.end();
  body.resolve();
  await assertRejects(() => loop, ConnectionError);
  assertEquals(broker.clock.pending, 0);
});

test("a silent broker cannot keep a close from ending", async () => {
  await using broker = await ScriptedBroker.start();
  const { client } = await broker.connect({ drainTimeout: 200 });
  const closing = client.close();
  await broker.clock.advance(200);
  assertEquals((await closing).graceful, false);
});

test("a broker that closes instead of confirming DISCONNECT has understood", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const closing = client.close();
  assertEquals((await peer.next())?.command, "DISCONNECT");
  await peer.close();
  assertEquals((await closing).graceful, true);
});

test("a connection that dies during a close ends it, and is the cause", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { body, loop } = await busyLoop(session);
  const closing = session.client.close();
  await session.peer.close();
  const report = await closing;
  assertEquals(report.graceful, false);
  assertEquals(report.unfinished, 1);
  body.resolve();
  await assertRejects(() => loop, ConnectionError);
});

test("an aborted signal closes gracefully", async () => {
  await using broker = await ScriptedBroker.start();
  const controller = new AbortController();
  const { client, peer } = await broker.connect({ signal: controller.signal });
  controller.abort();
  assertEquals(await seeOff(peer), ["DISCONNECT"]);
  assertEquals((await client.closed).graceful, true);
});

test("await using closes gracefully", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const seen = seeOff(peer);
  {
    await using owned = client;
    await owned.send("/queue/a", "last");
  }
  assertEquals(await seen, ["SEND", "DISCONNECT"]);
});

test("abort() drops the connection at once; loops and receipts are told the reason", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { body, loop } = await busyLoop(session);
  const send = session.client.send("/queue/a", "", { receipt: true });
  send.catch(() => {});
  const reason = new Error("enough");
  session.client.abort(reason);
  session.client.abort(new Error("again"));
  await session.peer.end();
  body.resolve();
  const error = await assertRejects(() => loop, ConnectionError);
  const { cause } = await session.client.closed;
  assert(cause instanceof ConnectionError);
  assertStrictEquals(cause.cause, reason);
  assertStrictEquals(error.cause, cause);
  const unknown = await assertRejects(() => send, ConnectionError);
  assertEquals(unknown.unknown, true);
});

test("a message that manualAck left in hand is waited for", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const subscription = client.subscribe("/queue/a", {
    id: "s",
    manualAck: true,
  });
  await confirm(peer, await peer.next());
  await peer.write(message("s", 0));
  const later: Promise<unknown>[] = [];
  const work = Promise.withResolvers<void>();
  for await (const message of subscription) {
    later.push(work.promise.then(() => message.ack()));
    break;
  }
  const closing = client.close();
  assertEquals(await peer.frames(), []);
  work.resolve();
  assertEquals(await seeOff(peer), ["ACK", "UNSUBSCRIBE", "DISCONNECT"]);
  assertEquals(await Promise.all(later), [true]);
  assertEquals((await closing).handled, 1);
});

test("in auto mode a close hands out what nobody else will get", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const subscription = client.subscribe("/topic/a", { id: "s", ack: "auto" });
  await confirm(peer, await peer.next());
  await peer.write(message("s", 0) + message("s", 1) + message("s", 2));
  const seen: string[] = [];
  const commands = seeOff(peer);
  for await (const message of subscription) {
    seen.push(message.text());
    if (seen.length === 1) void client.close();
    await settled();
  }
  assertEquals(seen, ["0", "1", "2"]);
  assertEquals(await commands, ["UNSUBSCRIBE", "DISCONNECT"]);
  assertEquals((await client.closed).handled, 3);
});

test("close() refuses options that it does not know", async () => {
  await using broker = await ScriptedBroker.start();
  const { client } = await broker.connect();
  await assertRejects(
    () => client.close({ timeout: "soon" as never }),
    UsageError,
    "timeout",
  );
});
