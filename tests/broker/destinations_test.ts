import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import { test } from "../support/harness.ts";
import { bodiesOf, headerOf, raw } from "../support/raw_peer.ts";

const TOPIC = "/topic/news";
const DURABLE = { id: "reader", destination: TOPIC, durable: "true" };

function news(body: string): string {
  return raw("SEND", { destination: TOPIC }, body);
}

test("a durable subscription gathers what is sent while nobody is there, until it is deleted", async () => {
  await using memory = await BrokerInMemory.start();
  const producer = await memory.connect();
  const first = await memory.connect();
  await first.say(raw("SUBSCRIBE", DURABLE));
  await first.close();
  await producer.say(news("1") + news("2"));

  const second = await memory.connect();
  assertEquals(bodiesOf(await second.say(raw("SUBSCRIBE", DURABLE))), [
    "1",
    "2",
  ]);
  // A plain UNSUBSCRIBE is no deletion.
  await second.say(raw("UNSUBSCRIBE", { id: "reader" }));
  await producer.say(news("3"));
  assertEquals(bodiesOf(await second.say(raw("SUBSCRIBE", DURABLE))), ["3"]);

  await second.say(raw("UNSUBSCRIBE", { id: "reader", durable: "true" }));
  await producer.say(news("4"));
  assertEquals(await second.say(raw("SUBSCRIBE", DURABLE)), []);
});

test("a durable subscription that another client consumes is not deleted under it", async () => {
  await using memory = await BrokerInMemory.start();
  const [one, other] = [await memory.connect(), await memory.connect()];
  await one.say(raw("SUBSCRIBE", DURABLE));
  await other.say(raw("SUBSCRIBE", DURABLE));
  await one.say(raw("UNSUBSCRIBE", { id: "reader", durable: "true" }));
  await one.say(news("1"));
  assertEquals(await other.bodies(), ["1"]);
});

test("durable subscriptions of other names and topics are others", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  await peer.say(raw("SUBSCRIBE", DURABLE));
  await peer.say(raw("UNSUBSCRIBE", { id: "reader" }));
  await peer.say(news("1"));
  const others = [{ ...DURABLE, id: "other" }, {
    ...DURABLE,
    id: "third",
    destination: "/topic/other",
  }];
  for (const headers of others) {
    assertEquals(await peer.say(raw("SUBSCRIBE", headers)), []);
  }
  assertEquals(bodiesOf(await peer.say(raw("SUBSCRIBE", DURABLE))), ["1"]);
});

test("a temporary queue is its session's own, whatever others call theirs", async () => {
  await using memory = await BrokerInMemory.start();
  const [service, one, other] = [
    await memory.connect(),
    await memory.connect(),
    await memory.connect(),
  ];
  await service.write(
    raw("SUBSCRIBE", { id: "s", destination: "/queue/service" }),
  );
  const name = "/temp-queue/answers";
  for (const [client, question] of [[one, "1"], [other, "2"]] as const) {
    await client.say(raw("SUBSCRIBE", { id: "a", destination: name }));
    await client.say(
      raw(
        "SEND",
        { destination: "/queue/service", "reply-to": name },
        question,
      ),
    );
  }
  for (const request of await service.frames()) {
    const destination = headerOf(request, "reply-to");
    await service.say(raw("SEND", { destination }, `${request.body}!`));
  }
  assertEquals(await one.bodies(), ["1!"]);
  assertEquals(await other.bodies(), ["2!"]);
});

test("a temporary queue is gone with its session, and nobody else may consume it", async () => {
  await using memory = await BrokerInMemory.start();
  const [service, client] = [await memory.connect(), await memory.connect()];
  await service.write(
    raw("SUBSCRIBE", { id: "s", destination: "/queue/service" }),
  );
  const name = "/temp-queue/answers";
  await client.say(raw("SUBSCRIBE", { id: "a", destination: name }));
  await client.say(
    raw("SEND", { destination: "/queue/service", "reply-to": name }, "?"),
  );
  const [request] = await service.frames();
  const destination = headerOf(request, "reply-to")!;
  await client.close();
  assertEquals(
    await service.say(raw("SEND", { destination, receipt: "r" }, "too late")),
    [{ command: "RECEIPT", headers: [["receipt-id", "r"]], body: "" }],
  );
  assertEquals(memory.broker.queue(destination).depth, 0);
  const [error] = await service.say(
    raw("SUBSCRIBE", { id: "t", destination }),
  );
  assertStringIncludes(headerOf(error, "message")!, "another session");
});
