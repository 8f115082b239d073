import { VERSIONS } from "../../codec/mod.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import { utf8 } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { headerOf, raw } from "../support/raw_peer.ts";

const destination = "/queue/a";
const SUBSCRIBE = raw("SUBSCRIBE", { destination, id: "s" });

/** Headers of the broker's own; the sender's come behind them. */
const OWN = ["subscription", "message-id", "destination"];

for (const version of VERSIONS) {
  test(`SV-17: in STOMP ${version} the sender's headers come through in their order, repeated ones too`, async () => {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.connect(version);
    const headers: [string, string][] = [
      ["b", "1"],
      ["a", "first"],
      ["content-type", "text/plain"],
      ["a", "second"],
      [" padded ", "  a b  "],
      ["persistent", "true"],
      [utf8("grün"), utf8("€")],
      ["priority", "4"],
      ["a", "third"],
    ];
    const lines = headers.map(([name, value]) => `${name}:${value}\n`);
    const [message] = await peer.say(
      `${SUBSCRIBE}SEND\n${lines.slice(0, 4).join("")}` +
        `destination:${destination}\n${lines.slice(4).join("")}\n\0`,
    );
    assertEquals(
      message?.headers.slice(OWN.length).map((pair) => pair.map(utf8)),
      headers,
    );
  });
}

test("SV-17: a MESSAGE has the destination of the SEND, to the octet", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  const opaque = ["a", " /queue/ä ", "/topic/a b", "x?y=z"];
  for (const [i, destination] of opaque.entries()) {
    const [message] = await peer.say(
      raw("SUBSCRIBE", {
        destination: utf8(destination),
        id: `${i}`,
      }) +
        raw("SEND", { destination: utf8(destination) }),
    );
    assertStrictEquals(headerOf(message, "destination"), destination);
  }
});

test("headers of the SEND frame itself stay behind, and the broker's own cannot be forged", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  const [message] = await peer.say(
    raw("BEGIN", { transaction: "t" }) +
      raw("SEND", {
        destination,
        transaction: "t",
        "content-length": "2",
        "message-id": "forged",
        subscription: "forged",
        ack: "forged",
        redelivered: "true",
        a: "b",
      }, "hi") + raw("COMMIT", { transaction: "t" }) + SUBSCRIBE,
  );
  assertEquals(message?.headers, [
    ["subscription", "s"],
    ["message-id", "m-1"],
    ["destination", destination],
    ["a", "b"],
    ["content-length", "2"],
  ]);
});

test("a body of any octets comes through; its content-length is its own", async () => {
  await using memory = await BrokerInMemory.start();
  const body = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
  for (const version of VERSIONS) {
    const peer = await memory.connect(version);
    const [message] = await peer.say(
      SUBSCRIBE +
        raw("SEND", { destination, "content-length": "256" }, body),
    );
    assertStrictEquals(message?.body, body);
    await peer.say(raw("UNSUBSCRIBE", { id: "s" }));
  }
});

/** What only some versions can express. Those that cannot do without it. */
const ESCAPED: readonly (readonly [wire: string, string, readonly string[]])[] =
  [
    ["colon:a\\cb", "a:b", ["1.0", "1.1", "1.2"]],
    ["backslash:a\\\\b", "a\\b", ["1.0", "1.1", "1.2"]],
    ["lf:a\\nb", "a\nb", ["1.1", "1.2"]],
    ["cr:a\\rb", "a\rb", ["1.0", "1.1", "1.2"]],
    ["na\\cme:a", "a", ["1.1", "1.2"]],
  ];

for (const version of VERSIONS) {
  test(`a consumer of STOMP ${version} gets what 1.2 sent, but for headers that ${version} cannot have`, async () => {
    for (const [line, value, able] of ESCAPED) {
      await using memory = await BrokerInMemory.start();
      const [producer, consumer] = [
        await memory.connect("1.2"),
        await memory.connect(version),
      ];
      await consumer.say(SUBSCRIBE);
      await producer.say(
        `SEND\ndestination:${destination}\nbefore:1\n${line}\nafter:2\n\nhi\0`,
      );
      const [message] = await consumer.frames();
      assertStrictEquals(message?.body, "hi");
      const others = message!.headers.slice(OWN.length, -1);
      const expected = ["1", value, "2"];
      if (!able.includes(version)) expected.splice(1, 1);
      assertEquals(others.map(([, value]) => value), expected, line);
    }
  });
}

test("what a consumer of STOMP 1.0 does not get, another one still does", async () => {
  await using memory = await BrokerInMemory.start();
  const [old, current] = [await memory.connect("1.0"), await memory.connect()];
  const destination = "/topic/a";
  for (const peer of [old, current]) {
    await peer.say(raw("SUBSCRIBE", { destination, id: "s" }));
  }
  await current.write(`SEND\ndestination:${destination}\na:1\\n2\n\nhi\0`);
  const [[first], [second]] = [await old.frames(), await current.frames()];
  assertStrictEquals(headerOf(first, "a"), undefined);
  assertStrictEquals(headerOf(second, "a"), "1\n2");
});
