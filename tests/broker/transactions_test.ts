import { VERSIONS } from "../../codec/mod.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import type { PlainFrame } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { headerOf, raw, type RawPeer } from "../support/raw_peer.ts";

const transaction = "t";
const BEGIN = raw("BEGIN", { transaction });
const COMMIT = raw("COMMIT", { transaction });
const ABORT = raw("ABORT", { transaction });

function send(destination: string, body: string): string {
  return raw("SEND", { destination, transaction }, body);
}

/** Acknowledges or refuses with STOMP 1.2, in the transaction. */
function settle(command: "ACK" | "NACK", message?: PlainFrame): string {
  return raw(command, { id: headerOf(message, "ack"), transaction });
}

/** Delivers 1, 2 and 3 out of /queue/in. */
async function deliver(peer: RawPeer, ack: string): Promise<PlainFrame[]> {
  const destination = "/queue/in";
  return await peer.say(
    raw("SUBSCRIBE", { destination, id: "s", ack }) +
      [..."123"].map((body) => raw("SEND", { destination }, body)).join(""),
  );
}

/** What a queue holds. */
async function rest(
  memory: BrokerInMemory,
  destination: string,
): Promise<string[]> {
  const peer = await memory.connect();
  await peer.write(raw("SUBSCRIBE", { destination, id: "s" }));
  return await peer.bodies();
}

for (const version of VERSIONS) {
  test(`SV-22: in STOMP ${version} what was sent in a transaction arrives with COMMIT, in order`, async () => {
    await using memory = await BrokerInMemory.start();
    const [producer, consumer] = [
      await memory.connect(version),
      await memory.connect(version),
    ];
    await consumer.say(raw("SUBSCRIBE", { destination: "/queue/a", id: "s" }));
    await producer.say(BEGIN + send("/queue/a", "1") + send("/queue/a", "2"));
    await producer.say(raw("SEND", { destination: "/queue/a" }, "outside"));
    assertEquals(await consumer.bodies(), ["outside"]);
    assertEquals(await producer.say(COMMIT), []);
    assertEquals(await consumer.bodies(), ["1", "2"]);
  });
}

/** How a transaction can end without a COMMIT. */
const VOID:
  readonly (readonly [string, (peer: RawPeer) => Promise<unknown>])[] = [
    ["ABORT", (peer) => peer.say(ABORT)],
    ["DISCONNECT", (peer) => peer.say(raw("DISCONNECT"))],
    ["the loss of the connection", (peer) => peer.close()],
    ["an ERROR", (peer) => peer.say(raw("ACK", { id: "nonsense" }))],
  ];

for (const [name, end] of VOID) {
  test(`SV-22: ${name} makes a transaction void: nothing was sent, acknowledged or refused`, async () => {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.connect();
    const [one, two, three] = await deliver(peer, "client-individual");
    await peer.say(
      BEGIN + send("/queue/out", "x") + settle("ACK", one) +
        settle("NACK", two) + settle("ACK", three),
    );
    await end(peer);
    await peer.close();
    assertEquals(await rest(memory, "/queue/out"), []);
    assertEquals(await rest(memory, "/queue/in"), ["1*", "2*", "3*"]);
  });
}

test("SV-22: COMMIT sends, acknowledges and refuses what the transaction held", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  const [one, two, three] = await deliver(peer, "client-individual");
  assertEquals(
    await peer.say(
      BEGIN + send("/queue/out", "x") + settle("ACK", one) +
        settle("NACK", two),
    ),
    [],
  );
  await peer.write(COMMIT);
  assertEquals(await peer.bodies(), ["2*"]);
  await peer.say(raw("ACK", { id: headerOf(three, "ack") }));
  await peer.close();
  assertEquals(await rest(memory, "/queue/out"), ["x"]);
  assertEquals(await rest(memory, "/queue/in"), ["2*"]);
});

test("in mode client an ACK in a transaction covers the messages before; ABORT frees them all", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  const messages = await deliver(peer, "client");
  await peer.say(BEGIN + settle("ACK", messages[1]) + ABORT);
  await peer.say(BEGIN + settle("ACK", messages[1]) + COMMIT);
  await peer.close();
  assertEquals(await rest(memory, "/queue/in"), ["3*"]);
});

test("an ACK outside of a transaction leaves alone what the transaction holds", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  const messages = await deliver(peer, "client");
  await peer.say(
    BEGIN + settle("ACK", messages[0]) +
      raw("ACK", { id: headerOf(messages[2], "ack") }) + ABORT,
  );
  await peer.close();
  assertEquals(await rest(memory, "/queue/in"), ["1*"]);
});

test("an acknowledgement in a transaction gives no credit before COMMIT", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  const destination = "/queue/in";
  const [one] = await peer.say(
    raw("SUBSCRIBE", {
      destination,
      id: "s",
      ack: "client-individual",
      "prefetch-count": "1",
    }) + raw("SEND", { destination }, "1") + raw("SEND", { destination }, "2"),
  );
  assertEquals(await peer.say(BEGIN + settle("ACK", one)), []);
  await peer.write(COMMIT);
  assertEquals(await peer.bodies(), ["2"]);
});

test("transactions of different names and of different clients have nothing to do with each other", async () => {
  await using memory = await BrokerInMemory.start();
  const [one, two] = [await memory.connect(), await memory.connect()];
  const destination = "/queue/a";
  await one.say(BEGIN + send(destination, "1"));
  await two.say(BEGIN + send(destination, "2"));
  await one.say(
    raw("BEGIN", { transaction: "u" }) +
      raw("SEND", { destination, transaction: "u" }, "3") +
      raw("COMMIT", { transaction: "u" }),
  );
  await two.say(COMMIT);
  await one.say(ABORT);
  assertEquals(await rest(memory, destination), ["3", "2"]);
});

test("a name can be used again once its transaction has ended", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  for (const end of [COMMIT, ABORT, COMMIT]) {
    assertEquals(await peer.say(BEGIN + send("/queue/a", "1") + end), []);
  }
  assertEquals(await rest(memory, "/queue/a"), ["1", "1"]);
});

test("SV-08: receipts of a transaction's frames come when those are accepted, not when it is committed", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  const frames = await peer.say(
    raw("BEGIN", { transaction, receipt: "1" }) +
      raw("SEND", { destination: "/queue/a", transaction, receipt: "2" }) +
      raw("ABORT", { transaction, receipt: "3" }),
  );
  assertEquals(
    frames.map((frame) => headerOf(frame, "receipt-id")),
    ["1", "2", "3"],
  );
  assertStrictEquals(
    frames.every(({ command }) => command === "RECEIPT"),
    true,
  );
});

const UNSUBSCRIBE = raw("UNSUBSCRIBE", { id: "s" });

test("SV-22: what a transaction has settled stays so when its subscription ends before COMMIT", async () => {
  for (const dialect of ["stompest", "rabbitmq"] as const) {
    await using memory = await BrokerInMemory.start({ dialect });
    const peer = await memory.connect();
    const [one, two] = await deliver(peer, "client-individual");
    const requeue = { id: headerOf(two, "ack"), transaction, requeue: "false" };
    await peer.say(
      BEGIN + send("/queue/out", "x") + settle("ACK", one) +
        raw("NACK", requeue) + UNSUBSCRIBE,
    );
    assertEquals(memory.broker.queue("/queue/out").depth, 0);
    assertEquals(await peer.say(COMMIT), []);
    await peer.close();
    assertEquals(await rest(memory, "/queue/out"), ["x"]);
    assertEquals(await rest(memory, "/queue/in"), ["3*"]);
  }
});

for (const [name, end] of VOID) {
  test(`SV-22: ${name} gives back what a transaction had settled, when its subscription has ended, too`, async () => {
    await using memory = await BrokerInMemory.start();
    const [peer, other] = [await memory.connect(), await memory.connect()];
    const [one, two] = await deliver(peer, "client-individual");
    await peer.say(
      BEGIN + settle("ACK", one) + settle("NACK", two) + UNSUBSCRIBE,
    );
    await other.write(raw("SUBSCRIBE", { destination: "/queue/in", id: "s" }));
    assertEquals(await other.bodies(), ["3*"]);
    await end(peer);
    assertEquals(await other.bodies(), ["1*", "2*"]);
  });
}

test("a cumulative ACK covers what an aborted transaction had claimed", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  const messages = await deliver(peer, "client");
  await peer.say(BEGIN + settle("ACK", messages[1]) + ABORT);
  await peer.say(raw("ACK", { id: headerOf(messages[2], "ack") }));
  await peer.close();
  assertEquals(await rest(memory, "/queue/in"), []);
});

test("an ACK in a transaction that there is not forgets nothing", async () => {
  await using memory = await BrokerInMemory.start({ dialect: "rabbitmq" });
  const peer = await memory.connect();
  const messages = await deliver(peer, "client");
  const [error] = await peer.say(settle("ACK", messages[1]));
  assertStrictEquals(error?.command, "ERROR");
  await peer.say(raw("ACK", { id: headerOf(messages[2], "ack") }));
  await peer.close();
  assertEquals(await rest(memory, "/queue/in"), []);
});
