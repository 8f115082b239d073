import { ConnectionError } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import {
  confirm,
  message,
  ScriptedBroker,
} from "../support/scripted_broker.ts";
import { settled } from "../support/virtual_clock.ts";

const HEART_BEAT = { version: "1.2", "heart-beat": "1000,1000" };

test("an idle client says LF at half the period", async () => {
  await using broker = await ScriptedBroker.start();
  const { peer } = await broker.connect(
    { heartBeat: [1000, 0] },
    HEART_BEAT,
  );
  await peer.octets();
  for (let beat = 0; beat < 20; beat++) {
    await broker.clock.advance(499);
    assertEquals(await peer.octets(), "");
    await broker.clock.advance(1);
    assertEquals(await peer.octets(), "\n");
  }
});

test("a client that sends anyhow says nothing more", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(
    { heartBeat: [1000, 0] },
    HEART_BEAT,
  );
  for (let i = 0; i < 10; i++) {
    await broker.clock.advance(400);
    await client.send("/queue/a");
    await settled();
  }
  assert(!(await peer.octets()).includes("\0\n"));
});

test("a broker is given up after two silent periods, not before", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(
    { heartBeat: [0, 1000] },
    HEART_BEAT,
  );
  await broker.clock.advance(500);
  await peer.write("\n");
  await broker.clock.advance(1999);
  await client.send("/queue/a");
  await broker.clock.advance(1);
  const { cause } = await client.closed;
  assert(cause instanceof ConnectionError);
  assertStringIncludes(cause.message, "silent for 2000 ms");
  await peer.end();
  assertEquals(broker.clock.pending, 0);
});

test("a broker that is known to skip heart-beats is asked, once a silence, and lives by its answer", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(
    { heartBeat: [0, 1000] },
    { ...HEART_BEAT, server: "ActiveMQ/5.17.2" },
  );
  for (let silence = 0; silence < 3; silence++) {
    await broker.clock.advance(1199);
    assertEquals(await peer.frames(), []);
    await broker.clock.advance(1);
    const [begin, abort] = await peer.frames();
    assertEquals([begin!.command, abort!.command], ["BEGIN", "ABORT"]);
    await broker.clock.advance(700);
    await confirm(peer, abort);
  }
  await broker.clock.advance(2250);
  const { cause } = await client.closed;
  assertStringIncludes(String(cause), "silent for 2250 ms");
});

test("any octet is a sign of life, a part of a long body too", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(
    { heartBeat: [0, 1000] },
    HEART_BEAT,
  );
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  const whole = message("s", 0).replace(/0\0$/, "");
  await peer.write(`${whole}`);
  for (let i = 0; i < 30; i++) {
    await broker.clock.advance(900);
    await peer.write("x");
  }
  await peer.write("\0");
  for await (const { body } of subscription) {
    assertEquals(body.length, 30);
    break;
  }
});

test("heart-beats go on while a loop body is busy", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(
    { heartBeat: [1000, 1000] },
    HEART_BEAT,
  );
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  await peer.write(message("s", 0));
  const body = Promise.withResolvers<void>();
  const loop = (async () => {
    for await (const _ of subscription) {
      await body.promise;
      break;
    }
  })();
  await peer.octets();
  for (let i = 0; i < 100; i++) {
    await broker.clock.advance(1000);
    await peer.write("\n");
  }
  assertEquals(await peer.octets(), "\n".repeat(200));
  body.resolve();
  await loop;
});

test("a program that held up its own timers looks at what has come before it gives up", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(
    { heartBeat: [0, 1000] },
    HEART_BEAT,
  );
  // Nothing runs for ten periods, then a heart-beat is found to have come.
  broker.clock.block(10_000);
  const written = peer.write("\n");
  await broker.clock.advance(60);
  await written;
  await client.send("/queue/a");
  broker.clock.block(10_000);
  await broker.clock.advance(60);
  await assertRejects(() => client.send("/queue/a"), ConnectionError);
});

test("where the broker wants none, no timer is kept", async () => {
  await using broker = await ScriptedBroker.start();
  const { client } = await broker.connect({ heartBeat: [1000, 1000] }, {
    version: "1.2",
  });
  assertEquals(client.heartBeat, [0, 0]);
  // What was written is looked after for a while.
  await broker.clock.advance(5000);
  assertEquals(broker.clock.pending, 0);
});
