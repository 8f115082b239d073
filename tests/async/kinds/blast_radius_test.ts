import { assertEquals } from "../../support/assert.ts";
import { test } from "../../support/harness.ts";
import { raw } from "../../support/raw_peer.ts";
import {
  confirm,
  header,
  message,
  ScriptedBroker,
} from "../../support/scripted_broker.ts";
import { settled } from "../../support/virtual_clock.ts";

test("a subscription that is refused by name takes nobody else down", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ reconnect: {} });
  const events: string[] = [];
  const watching = (async () => {
    for await (const { type } of client.status()) events.push(type);
  })();
  const good = client.subscribe("/queue/good", { id: "good" });
  const bad = client.subscribe("/queue/bad", { id: "bad" });
  const failing = bad.receive({ timeout: 60_000 });
  const failure = failing.catch((error: unknown) => error);
  assertEquals(header(await peer.next(), "id"), "good");
  assertEquals(header(await peer.next(), "id"), "bad");
  await peer.write(raw("ERROR", { message: "no", subscription: "bad" }));
  await settled();
  const receiving = good.receive({ timeout: 60_000 });
  await peer.write(message("good", 1));
  assertEquals((await receiving)?.text(), "1");
  const sending = client.send("/queue/a", "b", { receipt: true });
  let frame = await peer.next();
  while (frame?.command !== "SEND") frame = await peer.next();
  await confirm(peer, frame);
  await sending;
  assertEquals(events.includes("disconnected"), false, events.join());
  client.abort("enough");
  await failure;
  await watching;
});
