import { assertEquals } from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import { test } from "../support/harness.ts";
import { raw, type RawPeer } from "../support/raw_peer.ts";

const destination = "/queue/a";
const UNSUBSCRIBE = raw("UNSUBSCRIBE", { id: "s" });

function start(): Promise<BrokerInMemory> {
  return BrokerInMemory.start({ dialect: "rabbitmq" });
}

async function consume(peer: RawPeer): Promise<string[]> {
  await peer.write(
    raw("SUBSCRIBE", { id: "s", destination, ack: "client-individual" }),
  );
  return await peer.bodies();
}

test("what clings to a connection survives that others come to its queue and go", async () => {
  await using memory = await start();
  const [holder, other] = [await memory.connect(), await memory.connect()];
  await holder.say(raw("SEND", { destination }, "job"));
  assertEquals(await consume(holder), ["job"]);
  await holder.say(UNSUBSCRIBE);
  assertEquals(await consume(other), []);
  await other.say(UNSUBSCRIBE);
  assertEquals(memory.broker.queue(destination).unacknowledged, 1);
  await holder.close();
  assertEquals(await consume(other), ["job*"]);
});

test("nothing clings where nothing is unsettled: a topic has no copy for who has left", async () => {
  await using memory = await start();
  const peer = await memory.connect();
  const topic = "/topic/a";
  for (let i = 0; i < 3; i++) {
    await peer.say(raw("SUBSCRIBE", { id: "s", destination: topic }));
    await peer.say(UNSUBSCRIBE);
  }
  await peer.say(raw("SEND", { destination: topic }, "news"));
  assertEquals(memory.broker.queue(topic), {
    depth: 0,
    octets: 0,
    unacknowledged: 0,
    consumers: 0,
  });
});
