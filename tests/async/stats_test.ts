import { assert, assertEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import {
  confirm,
  message,
  ScriptedBroker,
} from "../support/scripted_broker.ts";
import { settled } from "../support/virtual_clock.ts";

test("the stats count what went over the wire, and tell what the client is about", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const before = client.stats();
  assertEquals(before, {
    framesReceived: 1,
    framesSent: 1,
    octetsReceived: "CONNECTED\nversion:1.2\n\n\0".length,
    octetsSent: before.octetsSent,
    pendingReceipts: 0,
    waiting: 0,
    inHand: 0,
    oldestInHand: undefined,
    failed: 0,
    reconnects: 0,
    silence: 0,
  });
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  const sent = client.send("/queue/b", "", { receipt: true });
  await peer.next();
  for (let i = 0; i < 3; i++) await peer.write(message("s", i));
  const messages = subscription[Symbol.asyncIterator]();
  await messages.next();
  await broker.clock.advance(250);
  const { octetsReceived, octetsSent, ...during } = client.stats();
  assert(octetsReceived > before.octetsReceived);
  assert(octetsSent > before.octetsSent);
  assertEquals(during, {
    framesReceived: 5,
    framesSent: 3,
    pendingReceipts: 1,
    waiting: 2,
    inHand: 1,
    oldestInHand: 250,
    failed: 0,
    reconnects: 0,
    silence: 250,
  });
  messages.return?.();
  sent.catch(() => {});
});

test("a connection that was made again is counted, and so is what went over the one before", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ reconnect: { jitter: 0 } });
  const { framesSent } = client.stats();
  await peer.close();
  await broker.clock.advance(100);
  const again = await broker.accept();
  await again.next();
  await again.write("CONNECTED\nversion:1.2\n\n\0");
  await settled();
  assertEquals(client.stats().reconnects, 1);
  assertEquals(client.stats().framesSent, 2 * framesSent);
});
