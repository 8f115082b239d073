// What the program hands over is the program's: it may change, and be used again.

import { BrokerError, UsageError } from "../../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../../support/assert.ts";
import { test } from "../../support/harness.ts";
import { raw } from "../../support/raw_peer.ts";
import {
  confirm,
  header,
  message,
  outcomeOf,
  ScriptedBroker,
} from "../../support/scripted_broker.ts";
import { settled } from "../../support/virtual_clock.ts";

const RECONNECT = { reconnect: { jitter: 0 } };

test("a subscribe() that throws leaves nothing on its signal", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  const stop = new AbortController();
  const { signal } = stop;
  assertThrows(
    () => client.subscribe("/queue/b", { id: "s", signal }),
    UsageError,
  );
  assertThrows(
    () => client.subscribe("/queue/b", { signal, headers: { ack: "x" } }),
    UsageError,
  );
  stop.abort();
  assertEquals(await peer.frames(), []);
});

test("what a reconnect says is what was said when the options were given", async () => {
  await using broker = await ScriptedBroker.start();
  const headers: Record<string, string> = { mine: "before" };
  const options = {
    ...RECONNECT,
    headers,
    heartBeat: [0, 0] as [number, number],
  };
  const { client, peer } = await broker.connect(options);
  client.subscribe("/queue/a", { id: "s", headers });
  await confirm(peer, await peer.next());
  headers["mine"] = "after";
  options.heartBeat[0] = 5;
  await peer.close();
  await broker.clock.advance(1000);
  const again = await broker.accept();
  const connecting = await again.next();
  assertEquals(header(connecting, "mine"), "before");
  assertEquals(header(connecting, "heart-beat"), "0,0");
  await again.write(raw("CONNECTED", { version: "1.2" }));
  assertEquals(header(await again.next(), "mine"), "before");
});

test("receive() that is given up takes no message, and what it takes is settled by hand", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  const late = subscription.receive({ timeout: 100 });
  const stop = new AbortController();
  const given = subscription.receive({ signal: stop.signal });
  await broker.clock.advance(100);
  assertEquals(await late, null);
  stop.abort("enough");
  assertEquals(await outcomeOf(given), "enough");
  await peer.say(message("s", 1));
  const received = await subscription.receive({ timeout: 0 });
  assertEquals(received?.text(), "1");
  assertEquals(
    await subscription.receive({ timeout: 0 }).then((m) => m) ?? "none",
    "none",
  );
  assertEquals(await peer.frames(), []);
  assertEquals(await received!.ack(), true);
  assertEquals((await peer.frames()).map(({ command }) => command), ["ACK"]);
});

test("a receive() that waits is told of the end, and one that comes later refused", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const ended = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  const waiting = ended.receive();
  const leaving = ended.unsubscribe();
  assertEquals(await waiting, null);
  await confirm(peer, await peer.next());
  await leaving;
  await assertRejects(() => ended.receive(), UsageError, "has ended");
  const failed = client.subscribe("/queue/a", { id: "t" });
  await confirm(peer, await peer.next());
  const alsoWaiting = failed.receive();
  await peer.write(raw("ERROR", { message: "gone", subscription: "t" }));
  await assertRejects(() => alsoWaiting, BrokerError, "gone");
  await assertRejects(() => failed.receive(), BrokerError, "gone");
});

test("a refused subscription that has worked is tried again on the same connection, and takes none with it", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect(RECONNECT);
  const one = client.subscribe("/queue/a", { id: "one" });
  await confirm(peer, await peer.next());
  client.subscribe("/queue/b", { id: "two" });
  await confirm(peer, await peer.next());
  await peer.close();
  await broker.clock.advance(1000);
  const again = await broker.accept();
  await again.next();
  await again.write(raw("CONNECTED", { version: "1.2" }));
  const [first, second] = await again.frames();
  await confirm(again, second);
  const refuse = (receipt: string | undefined) =>
    again.write(raw("ERROR", { message: "no", "receipt-id": receipt }));
  await refuse(header(first, "receipt"));
  await broker.clock.advance(100);
  const [retry] = await again.frames();
  assertEquals([retry?.command, header(retry, "id")], ["SUBSCRIBE", "one"]);
  await confirm(again, retry);
  const received = one.receive();
  await again.say(message("one", 1));
  assertEquals((await received)?.text(), "1");
  assertEquals(client.stats().reconnects, 1);
  assert(!again.hasEnded);
});

test("a wait for a receipt that was given up does not hold up close()", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const stop = new AbortController();
  const { signal } = stop;
  const sent = client.send("/queue/a", "x", { receipt: true, signal });
  await peer.next();
  stop.abort("enough");
  assertEquals(await outcomeOf(sent), "enough");
  const closing = client.close();
  const goodBye = await peer.next();
  assertEquals(goodBye?.command, "DISCONNECT");
  await confirm(peer, goodBye);
  assertEquals((await closing).graceful, true);
});

test("an automatic subscription that was cancelled gives back what waited for nobody", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ receiveBuffer: 5000 });
  const cancelled = client.subscribe("/queue/a", { id: "s", ack: "auto" });
  await confirm(peer, await peer.next());
  for (let number = 0; number < 20; number++) {
    void peer.write(message("s", number, { note: "x".repeat(1000) }));
  }
  await settled();
  assert(client.stats().waiting > 3 && client.stats().waiting < 20);
  void client.send("/queue/b", "", { receipt: true }).catch(() => {});
  await settled();
  await peer.write(raw("ERROR", { message: "gone", subscription: "s" }));
  await settled();
  assertEquals(client.stats().waiting, 0);
  await assertRejects(() => cancelled.receive(), BrokerError);
});
