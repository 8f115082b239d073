import {
  BrokerError,
  connect,
  ConnectionError,
  TimeoutError,
  UsageError,
} from "../../mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { raw } from "../support/raw_peer.ts";
import {
  confirm,
  header,
  message,
  outcomeOf,
  ScriptedBroker,
} from "../support/scripted_broker.ts";
import { settled } from "../support/virtual_clock.ts";

test("in auto mode what crosses the UNSUBSCRIBE is handed out, too", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const subscription = client.subscribe("/topic/a", { id: "s", ack: "auto" });
  await confirm(peer, await peer.next());
  const seen: string[] = [];
  const loop = (async () => {
    for await (const message of subscription) seen.push(message.text());
  })();
  await peer.write(message("s", 0));
  const leaving = subscription.unsubscribe();
  const farewell = await peer.next();
  await peer.write(message("s", 1));
  await confirm(peer, farewell);
  await leaving;
  await loop;
  assertEquals(seen, ["0", "1"]);
});

test("in auto mode what has come is handed out, also where the UNSUBSCRIBE gets no answer", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ reconnect: { jitter: 0 } });
  const subscription = client.subscribe("/topic/a", { id: "s", ack: "auto" });
  await confirm(peer, await peer.next());
  for (let i = 0; i < 3; i++) await peer.write(message("s", i));
  const messages = subscription[Symbol.asyncIterator]();
  await messages.next();
  const leaving = subscription.unsubscribe();
  await peer.close();
  await settled();
  assertEquals((await messages.next()).value?.text(), "1");
  assertEquals((await messages.next()).value?.text(), "2");
  assertEquals((await messages.next()).done, true);
  await leaving.catch(() => {});
});

test("no attempt at all is no connection", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({
    reconnect: { maxAttempts: 0 },
  });
  await peer.close();
  const { cause } = await client.closed;
  assert(cause instanceof ConnectionError);
  assertEquals((await client.close()).graceful, false);
});

test("a credential that never comes is limited by the time-out, and by the signal", async () => {
  await using broker = await ScriptedBroker.start();
  const never = () => new Promise<string>(() => {});
  const dialing = broker.dial({ passcode: never, connectTimeout: 100 });
  dialing.catch(() => {});
  await broker.clock.advance(100);
  await assertRejects(() => dialing, TimeoutError, "login and passcode");
  const controller = new AbortController();
  const aborted = broker.dial({ passcode: never, signal: controller.signal });
  aborted.catch(() => {});
  controller.abort("enough");
  assertEquals(await aborted.catch((reason) => reason), "enough");
});

test("an unsubscribe that nobody waits for may fail", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const subscription = client.subscribe("/queue/a");
  await confirm(peer, await peer.next());
  void subscription.unsubscribe();
  await peer.next();
  await peer.close();
  await client.closed;
});

test("a COMMIT that the broker refuses has settled nothing", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  await peer.write(message("s", 0));
  for await (const message of subscription) {
    const tx = await client.begin();
    await message.ack({ transaction: tx });
    const committing = tx.commit();
    committing.catch(() => {});
    const frames = await peer.frames();
    await peer.say(
      raw("ERROR", {
        message: "no",
        "receipt-id": header(frames.at(-1), "receipt"),
      }),
    );
    await assertRejects(() => committing, BrokerError);
    assertEquals(message.settled, undefined);
    break;
  }
});

test("what was acknowledged in a transaction that is lost with its connection is stale", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ reconnect: { jitter: 0 } });
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  await peer.write(message("s", 0));
  for await (const message of subscription) {
    await message.ack({ transaction: await client.begin() });
    await peer.close();
    await settled();
    assertEquals(message.settled, undefined);
    assertEquals(await message.ack(), false);
    break;
  }
});

test("a second ack waits for the receipt of the first", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  await peer.write(message("s", 0));
  for await (const message of subscription) {
    const first = message.ack({ receipt: true });
    const second = message.ack({ receipt: true });
    assertEquals(await outcomeOf(second), "pending");
    await confirm(peer, await peer.next());
    assertEquals(await Promise.all([first, second]), [true, true]);
    break;
  }
});

test("a close gives loops all of its own time", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ drainTimeout: 100 });
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  await peer.write(message("s", 0));
  const messages = subscription[Symbol.asyncIterator]();
  await messages.next();
  const closing = client.close({ timeout: 5000 });
  await broker.clock.advance(4000);
  assertEquals(await peer.frames(), []);
  const next = messages.next();
  for (let frame; (frame = await peer.next()) !== undefined;) {
    await confirm(peer, frame);
  }
  await next;
  assertEquals(await closing, {
    graceful: true,
    handled: 1,
    unfinished: 0,
    redeliverable: 0,
  });
});

test("a program that sends on and on cannot keep the client from closing", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  let refused: unknown;
  const sending = (async () => {
    for (;;) {
      try {
        await client.send("/queue/a", "", { receipt: true });
      } catch (error) {
        refused = error;
        return;
      }
    }
  })();
  const closing = client.close();
  for (let frame; (frame = await peer.next()) !== undefined;) {
    await confirm(peer, frame);
  }
  assertEquals((await closing).graceful, true);
  await sending;
  assert(refused instanceof UsageError);
});

test("sends that wait for a connection go out in the order of asking, signal or not", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ reconnect: { jitter: 0 } });
  await peer.close();
  await settled();
  const { signal } = new AbortController();
  const sends = [
    client.send("/queue/a", "1", { signal }),
    client.send("/queue/a", "2"),
    client.send("/queue/a", "3", { signal }),
  ];
  await broker.clock.advance(100);
  const again = await broker.accept();
  await again.next();
  await again.write(raw("CONNECTED", { version: "1.2" }));
  await Promise.all(sends);
  assertEquals((await again.frames()).map(({ body }) => body), ["1", "2", "3"]);
});

test("an abort while there is no connection is what everybody is told", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ reconnect: { jitter: 0 } });
  await peer.close();
  await settled();
  const send = client.send("/queue/a");
  send.catch(() => {});
  client.abort("enough");
  const error = await assertRejects(() => send, ConnectionError, "aborted");
  assertEquals(error.cause, "enough");
  assertEquals((await client.closed).cause, error);
});

test("a loop that is left while it waits takes nothing with it", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  const left = subscription[Symbol.asyncIterator]();
  const waiting = left.next();
  await left.return?.();
  assertEquals((await waiting).done, true);
  const other = subscription[Symbol.asyncIterator]().next();
  await peer.write(message("s", 0));
  assertEquals((await other).value?.text(), "0");
});

test("several next() at once are taken one after the other", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const messages = client.subscribe("/queue/a", { id: "s" })
    [Symbol.asyncIterator]();
  await confirm(peer, await peer.next());
  const three = [messages.next(), messages.next(), messages.next()];
  for (let i = 0; i < 3; i++) await peer.write(message("s", i));
  const texts = (await Promise.all(three)).map(({ value }) => value?.text());
  assertEquals(texts, ["0", "1", "2"]);
  assertEquals((await peer.frames()).map((frame) => header(frame, "id")), [
    "a0",
    "a1",
  ]);
});

test("a SUBSCRIBE whose receipt is late is taken back", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ receiptTimeout: 50 });
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await peer.next();
  await broker.clock.advance(100);
  await assertRejects(() => subscription.ready, TimeoutError);
  assertEquals((await peer.next())?.command, "UNSUBSCRIBE");
  assertEquals(client.subscribe("/queue/a", { id: "s" }).id, "s");
});

test("a subscription that ends before it is confirmed was never ready", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const subscription = client.subscribe("/queue/a");
  void subscription.unsubscribe();
  const [, farewell] = await peer.frames();
  await confirm(peer, farewell);
  await assertRejects(() => subscription.ready, UsageError, "confirmed");
});

test("a message that is nobody's is told to whoever watches", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const status = client.status();
  const next = status.next();
  await peer.say(message("nobody's", 0));
  assertEquals((await next).value, {
    type: "unroutable",
    subscription: "nobody's",
  });
  const waiting = status.next();
  await status.return?.();
  assertEquals((await waiting).done, true);
});

test("after a reconnect the report counts what is left at the end", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ reconnect: { jitter: 0 } });
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  for (let i = 0; i < 3; i++) await peer.write(message("s", i));
  for await (const _ of subscription) break;
  await peer.close();
  await broker.clock.advance(100);
  const again = await broker.accept();
  await again.next();
  await again.write(raw("CONNECTED", { version: "1.2" }));
  await confirm(again, await again.next());
  const closing = client.close();
  for (let frame; (frame = await again.next()) !== undefined;) {
    await confirm(again, frame);
  }
  assertEquals(await closing, {
    graceful: true,
    handled: 0,
    unfinished: 0,
    redeliverable: 0,
  });
});

test("a passcode that a broker repeats is shown nowhere", async () => {
  await using broker = await ScriptedBroker.start();
  for (
    const answer of [
      raw("ERROR", {}, `${"x".repeat(195)}sesame`),
      raw("CONNECTED", { version: "sesame" }),
      raw("CONNECTED", { version: "1.2", "heart-beat": "sesame" }),
    ]
  ) {
    const dialing = broker.dial({ passcode: "sesame" });
    const peer = await broker.accept();
    await peer.next();
    await peer.write(answer);
    const error = await assertRejects(() => dialing, Error);
    assert(!`${error.stack}`.includes("sesam"), error.message);
  }
  const uri = "failover:(stomp://guest:s3cr3t,Passw0rd@a:1)";
  const error = await assertRejects(() => connect(uri), UsageError);
  assert(!/s3cr3t|Passw0rd/.test(error.message), error.message);
});
