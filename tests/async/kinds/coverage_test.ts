// In ack mode "client" a frame covers what was handed out before it. What was left
// is covered by nothing but its own.

import { connect, type Message, UsageError } from "../../../mod.ts";
import { type MemoryBroker, serveInMemory } from "../../../testing/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { test } from "../../support/harness.ts";
import { settled } from "../../support/virtual_clock.ts";

async function put(memory: MemoryBroker, texts: string): Promise<void> {
  await using client = await connect(memory.broker.url, memory.access);
  for (const text of texts) {
    await client.send("/queue/a", text, { receipt: true });
  }
}

/** What the queue still has when everybody has left. */
async function left(memory: MemoryBroker): Promise<string> {
  await using client = await connect(memory.broker.url, memory.access);
  const subscription = client.subscribe("/queue/a", { ack: "auto" });
  await subscription.ready;
  let texts = "";
  for (;;) {
    const message = await subscription.receive({ timeout: 0 });
    if (message === null) return texts;
    texts += message.text();
  }
}

/** How a loop is left with its first message in hand. */
const WAYS: Readonly<
  Record<string, (loop: AsyncIterator<Message>) => unknown>
> = {
  "by break": (loop) => loop.return!(),
  "by throw": (loop) => loop.return!(),
};

for (const [way, leave] of Object.entries(WAYS)) {
  test(`a message that a loop was left with ${way} is not acknowledged by the next loop`, async () => {
    await using memory = await serveInMemory();
    await put(memory, "123");
    const client = await connect(memory.broker.url, memory.access);
    const subscription = client.subscribe("/queue/a", { ack: "client" });
    const loop = subscription[Symbol.asyncIterator]();
    assertEquals((await loop.next()).value?.text(), "1");
    await leave(loop);
    let seen = "";
    for await (const message of subscription) {
      seen += message.text();
      if (seen === "23") void client.close();
    }
    const { graceful, unfinished } = await client.closed;
    assertEquals([seen, graceful, unfinished], ["23", false, 3]);
    assert((await left(memory)).startsWith("1"));
  });
}

test("once what was left is settled, all behind it that was finished is, too", async () => {
  await using memory = await serveInMemory();
  await put(memory, "1234");
  const client = await connect(memory.broker.url, memory.access);
  const subscription = client.subscribe("/queue/a", { ack: "client" });
  let first: Message | undefined;
  for await (const message of subscription) {
    first = message;
    break;
  }
  for await (const message of subscription) {
    if (message.text() === "2") continue;
    if (message.text() === "3") await first!.ack();
    else void client.close();
  }
  const { graceful, handled, unfinished } = await client.closed;
  assertEquals([graceful, handled, unfinished], [true, 4, 0]);
  assertEquals(await left(memory), "");
});

test("an ACK by hand that would cover what was left is refused, and says what to do", async () => {
  await using memory = await serveInMemory();
  await put(memory, "12");
  await using client = await connect(memory.broker.url, memory.access);
  const subscription = client.subscribe("/queue/a", {
    ack: "client",
    manualAck: true,
  });
  const messages: Message[] = [];
  for (let count = 0; count < 2; count++) {
    for await (const message of subscription) {
      messages.push(message);
      break;
    }
  }
  const [one, two] = messages;
  await assertRejects(() => two!.ack(), UsageError, "settle that one first");
  await one!.ack();
  await two!.ack({ receipt: true });
  assertEquals(memory.broker.queue("/queue/a").depth, 0);
});

test("what an aborted transaction had acknowledged is where it was, and covered by nothing else", async () => {
  await using memory = await serveInMemory();
  await put(memory, "123");
  const client = await connect(memory.broker.url, memory.access);
  const transaction = await client.begin();
  for await (const message of client.subscribe("/queue/a", { ack: "client" })) {
    if (message.text() === "2") await message.ack({ transaction });
    if (message.text() !== "3") continue;
    await transaction.abort();
    void client.close();
  }
  const report = await client.closed;
  assert(!report.graceful && report.unfinished > 0);
  assert((await left(memory)).startsWith("2"));
});

test("a handler that refuses its message and then fails gets no copy made of it", async () => {
  await using memory = await serveInMemory();
  await put(memory, "1");
  await using client = await connect(memory.broker.url, memory.access);
  let times = 0;
  const consumer = client.consume("/queue/a", async (message) => {
    if (++times > 5) return;
    await message.nack();
    throw new Error("no");
  }, { errorDestination: "/queue/failed" });
  await consumer.ready;
  for (let turn = 0; turn < 20; turn++) await settled();
  assert(times > 5);
  assertEquals(memory.broker.queue("/queue/failed").depth, 0);
});
