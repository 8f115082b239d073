import { partsOf, TopicPatterns } from "../../broker/topic_patterns.ts";
import type { DialectName } from "../../session/dialects.ts";
import { assertEquals, assertLess } from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import { test } from "../support/harness.ts";
import { headerOf, raw } from "../support/raw_peer.ts";

const SENT = ["a", "a.b", "a.c", "a.b.c", "b", "b.b", "a.b.c.d"];

/** What a subscription to a pattern of topics is sent, as each broker has it. */
const MATCHES: readonly (readonly [DialectName, string, string])[] = [
  ["stompest", "a.*", "a.b a.c"],
  ["stompest", "*.b", "a.b b.b"],
  ["stompest", "a.>", "a a.b a.c a.b.c a.b.c.d"],
  ["stompest", ">", SENT.join(" ")],
  ["stompest", "a.*.c", "a.b.c"],
  ["stompest", "*.b.>", "a.b a.b.c b.b a.b.c.d"],
  ["activemq", "a.*", "a.b a.c"],
  ["activemq", "a.>", "a a.b a.c a.b.c a.b.c.d"],
  ["rabbitmq", "a.*", "a.b a.c"],
  ["rabbitmq", "a.#", "a a.b a.c a.b.c a.b.c.d"],
  ["rabbitmq", "#.c", "a.c a.b.c"],
  ["rabbitmq", "#.b.#", "a.b a.b.c b b.b a.b.c.d"],
  ["rabbitmq", "#.#", SENT.join(" ")],
  ["rabbitmq", "*.*", "a.b a.c b.b"],
];

for (const [dialect, pattern, expected] of MATCHES) {
  test(`as ${dialect}, a subscription to /topic/${pattern} is sent what matches, each once`, async () => {
    await using memory = await BrokerInMemory.start({ dialect });
    const peer = await memory.connect();
    const destination = `/topic/${pattern}`;
    await peer.write(raw("SUBSCRIBE", { id: "s", destination }));
    const sends = SENT.map((name) =>
      raw("SEND", { destination: `/topic/${name}` }, name)
    );
    const came = await peer.say(sends.join(""));
    assertEquals(came.map(({ body }) => body).join(" "), expected);
    for (const frame of came) {
      assertEquals(headerOf(frame, "destination"), `/topic/${frame.body}`);
    }
    await peer.say(raw("UNSUBSCRIBE", { id: "s" }));
    assertEquals(await peer.say(sends.join("")), []);
  });
}

/** What has wildcards where there are none is not accepted in silence. */
const REFUSED: readonly (readonly [DialectName, string])[] = [
  ["plain", "/topic/a.*"],
  ["plain", "/topic/a.>"],
  ["plain", "/topic/#"],
  ["stompest", "/queue/a.*"],
  ["stompest", "/queue/>"],
  ["stompest", "/topic/>.a"],
  ["stompest", "/topic/a.#"],
  ["activemq", "/queue/a.>"],
];

for (const [dialect, destination] of REFUSED) {
  test(`as ${dialect}, a subscription to ${destination} is refused`, async () => {
    await using memory = await BrokerInMemory.start({ dialect });
    const peer = await memory.connect();
    const [error] = await peer.say(raw("SUBSCRIBE", { id: "s", destination }));
    assertEquals(error?.command, "ERROR");
    await peer.end();
  });
}

test("a durable subscription to a pattern gathers what matches", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  const subscribe = raw("SUBSCRIBE", {
    id: "s",
    destination: "/topic/a.*",
    durable: "true",
  });
  await peer.say(subscribe + raw("UNSUBSCRIBE", { id: "s" }));
  await peer.say(raw("SEND", { destination: "/topic/a.b" }, "1"));
  await peer.say(subscribe);
  assertEquals(memory.broker.queue("/topic/a.*").consumers, 1);
});

test("finding what a name matches looks at what its parts touch, not at all patterns", () => {
  const patterns = new TopicPatterns<number>({
    one: "*",
    any: "#",
    isAnyLast: false,
    foreign: [],
  });
  for (let i = 0; i < 10_000; i++) patterns.add([`t${i}`, "*", "c"], i);
  patterns.add(["#", "c"], -1);
  let looks = 0;
  const { get } = Map.prototype;
  using _ = { [Symbol.dispose]: () => Map.prototype.get = get };
  Map.prototype.get = function (key) {
    looks++;
    return get.call(this, key);
  };
  const found = [...patterns.matching(partsOf("t77.b.c"))];
  Map.prototype.get = get;
  assertEquals(found.toSorted(), [-1, 77]);
  assertLess(looks, 50);
  for (let i = 0; i < 10_000; i++) patterns.delete([`t${i}`, "*", "c"], i);
  assertEquals(patterns.size, 1);
  assertEquals([...patterns.matching(["t1", "b", "c"])], [-1]);
});
