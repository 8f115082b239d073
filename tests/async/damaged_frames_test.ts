import {
  type Client,
  connect,
  FrameError,
  type Message,
  type Subscription,
} from "../../mod.ts";
import { serveInMemory } from "../../testing/mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { withChance } from "../support/random.ts";
import { raw, type RawPeer } from "../support/raw_peer.ts";
import {
  confirm,
  header,
  message,
  ScriptedBroker,
} from "../support/scripted_broker.ts";
import { settled } from "../support/virtual_clock.ts";

const OVER = "x".repeat(70_000);

/** A MESSAGE with a header more. */
function messageWith(id: string, n: number, line: string): string {
  return message(id, n).replace("\n\n", `\n${line}\n\n`);
}

/** What a loop gets, and what it throws. */
async function loop(subscription: Subscription) {
  const got: Message[] = [];
  let error: unknown;
  try {
    for await (const message of subscription) got.push(message);
  } catch (thrown) {
    error = thrown;
  }
  return { got, error };
}

async function subscribed(client: Client, peer: RawPeer, destination: string) {
  const subscription = client.subscribe(destination);
  await confirm(peer, await peer.next());
  await subscription.ready;
  return subscription;
}

for (
  const [name, line, value] of [
    ["an escape that 1.2 lacks", "x:C:\\temp", "C:\\temp"],
    ["octets that are not UTF-8", "x:\xff", "\ufffd"],
    ["an empty name", ":", undefined],
    ["a line without a colon", "x:a\nb", "a\nb"],
  ] as const
) {
  test(`a message with ${name} is handed out, says what was mended, and is acknowledged`, async () => {
    await using broker = await ScriptedBroker.start();
    const { client, peer } = await broker.connect();
    const subscription = await subscribed(client, peer, "/queue/a");
    const looping = loop(subscription);
    await peer.write(message(subscription.id, 0));
    await peer.write(messageWith(subscription.id, 1, line));
    await peer.write(message(subscription.id, 2));
    await settled();
    const acks = (await peer.frames()).map((frame) => header(frame, "id"));
    assertEquals(acks, ["a0", "a1", "a2"]);
    client.abort();
    const { got } = await looping;
    assertEquals(got.map(({ flaws }) => flaws.length), [0, 1, 0]);
    if (value !== undefined) assertEquals(got[1]!.headers.get("x"), value);
  });
}

for (
  const [name, line, says] of [
    ["a header over the limit", `x:${OVER}`, "maxHeaderBytes"],
    ["a damaged destination", "destination:\xff", "octets that are not UTF-8"],
  ] as const
) {
  test(`a message with ${name} ends its own subscription, once what came before is settled; the others go on`, async () => {
    await using broker = await ScriptedBroker.start();
    const { client, peer } = await broker.connect();
    const bad = await subscribed(client, peer, "/queue/bad");
    const good = await subscribed(client, peer, "/queue/good");
    const badLoop = loop(bad);
    const goodLoop = loop(good);
    await peer.write(message(bad.id, 0) + message(bad.id, 1));
    const damaged = line.startsWith("destination")
      ? message(bad.id, 2).replace(/destination:[^\n]*/, line)
      : messageWith(bad.id, 2, line);
    await peer.write(damaged + message(bad.id, 3) + message(good.id, 4));
    await settled();
    const frames = await peer.frames();
    assertEquals(
      frames.map((frame) => `${frame.command} ${header(frame, "id")}`),
      ["ACK a0", "ACK a1", `UNSUBSCRIBE ${bad.id}`, "ACK a4"]
        .toSorted((a, b) =>
          frames.findIndex((f) => a.endsWith(` ${header(f, "id")}`)) -
          frames.findIndex((f) => b.endsWith(` ${header(f, "id")}`))
        ),
    );
    await confirm(
      peer,
      frames.find(({ command }) => command === "UNSUBSCRIBE")!,
    );
    const { got, error } = await badLoop;
    assertEquals(got.map(({ id }) => id), ["m0", "m1"]);
    assert(error instanceof FrameError, String(error));
    assertStringIncludes(error.message, says);
    assertStringIncludes(error.message, `subscription "${bad.id}"`);
    client.abort();
    assertEquals((await goodLoop).got.map(({ id }) => id), ["m4"]);
  });
}

test("what ends the connection each time it comes is met three times, then the loop, closed and later calls get the FrameError", async () => {
  await using broker = await ScriptedBroker.start();
  const dialing = broker.dial({
    reconnect: { initialDelay: 0, jitter: 0 },
  });
  let looping: ReturnType<typeof loop> | undefined;
  let client: Client | undefined;
  for (let round = 0; round < 3; round++) {
    const peer = await broker.accept();
    await peer.next();
    await peer.write(raw("CONNECTED", { version: "1.2" }));
    client ??= await dialing;
    looping ??= loop(client.subscribe("/queue/a"));
    const subscribe = await peer.next();
    await confirm(peer, subscribe);
    const id = header(subscribe, "id")!;
    await peer.write(message(id, round));
    await settled();
    await peer.write("MESSAGE\ncontent-length:3\n\nabcdef\0");
    await settled();
    await broker.clock.advance(100);
  }
  const { got, error } = await looping!;
  assertEquals(got.length, 3);
  assert(error instanceof FrameError, String(error));
  const { cause } = await client!.closed;
  assertEquals(cause, error);
  await assertRejects(() => client!.send("/queue/a"));
});

test("a consumer that meets what cannot be handed out closes the client with the FrameError, its handlers' messages acknowledged", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const handled: string[] = [];
  const consumer = client.consume("/queue/a", ({ id }) => {
    handled.push(id);
  });
  await confirm(peer, await peer.next());
  await peer.write(message(consumer.id, 0));
  await peer.write(messageWith(consumer.id, 1, `x:${OVER}`));
  await settled();
  const [ack, farewell] = await peer.frames();
  assertEquals([ack?.command, farewell?.command], ["ACK", "UNSUBSCRIBE"]);
  await confirm(peer, farewell);
  await confirm(peer, await peer.next());
  const { cause } = await client.closed;
  assert(cause instanceof FrameError, String(cause));
  assertEquals(handled, ["m0"]);
});

test("a 1.0 broker that escapes gets and gives what was meant", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({}, {
    version: "1.0",
    server: "RabbitMQ/3.10.8",
  });
  const path = "C:\\new\\temp";
  await client.send("/queue/a", "", { headers: { path } });
  await settled();
  const [frame] = await peer.frames();
  // The peer unescapes; without an escape its reader refuses a backslash before t.
  assertEquals(header(frame!, "path"), path);
  const subscription = await subscribed(client, peer, "/queue/a");
  await peer.write(messageWith(subscription.id, 0, "path:C\\c\\\\new\\\\temp"));
  const got = await subscription.receive({ timeout: 1000 });
  assertEquals(got!.headers.get("path"), path);
  assertEquals(got!.flaws, []);
  client.abort();
});

test("sound messages among damaged ones are all handled, whatever their order: seeded", async () => {
  await withChance(async (random) => {
    for (let round = 0; round < 40; round++) {
      await using broker = await ScriptedBroker.start();
      const { client, peer } = await broker.connect();
      const subscription = await subscribed(client, peer, "/queue/a");
      const looping = loop(subscription);
      const sound: string[] = [];
      let isSpoilt = false;
      for (let n = 0; n < random.below(12); n++) {
        const kind = random.below(8);
        if (kind === 0) {
          await peer.write(messageWith(subscription.id, n, `x:${OVER}`));
          isSpoilt = true;
        } else {
          const line = random.pick(["x:\\q", ":", "x:\xff", "x:y", "x:a\nb"]);
          await peer.write(messageWith(subscription.id, n, line));
          if (!isSpoilt) sound.push(`m${n}`);
        }
        if (random.onceIn(2)) await settled();
      }
      for (let acks = 0; acks < sound.length; acks++) {
        assertEquals((await peer.next())?.command, "ACK");
      }
      if (isSpoilt) {
        const farewell = await peer.next();
        assertEquals(farewell?.command, "UNSUBSCRIBE");
        await confirm(peer, farewell);
      } else client.abort();
      const { got, error } = await looping;
      assertEquals(got.map(({ id }) => id), sound);
      assertEquals(error instanceof FrameError, isSpoilt);
      client.abort();
    }
  });
});

test("a sound message of the embedded broker has no flaws", async () => {
  await using memory = await serveInMemory();
  await using client = await connect(memory.broker.url, memory.access);
  await client.send("/queue/a", "x", { headers: { path: "C:\\new\n" } });
  const subscription = client.subscribe("/queue/a");
  const got = await subscription.receive({ timeout: 1000 });
  assertEquals(got!.flaws, []);
  assertEquals(got!.headers.get("path"), "C:\\new\n");
  await got!.ack();
});
