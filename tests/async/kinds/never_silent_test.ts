// What a program sees that has looked at nothing.

import process from "node:process";
import { type Client, connect, ConnectionError } from "../../../mod.ts";
import { serveInMemory } from "../../../testing/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { test } from "../../support/harness.ts";
import { raw } from "../../support/raw_peer.ts";
import {
  confirm,
  message,
  ScriptedBroker,
} from "../../support/scripted_broker.ts";
import { settled } from "../../support/virtual_clock.ts";

const POISON = new Error("poison");

/** What nobody has handled, of what happens meanwhile. */
async function unhandled(run: () => Promise<void>): Promise<unknown[]> {
  const seen: unknown[] = [];
  const see = (reason: unknown) => void seen.push(reason);
  process.on("unhandledRejection", see);
  try {
    await run();
    await settled();
  } finally {
    process.off("unhandledRejection", see);
  }
  return seen;
}

/** A client whose only handler fails, and that has left by the end of this. */
async function failed(look: (client: Client) => unknown): Promise<void> {
  await using memory = await serveInMemory();
  const client = await connect(memory.broker.url, memory.access);
  client.consume("/queue/a", () => {
    throw POISON;
  });
  look(client);
  await client.send("/queue/a", "bad").catch(() => {});
  await settled();
  await memory.clock.advance(2000);
}

test(
  "a client that ends by itself, and whose end nobody looks at, is an unhandled rejection with the cause",
  async () => {
    const seen = await unhandled(() => failed(() => {}));
    assertEquals(seen, [POISON]);
    // The runners of Bun and Node take such a rejection for a failure, whoever listens.
  },
  { ignore: !("Deno" in globalThis) },
);

const LOOKS: Readonly<Record<string, (client: Client) => unknown>> = {
  closed: (client) => client.closed,
  "status()": (client) => client.status(),
  "close()": (client) => client.close(),
  "abort()": (client) => client.abort(),
};
for (const [name, look] of Object.entries(LOOKS)) {
  test(`a client whose end is looked at by ${name} rejects nothing else`, async () => {
    const seen = await unhandled(() => failed(look));
    assertEquals(seen, []);
  });
}

test("a loop that throws has told of the end", async () => {
  await using broker = await ScriptedBroker.start();
  const seen = await unhandled(async () => {
    const { client, peer } = await broker.connect({ reconnect: false });
    const loop = (async () => {
      for await (const _ of client.subscribe("/queue/a"));
    })();
    const thrown = assertRejects(() => loop, ConnectionError);
    await peer.close();
    await thrown;
    await broker.clock.advance(2000);
  });
  assertEquals(seen, []);
});

test("a subscription whose credit is used up while nothing is settled says so after ten seconds, once", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ heartBeat: [0, 0] });
  const events: unknown[] = [];
  void (async () => {
    for await (const event of client.status()) events.push(event);
  })();
  const busy = Promise.withResolvers<void>();
  client.consume("/queue/a", () => busy.promise, { id: "s", prefetch: 2 });
  await confirm(peer, await peer.next());
  await peer.say(message("s", 1));
  await broker.clock.advance(60_000);
  assertEquals(events, [], "there is credit left");
  await peer.say(message("s", 2));
  await broker.clock.advance(9999);
  assertEquals(events, []);
  await broker.clock.advance(1);
  assertEquals(events, [{
    type: "consumer-stalled",
    subscription: "s",
    destination: "/queue/a",
    inHand: 1,
    age: 70_000,
  }]);
  await broker.clock.advance(60_000);
  assertEquals(events.length, 1);
  busy.resolve();
  await settled();
  assertEquals((await peer.frames()).length, 2);
  await broker.clock.advance(60_000);
  assertEquals(events.length, 1, "what is settled stalls nothing");
});

test("back-pressure says when it stops the reader, whose fault that is, and when it goes on", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({
    heartBeat: [0, 0],
    receiveBuffer: 10_000,
  });
  const events: { type: string; subscription?: string | undefined }[] = [];
  void (async () => {
    for await (const event of client.status()) events.push(event);
  })();
  const slow = client.subscribe("/topic/slow", { id: "slow", ack: "auto" });
  await confirm(peer, await peer.next());
  const quick = client.subscribe("/topic/quick", { id: "quick", ack: "auto" });
  await confirm(peer, await peer.next());
  (async () => {
    for await (const _ of quick);
  })().catch(() => {});
  const body = "x".repeat(1000);
  for (let count = 0; count < 12; count++) {
    for (const id of ["slow", "quick"]) {
      await peer.write(
        raw("MESSAGE", {
          subscription: id,
          "message-id": `${count}`,
          destination: `/topic/${id}`,
        }, body),
      );
      await settled();
    }
  }
  assertEquals(events.map(({ type }) => type), ["reading-paused"]);
  assertEquals(events[0]?.subscription, "slow");
  for await (const { id } of slow) if (id === "10") break;
  await settled();
  assertEquals(events.map(({ type }) => type).slice(0, 2), [
    "reading-paused",
    "reading-resumed",
  ]);
});

test("a passcode function that throws rejects with its own error, however many brokers there are", async () => {
  const failure = new Error("no token");
  const thrown = await assertRejects(() =>
    connect("failover:(stomp://127.0.0.1:1,stomp://127.0.0.1:2)", {
      passcode: () => Promise.reject(failure),
    })
  );
  assert(thrown === failure);
});

test("an error of a call has the caller's line in its stack", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ reconnect: false });
  async function thisProgram(work: () => Promise<unknown>): Promise<unknown> {
    return await work();
  }
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    "connect()": () => connect("stomp://127.0.0.1:1", { reconnect: false }),
    "send()": () => client.send("/queue/a", "", { receipt: true }),
    "request()": () => client.request("/queue/a"),
    "transaction()": () => client.transaction(() => Promise.resolve()),
  };
  const running = Object.entries(calls).map(async ([name, call]) => {
    const { stack = "" } = await assertRejects(() =>
      thisProgram(call)
    ) as Error;
    assert(stack.includes("never_silent_test.ts"), `${name}: ${stack}`);
  });
  await settled();
  await peer.close();
  await Promise.all(running);
});

test("a client that is printed shows its state, broker, version and counts, and no secret", async () => {
  await using broker = await ScriptedBroker.start();
  const { client } = await broker.connect(
    { passcode: "sesame" },
    { version: "1.2", server: "Rabbit/1" },
  );
  const inspect = Symbol.for("nodejs.util.inspect.custom");
  const text: string =
    (client as unknown as Record<symbol, () => string>)[inspect]!();
  for (const part of ["open", "Rabbit/1", "1.2", "0 messages in hand"]) {
    assert(text.includes(part), text);
  }
  assert(!text.includes("sesame"));
});
