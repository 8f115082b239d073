import { type Broker, serve } from "../../broker/mod.ts";
import { ConnectionError } from "../../errors.ts";
import { runtimeTransport } from "../../transport/runtime.ts";
import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import { plain } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { headerOf, raw, RawPeer } from "../support/raw_peer.ts";

const destination = "/queue/a";
const transport = await runtimeTransport();

async function connect(broker: Broker): Promise<RawPeer> {
  const peer = await RawPeer.dial(transport, broker.url);
  await peer.connect("1.2");
  return peer;
}

test("over a socket: a message goes from one client to the other, with receipts", async () => {
  await using broker = await serve();
  assertMatch(broker.url, /^stomp:\/\/127\.0\.0\.1:\d+$/);
  await using producer = await connect(broker);
  await using consumer = await connect(broker);
  await consumer.write(
    raw("SUBSCRIBE", { destination, id: "s", receipt: "1" }),
  );
  assertStrictEquals((await consumer.next())?.command, "RECEIPT");
  await producer.write(raw("SEND", { destination, receipt: "2" }, "hello"));
  assertStrictEquals((await producer.next())?.command, "RECEIPT");
  assertStrictEquals((await consumer.next())?.body, "hello");
});

test("over a socket: CONNECT, SEND, SUBSCRIBE and DISCONNECT may come in one write", async () => {
  await using broker = await serve();
  await using peer = await RawPeer.dial(transport, broker.url);
  await peer.write(
    raw("CONNECT", { "accept-version": "1.2", host: "/" }) +
      raw("SEND", { destination }, "hello") +
      raw("SUBSCRIBE", { destination, id: "s" }) +
      raw("DISCONNECT", { receipt: "bye" }),
  );
  assertStrictEquals((await peer.next())?.command, "CONNECTED");
  assertStrictEquals((await peer.next())?.body, "hello");
  assertEquals(await peer.next(), plain("RECEIPT", { "receipt-id": "bye" }));
  assertStrictEquals(await peer.next(), undefined);
});

test("over a socket: a body of several megabytes comes through both ways", async () => {
  await using broker = await serve();
  await using peer = await connect(broker);
  const body = "0123456789abcdef".repeat(200_000);
  await peer.write(
    raw("SUBSCRIBE", { destination, id: "s" }) +
      raw("SEND", { destination, "content-length": `${body.length}` }, body),
  );
  const message = await peer.next();
  assertStrictEquals(message?.body === body, true);
});

test("over a socket: ERROR reaches a client that is still writing, then the connection ends", async () => {
  await using broker = await serve();
  await using peer = await connect(broker);
  const more = raw("SEND", { destination }, "x".repeat(100_000)).repeat(10);
  await peer.write(raw("ACK", { id: "nonsense", receipt: "r" }) + more);
  const error = await peer.next();
  assertStrictEquals(error?.command, "ERROR");
  assertStrictEquals(headerOf(error, "receipt-id"), "r");
  await peer.end();
});

test("over a socket: what a lost client had not acknowledged comes again", async () => {
  await using broker = await serve();
  await using consumer = await connect(broker);
  {
    await using peer = await connect(broker);
    await peer.write(
      raw("SUBSCRIBE", { destination, id: "s", ack: "client" }) +
        raw("SEND", { destination }, "1"),
    );
    assertStrictEquals((await peer.next())?.body, "1");
    await consumer.write(raw("SUBSCRIBE", { destination, id: "s" }));
  }
  const again = await consumer.next();
  assertStrictEquals(again?.body, "1");
  assertStrictEquals(headerOf(again, "redelivered"), "true");
});

test("over a socket: SV-26: clients may come and go quickly", async () => {
  await using broker = await serve();
  for (let i = 0; i < 100; i++) {
    await using peer = await RawPeer.dial(transport, broker.url);
    if (i % 2 === 0) await peer.connect("1.2");
  }
  await using peer = await connect(broker);
  await peer.write(raw("SEND", { destination, receipt: "r" }));
  assertStrictEquals((await peer.next())?.command, "RECEIPT");
});

test("over a socket: close() ends every connection and frees the port", async () => {
  const broker = await serve();
  await using silent = await RawPeer.dial(transport, broker.url);
  await using peer = await connect(broker);
  await broker.close();
  await peer.end();
  await silent.end();
  await assertRejects(
    () => RawPeer.dial(transport, broker.url),
    ConnectionError,
    "nothing listens there",
  );
  const port = Number(new URL(broker.url).port);
  await using again = await serve({ port });
  assertStrictEquals(again.url, broker.url);
  await assertRejects(
    () => serve({ port }),
    ConnectionError,
    "port 0 takes a free one",
  );
});

test("over a socket: the broker listens on IPv6, too", async () => {
  await using broker = await serve({ hostname: "::1" });
  assertMatch(broker.url, /^stomp:\/\/\[::1\]:\d+$/);
  await using peer = await connect(broker);
  await peer.write(raw("DISCONNECT", { receipt: "bye" }));
  assertStrictEquals((await peer.next())?.command, "RECEIPT");
});

test(
  "over a socket: a thousand clients at once, each with a copy, while others come and go",
  async () => {
    await using broker = await serve();
    const topic = "/topic/all";
    const peers = await Promise.all(
      Array.from({ length: 1000 }, () => connect(broker)),
    );
    try {
      await Promise.all(peers.map(async (peer) => {
        await peer.write(
          raw("SUBSCRIBE", { destination: topic, id: "s", receipt: "1" }),
        );
        assertStrictEquals((await peer.next())?.command, "RECEIPT");
      }));
      for (let i = 0; i < 1000; i++) {
        const passer = await connect(broker);
        if (i % 2 === 0) {
          await passer.write(raw("DISCONNECT", { receipt: "1" }));
        }
        if (i % 2 === 0) {
          assertStrictEquals((await passer.next())?.command, "RECEIPT");
        }
        await passer.close();
      }
      assertStrictEquals(broker.queue(topic).consumers, 1000);
      await using producer = await connect(broker);
      await producer.write(raw("SEND", { destination: topic }, "to all"));
      const bodies = await Promise.all(
        peers.map(async (peer) => (await peer.next())?.body),
      );
      assertEquals(new Set(bodies), new Set(["to all"]));
    } finally {
      await Promise.all(peers.map((peer) => peer.close()));
    }
  },
  { timeout: 60_000 },
);
