import type { Client, StatusEvent } from "../../mod.ts";
import { assert, assertEquals, assertFalse } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { raw } from "../support/raw_peer.ts";
import {
  confirm,
  message,
  outcomeOf,
  ScriptedBroker,
} from "../support/scripted_broker.ts";
import { settled } from "../support/virtual_clock.ts";

/** Gathers what a client tells of itself. */
function listen(client: Client): StatusEvent[] {
  const events: StatusEvent[] = [];
  void (async () => {
    for await (const event of client.status()) events.push(event);
  })();
  return events;
}

const HEART_BEAT = { version: "1.2", "heart-beat": "1000,1000" };

test("that a broker is silent is told half a period before it is given up, once a silence", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(
    { heartBeat: [0, 1000] },
    HEART_BEAT,
  );
  const events = listen(client);
  for (let silence = 0; silence < 2; silence++) {
    events.length = 0;
    await broker.clock.advance(1499);
    assertEquals(events, []);
    await broker.clock.advance(1);
    assertEquals(events, [{ type: "broker-silent" }]);
    await broker.clock.advance(499);
    assertEquals(events.length, 1);
    await peer.write("\n");
    await settled();
  }
  await broker.clock.advance(2000);
  assertEquals(events.slice(1).map(({ type }) => type), [
    "broker-silent",
    "disconnected",
  ]);
});

test("a busy program does not take its own silence for the broker's", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(
    { heartBeat: [0, 1000] },
    HEART_BEAT,
  );
  const events = listen(client);
  const written = peer.write("\n");
  broker.clock.block(1700);
  await broker.clock.advance(0);
  await written;
  await broker.clock.advance(100);
  assertEquals(events, []);
});

test("a broker that takes nothing is told of, and so is that it takes octets again", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const events = listen(client);
  peer.pause();
  const octets = 400_000;
  const send = client.send("/queue/a", new Uint8Array(octets));
  await broker.clock.advance(5000);
  assertEquals(await outcomeOf(send), "pending");
  const [stalled] = events;
  assert(stalled?.type === "write-stalled");
  assert(stalled.octets > 256 * 1024);
  await broker.clock.advance(60_000);
  assertEquals(events.length, 1, "it is told once");
  peer.resume();
  await send;
  assertEquals(events.at(-1), { type: "write-resumed" });
});

test("a broker that takes octets slowly has not stalled", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const events = listen(client);
  const send = client.send("/queue/a", new Uint8Array(600_000));
  for (let i = 0; i < 5; i++) {
    peer.pause();
    await broker.clock.advance(4000);
    peer.resume();
    await settled();
  }
  await send;
  assertEquals(events, []);
});

test("a reader that rests goes on where the broker takes nothing before that", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ receiveBuffer: 10_000 });
  const subscription = client.subscribe("/queue/a", { id: "s", ack: "auto" });
  await confirm(peer, await peer.next());
  peer.pause();
  const count = 1000;
  let written = 0;
  const flooding = (async () => {
    for (; written < count; written++) {
      await peer.write(
        message("s", written).replace(/\d+\0$/, "x".repeat(1000) + "\0"),
      );
    }
  })();
  const sending = client.send("/queue/a", new Uint8Array(400_000));
  await settled();
  assert(written < 200, "reading rests");
  // It is looked at every five seconds.
  await broker.clock.advance(10_000);
  await flooding;
  peer.resume();
  await sending;
  let received = 0;
  for await (const _ of subscription) if (++received === count) break;
});

test("a handler that fails is told of, and counted", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const events = listen(client);
  const cause = new Error("cannot read this");
  client.consume("/queue/a", () => Promise.reject(cause), {
    id: "s",
    errorDestination: "/queue/failed",
  });
  await confirm(peer, await peer.next());
  await peer.write(message("s", 7));
  const copy = await peer.next();
  assertEquals(copy!.command, "SEND");
  await confirm(peer, copy);
  assertEquals((await peer.next())!.command, "ACK");
  assertEquals(events, [{
    type: "handler-failed",
    destination: "/queue/a",
    message: "m7",
    cause,
  }]);
  assertEquals(client.stats().failed, 1);
  assertFalse(client.stats().inHand > 0);
});

test("an answer that comes too late is nobody's", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const events = listen(client);
  const request = client.request("/queue/a", "?", { timeout: 100 });
  const failed = request.catch((error) => error);
  const [subscribe, send] = await peer.frames();
  const destination = subscribe!.headers.find(([name]) => name === "id")![1];
  assertEquals(send!.headers.find(([name]) => name === "reply-to"), [
    "reply-to",
    destination,
  ]);
  await broker.clock.advance(130);
  assertEquals((await failed).name, "TimeoutError");
  await peer.write(
    raw("MESSAGE", {
      subscription: destination,
      "message-id": "1",
      destination,
      "correlation-id": "1",
    }, "late"),
  );
  await settled();
  assertEquals(events, [{ type: "unroutable", subscription: destination }]);
});

test("an answer that does not say what it answers is not taken for that of a later request", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const first = client.request("/queue/a", "1", { timeout: 100 });
  const failed = first.catch((error) => error);
  const [subscribe] = await peer.frames();
  const id = subscribe!.headers.find(([name]) => name === "id")![1];
  await broker.clock.advance(130);
  assertEquals((await failed).name, "TimeoutError");
  const second = client.request("/queue/a", "2", { timeout: 100 });
  const late = second.catch((error) => error);
  await peer.frames();
  await peer.write(
    raw("MESSAGE", { subscription: id, "message-id": "1", destination: id }),
  );
  assertEquals(await outcomeOf(second), "pending");
  await broker.clock.advance(130);
  assertEquals((await late).name, "TimeoutError");
});

test("a deletion that could not be made is an error", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(
    { reconnect: { jitter: 0 } },
    { version: "1.2", server: "RabbitMQ/3.10.8" },
  );
  const subscription = client.subscribe("/topic/a", { durable: "d" });
  await confirm(peer, await peer.next());
  await peer.close();
  await settled();
  const error = await subscription.unsubscribe({ delete: true }).catch((e) =>
    e
  );
  assertEquals(error.name, "ConnectionError");
  const again = await subscription.unsubscribe({ delete: true }).catch((e) =>
    e
  );
  assertEquals(again.name, "UsageError");
});
