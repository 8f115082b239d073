import { assert, assertEquals } from "../../support/assert.ts";
import { test } from "../../support/harness.ts";
import {
  confirm,
  message,
  ScriptedBroker,
} from "../../support/scripted_broker.ts";
import { settled } from "../../support/virtual_clock.ts";

const KIB = 1024;

test("what waits counts with its head: messages of nothing but headers stop the reader, too", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ receiveBuffer: 64 * KIB });
  const slow = client.subscribe("/queue/a", { id: "s", ack: "auto" });
  await confirm(peer, await peer.next());
  const headers = { long: "x".repeat(4 * KIB) };
  let written = 0;
  const writing = (async () => {
    for (; written < 400; written++) {
      await peer.write(message("s", written, headers));
    }
  })();
  for (let i = 0; i < 20; i++) await settled();
  assert(written < 100, `${written} messages of 4 KiB were read`);
  for (let i = 0; i < 400; i++) {
    assertEquals((await slow.receive())?.text(), String(i));
  }
  await writing;
});

test("what a cancelled subscription held is given back: the others go on", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ receiveBuffer: 16 * KIB });
  const left = client.subscribe("/queue/a", { id: "left", ack: "auto" });
  const other = client.subscribe("/queue/b", { id: "other", ack: "auto" });
  await confirm(peer, await peer.next());
  await confirm(peer, await peer.next());
  const headers = { long: "x".repeat(4 * KIB) };
  const flood = Array.from(
    { length: 40 },
    (_, i) => message("left", i, headers),
  );
  const writing = peer.write(flood.join("") + message("other", 7));
  await settled();
  const leaving = left.unsubscribe().catch(() => {});
  const received = await other.receive();
  assertEquals(received?.text(), "7");
  await writing;
  client.abort("enough");
  await leaving;
});
