import { VERSIONS } from "../../codec/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import { test } from "../support/harness.ts";
import { headerOf, raw } from "../support/raw_peer.ts";

const destination = "/queue/a";
const SEND = raw("SEND", { destination }, "1");

/** What a client asks for, and what RabbitMQ has for it. */
const BEATS = [
  ["500,500", "1000,1000"],
  ["1,999", "1000,1000"],
  ["0,0", "0,0"],
  ["1000,2999", "2000,1000"],
] as const;

test("as RabbitMQ: heart-beats are whole seconds, and at least one", async () => {
  await using memory = await BrokerInMemory.start({ dialect: "rabbitmq" });
  for (const [asked, answered] of BEATS) {
    const peer = await memory.dial();
    const [connected] = await peer.say(
      raw("CONNECT", { "accept-version": "1.2", "heart-beat": asked }),
    );
    assertEquals(headerOf(connected, "heart-beat"), answered);
  }
});

/** What a client of the default dialect asks for, and gets. */
const OWN_BEATS = [
  ["1000,1000", "1000,1000"],
  ["1500,60000", "60000,1500"],
  ["1,100", "250,250"],
  ["0,0", "0,0"],
] as const;

test("heart-beats are what the client asks for, and at least 250 ms", async () => {
  await using memory = await BrokerInMemory.start();
  for (const [asked, answered] of OWN_BEATS) {
    const peer = await memory.dial();
    const [connected] = await peer.say(
      raw("CONNECT", { "accept-version": "1.2", "heart-beat": asked }),
    );
    assertEquals(headerOf(connected, "heart-beat"), answered);
  }
});

for (const dialect of ["rabbitmq"] as const) {
  test(`as ${dialect}: a command that there is not is forgiven, however it is cut`, async () => {
    const text = raw("HELLO", { receipt: "r" }, "body") + "\n" +
      raw("SEND", { destination, receipt: "1" }, "a\nb") +
      raw("hello") + raw("SEND", { destination, receipt: "2" });
    for (const pieces of [[text], [...text]]) {
      await using memory = await BrokerInMemory.start({ dialect });
      const peer = await memory.connect();
      for (const piece of pieces) await peer.write(piece);
      assertEquals(
        (await peer.frames()).map(({ command }) => command),
        ["ERROR", "RECEIPT", "ERROR", "RECEIPT"],
      );
    }
  });
}

/** Who takes the id of a message in place of that of its `ack` header. */
const BY_MESSAGE_ID = [
  ["stompest", true],
  ["rabbitmq", true],
  ["activemq", false],
] as const;

for (const [dialect, isTaken] of BY_MESSAGE_ID) {
  for (const command of ["ACK", "NACK"]) {
    test(`as ${dialect}: in 1.2 an ${command} that names the message-id is ${isTaken ? "taken" : "refused"}`, async () => {
      await using memory = await BrokerInMemory.start({ dialect });
      const peer = await memory.connect();
      const [message] = await peer.say(
        SEND +
          raw("SUBSCRIBE", { id: "s", destination, ack: "client-individual" }),
      );
      const id = headerOf(message, "message-id");
      const [answer] = await peer.say(raw(command, { id, receipt: "r" }));
      assertEquals(answer?.command, isTaken ? "RECEIPT" : "ERROR");
    });
  }
}

test("a request with a reply-to and no SUBSCRIBE is answered, also where one follows", async () => {
  await using memory = await BrokerInMemory.start();
  const [client, service] = [await memory.connect(), await memory.connect()];
  const answers = "/temp-queue/answers";
  await service.say(raw("SUBSCRIBE", { id: "s", destination }));
  const ask = raw("SEND", { destination, "reply-to": answers }, "?");
  for (const id of [answers, "own"]) {
    if (id === "own") {
      await client.say(raw("SUBSCRIBE", { id, destination: answers }));
    }
    await client.say(ask);
    const [question] = await service.frames();
    const to = headerOf(question, "reply-to");
    await service.say(raw("SEND", { destination: to }, "!"));
    const answer = await client.frames();
    assertEquals(answer.map((frame) => headerOf(frame, "subscription")), [id]);
  }
});

for (const version of VERSIONS) {
  test(`as RabbitMQ: in STOMP ${version} a subscription without an id can be acknowledged and ended`, async () => {
    await using memory = await BrokerInMemory.start({ dialect: "rabbitmq" });
    const peer = await memory.connect(version);
    for (let i = 0; i < 2; i++) {
      const [message] = await peer.say(
        SEND + raw("SUBSCRIBE", { destination, ack: "client" }),
      );
      assertEquals(message?.body, "1");
      const acknowledged = version === "1.2"
        ? { id: headerOf(message, "ack") }
        : { "message-id": headerOf(message, "message-id") };
      const answers = await peer.say(
        raw("ACK", { ...acknowledged, receipt: "a" }) +
          raw("UNSUBSCRIBE", { destination, receipt: "u" }),
      );
      assertEquals(
        answers.map((frame) => headerOf(frame, "receipt-id")),
        ["a", "u"],
      );
    }
    await peer.close();
    assertEquals(memory.broker.queue(destination).depth, 0);
  });
}

test("UNSUBSCRIBE with durable:true ends what is not durable, too", async () => {
  for (const dialect of ["stompest", "rabbitmq"] as const) {
    await using memory = await BrokerInMemory.start({ dialect });
    const peer = await memory.connect();
    await peer.say(raw("SUBSCRIBE", { id: "s", destination }));
    const [receipt] = await peer.say(
      raw("UNSUBSCRIBE", { id: "s", durable: "true", receipt: "r" }),
    );
    assertEquals(receipt?.command, "RECEIPT", dialect);
    assertEquals(memory.broker.queue(destination).consumers, 0);
  }
});

test("a dead-letter queue may have a bare name where queues may", async () => {
  for (const name of ["dlq", "/queue/dlq"]) {
    await using memory = await BrokerInMemory.start({
      dialect: "rabbitmq",
      deadLetterQueue: "dlq",
    });
    const peer = await memory.connect();
    const [message] = await peer.say(
      raw("SUBSCRIBE", { id: "d", destination: name, ack: "client" }) +
        raw("SUBSCRIBE", { id: "s", destination, ack: "client" }) + SEND,
    );
    const requeue = "false";
    const [dead] = await peer.say(
      raw("NACK", { id: headerOf(message, "ack"), requeue }),
    );
    assertEquals(headerOf(dead, "subscription"), "d");
    await peer.say(raw("NACK", { id: headerOf(dead, "ack"), requeue }));
    assertEquals(memory.broker.queue("dlq").depth, 0, "it has died twice");
  }
});

test("a SEND may have a header selector, which is the sender's own", async () => {
  for (const dialect of ["stompest", "activemq"] as const) {
    await using memory = await BrokerInMemory.start({ dialect });
    const peer = await memory.connect();
    const [message] = await peer.say(
      raw("SUBSCRIBE", { id: "s", destination }) +
        raw("SEND", { destination, selector: "colour" }),
    );
    assertEquals(headerOf(message, "selector"), "colour");
  }
});
