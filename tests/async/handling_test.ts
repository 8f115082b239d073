import {
  type Client,
  type ConsumeOptions,
  type Message,
  type MessageHandler,
  UsageError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { raw, type RawPeer } from "../support/raw_peer.ts";
import {
  confirm,
  header,
  message,
  ScriptedBroker,
} from "../support/scripted_broker.ts";
import { settled } from "../support/virtual_clock.ts";

/** Consumes, has the broker confirm it and send so many messages. */
async function consuming(
  { client, peer }: { client: Client; peer: RawPeer },
  count: number,
  handler: MessageHandler,
  options?: ConsumeOptions,
) {
  const consumer = client.consume("/queue/a", handler, options);
  await confirm(peer, await peer.next());
  await consumer.ready;
  for (let i = 0; i < count; i++) await peer.write(message(consumer.id, i));
  await settled();
  return consumer;
}

/** Confirms everything; the commands and ids that came, until the end. */
async function seeOff(peer: RawPeer): Promise<string[]> {
  const told: string[] = [];
  for (let frame; (frame = await peer.next()) !== undefined;) {
    told.push(
      `${frame.command} ${
        header(frame, "destination") ?? header(frame, "id") ?? ""
      }`.trim(),
    );
    if (header(frame, "receipt") !== undefined) await confirm(peer, frame);
  }
  return told;
}

/** Handlers that end when a test says so, by the message's text. */
function gated() {
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const handler = (message: Message) => {
    const gate = Promise.withResolvers<void>();
    gates.set(message.text(), gate);
    return gate.promise;
  };
  return { gates, handler };
}

test("a message is acknowledged after its handler has succeeded, and the next one comes then", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { gates, handler } = gated();
  await consuming(session, 2, handler);
  assertEquals([...gates.keys()], ["0"]);
  assertEquals(await session.peer.frames(), []);
  gates.get("0")!.resolve();
  assertEquals((await session.peer.frames()).map((it) => header(it, "id")), [
    "a0",
  ]);
  assertEquals([...gates.keys()], ["0", "1"]);
});

test("as many are handled at once as concurrency says", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { gates, handler } = gated();
  await consuming(session, 5, handler, { concurrency: 3 });
  assertEquals([...gates.keys()], ["0", "1", "2"]);
  gates.get("1")!.resolve();
  await settled();
  assertEquals([...gates.keys()], ["0", "1", "2", "3"]);
  assertEquals((await session.peer.frames()).map((it) => header(it, "id")), [
    "a1",
  ]);
});

test("in client mode nothing unfinished is ever acknowledged, in whatever order handlers end", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const { gates, handler } = gated();
  await consuming(session, 4, handler, { ack: "client", concurrency: 4 });
  const acks = async () =>
    (await session.peer.frames()).map((frame) => header(frame, "id"));
  gates.get("2")!.resolve();
  gates.get("1")!.resolve();
  assertEquals(await acks(), []);
  gates.get("0")!.resolve();
  assertEquals(await acks(), ["a2"]);
  gates.get("3")!.resolve();
  assertEquals(await acks(), ["a3"]);
});

for (
  const [how, handler] of [
    ["throws", () => {
      throw new RangeError("poison\npill");
    }],
    ["rejects", () => Promise.reject(new RangeError("poison\npill"))],
  ] as const
) {
  test(`a handler that ${how}: a scrubbed copy goes to the error destination, is confirmed, and then the message is acknowledged`, async () => {
    await using broker = await ScriptedBroker.start();
    const session = await broker.connect();
    const consumer = await consuming(session, 0, handler, {
      errorDestination: "/queue/failed",
    });
    await session.peer.write(message(consumer.id, 0, {
      "x-mine": "kept",
      "content-type": "text/plain",
      "original-destination": "/queue/x",
      redelivered: "true",
      timestamp: "1",
      expires: "2",
      persistent: "false",
      receipt: "sender's",
      transaction: "sender's",
    }));
    const copy = await session.peer.next();
    assertEquals(copy!.body, "0");
    const { receipt, ...headers } = Object.fromEntries(copy!.headers);
    assert(receipt !== "sender's");
    assertEquals(headers, {
      destination: "/queue/failed",
      "x-mine": "kept",
      "content-type": "text/plain",
      persistent: "true",
      "failure-destination": "/queue/a",
      "failure-message-id": "m0",
      "failure-error": "RangeError",
      "failure-reason": "poison pill",
      "content-length": "1",
    });
    assertEquals(await session.peer.frames(), []);
    await confirm(session.peer, copy);
    const [ack] = await session.peer.frames();
    assertEquals(`${ack!.command} ${header(ack, "id")}`, "ACK a0");
    await session.client.send("/queue/b", "carries on");
  });
}

test("onFailure: shutdown copies, acknowledges, and closes gracefully with the handler's error", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const poison = new Error("poison");
  await consuming(session, 2, () => Promise.reject(poison), {
    errorDestination: "/queue/failed",
    onFailure: "shutdown",
    id: "s",
  });
  assertEquals(await seeOff(session.peer), [
    "SEND /queue/failed",
    "ACK a0",
    "UNSUBSCRIBE s",
    "DISCONNECT",
  ]);
  assertEquals(await session.client.closed, {
    graceful: true,
    handled: 1,
    unfinished: 0,
    redeliverable: 1,
    cause: poison,
  });
});

test("without an error destination a failure acknowledges nothing and closes gracefully at once", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const poison = new Error("poison");
  const consumer = await consuming(session, 3, () => {
    throw poison;
  }, { id: "s" });
  assertEquals(await seeOff(session.peer), ["UNSUBSCRIBE s", "DISCONNECT"]);
  assertEquals(await session.client.closed, {
    graceful: false,
    handled: 0,
    unfinished: 1,
    redeliverable: 2,
    cause: poison,
  });
  assertStrictEquals(await assertRejects(() => consumer.done), poison);
});

test("a copy that cannot be confirmed: no ACK, and both causes", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const poison = new Error("poison");
  await consuming(session, 1, () => Promise.reject(poison), {
    errorDestination: "/queue/failed",
    id: "s",
  });
  const copy = await session.peer.next();
  await session.peer.write(
    raw("ERROR", {
      message: "no such queue",
      "receipt-id": header(copy, "receipt"),
    }),
  );
  assertEquals(await seeOff(session.peer), ["UNSUBSCRIBE s", "DISCONNECT"]);
  const { cause, ...report } = await session.client.closed;
  assertEquals(report.unfinished, 1);
  assert(cause instanceof AggregateError);
  assertStrictEquals(cause.errors[0], poison);
  assertStringIncludes(cause.errors[1].message, "no such queue");
});

test("a copy whose receipt is late: no ACK, and shut down", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect({ receiptTimeout: 100 });
  await consuming(session, 1, () => Promise.reject(new Error("poison")), {
    errorDestination: "/queue/failed",
    id: "s",
  });
  assertEquals((await session.peer.next())?.command, "SEND");
  await broker.clock.advance(200);
  assertEquals(await seeOff(session.peer), ["UNSUBSCRIBE s", "DISCONNECT"]);
});

test("a message that the handler has settled itself is not settled again", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  await consuming(session, 2, async (message) => {
    await message.nack();
  });
  assertEquals((await session.peer.frames()).map((it) => it.command), [
    "NACK",
    "NACK",
  ]);
  await session.client.send("/queue/b", "carries on");
});

test("a handler that settles its message and then fails has failed", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  await consuming(session, 1, async (message) => {
    await message.ack();
    throw new Error("after all");
  }, { errorDestination: "/queue/failed" });
  const [ack, copy] = await session.peer.frames();
  assertEquals([ack!.command, copy!.command], ["ACK", "SEND"]);
  await confirm(session.peer, copy);
  assertEquals(await session.peer.frames(), []);
});

for (
  const thrown of [
    Object.create(null),
    Object.assign(new Error(), { message: 7 }),
    undefined,
    Symbol("odd"),
  ]
) {
  test(`whatever a handler throws, a copy can be made of it: ${typeof thrown}`, async () => {
    await using broker = await ScriptedBroker.start();
    const session = await broker.connect();
    await consuming(session, 1, () => Promise.reject(thrown), {
      errorDestination: "/queue/failed",
    });
    const copy = await session.peer.next();
    assertEquals(header(copy, "destination"), "/queue/failed");
    await confirm(session.peer, copy);
    assertEquals((await session.peer.next())?.command, "ACK");
  });
}

test("the handler's signal aborts when a shutdown begins, and the shutdown waits for it", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  await consuming(
    session,
    1,
    (_message, { signal }) =>
      new Promise<void>((resolve) => {
        assertEquals(signal.aborted, false);
        signal.onabort = () => resolve();
      }),
    { id: "s" },
  );
  const seen = seeOff(session.peer);
  const report = await session.client.close();
  assertEquals(await seen, ["ACK a0", "UNSUBSCRIBE s", "DISCONNECT"]);
  assertEquals(report, {
    graceful: true,
    handled: 1,
    unfinished: 0,
    redeliverable: 0,
  });
});

test("closing a consumer ends it alone, and its handlers are told", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  let told = false;
  const consumer = await consuming(
    session,
    1,
    (_message, { signal }) =>
      new Promise<void>((resolve) => {
        signal.onabort = () => {
          told = true;
          resolve();
        };
      }),
  );
  const closing = consumer.close();
  const [ack, farewell] = [
    await session.peer.next(),
    await session.peer.next(),
  ];
  assertEquals([ack!.command, farewell!.command], ["ACK", "UNSUBSCRIBE"]);
  await confirm(session.peer, farewell);
  await closing;
  assert(told);
  await session.client.send("/queue/b", "carries on");
});

test("a handler that closes the client is waited for", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const seen = seeOff(session.peer);
  const consumer = session.client.consume("/queue/a", () => {
    void session.client.close();
  }, { id: "s" });
  await consumer.ready;
  await session.peer.write(message("s", 0));
  assertEquals((await session.client.closed).handled, 1);
  assertEquals(await seen, [
    "SUBSCRIBE /queue/a",
    "ACK a0",
    "UNSUBSCRIBE s",
    "DISCONNECT",
  ]);
});

test("a handler that awaits the close is waited for in vain, but not for ever", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect({ drainTimeout: 500 });
  await consuming(session, 1, () => session.client.close());
  await broker.clock.advance(500);
  const report = await session.client.closed;
  assertEquals(report.graceful, false);
  assertEquals(report.unfinished, 1);
});

test("after a reconnect a redelivery is a new delivery, and the old handler's end is no ACK", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect({ reconnect: { jitter: 0 } });
  const { gates, handler } = gated();
  await consuming(session, 1, handler, { id: "s", concurrency: 2 });
  const old = gates.get("0")!;
  await session.peer.close();
  await broker.clock.advance(100);
  const again = await broker.accept();
  await again.next();
  await again.write(raw("CONNECTED", { version: "1.2" }));
  await confirm(again, await again.next());
  await again.write(message("s", 0, { ack: "b0", redelivered: "true" }));
  await settled();
  assert(gates.get("0") !== old);
  old.resolve();
  assertEquals(await again.frames(), []);
  gates.get("0")!.resolve();
  assertEquals((await again.frames()).map((it) => header(it, "id")), ["b0"]);
});

const MISTAKES: readonly (readonly [unknown, unknown, string])[] = [
  [undefined, {}, "handler"],
  ["handler", {}, "handler"],
  [() => {}, { concurrency: 0 }, "concurrency"],
  [() => {}, { concurrency: -1 }, "concurrency"],
  [() => {}, { errorDestination: "" }, "errorDestination"],
  [() => {}, { errorDestination: "/queue/a" }, "source"],
  [() => {}, { onFailure: "retry" }, "retry"],
  [() => {}, { concurrency: 10, prefetch: 2 }, "prefetch"],
  [() => {}, { manualAck: true }, "manualAck"],
];

for (const [handler, options, includes] of MISTAKES) {
  test(`consume(${typeof handler}, ${JSON.stringify(options)}) is a usage error, and nothing is written`, async () => {
    await using broker = await ScriptedBroker.start();
    const { client, peer } = await broker.connect();
    const error = assertThrows(
      () =>
        client.consume(
          "/queue/a",
          handler as MessageHandler,
          options as ConsumeOptions,
        ),
      UsageError,
    );
    assertStringIncludes(error.message, includes);
    assertEquals(await peer.frames(), []);
  });
}

test("an error destination that the broker refuses shuts down with what it said, even where it hangs up", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect({ reconnect: { jitter: 0 } });
  await consuming(session, 1, () => Promise.reject(new Error("poison")), {
    errorDestination: "/queue/failed",
    id: "s",
  });
  await session.peer.next();
  // As RabbitMQ does it: nothing says which frame it is about.
  await session.peer.write(raw("ERROR", { message: "not_found" }, "no 'x'"));
  const { cause } = await session.client.closed;
  assertStringIncludes(String(cause), "could not be confirmed");
  assert(cause instanceof AggregateError);
  assertStringIncludes(String(cause.errors[1]), "no 'x'");
});

test("a consumer whose subscription the broker cancels closes the client: it does not go quiet", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const consumer = await consuming(session, 0, () => {}, { id: "s" });
  await session.peer.write(
    raw("ERROR", { message: "gone", subscription: "s" }),
  );
  await seeOff(session.peer);
  const { cause } = await session.client.closed;
  assertStringIncludes(String(cause), "gone");
  await assertRejects(() => consumer.done, Error, "gone");
});

test("the consumer's own signal ends it, and its handlers are told", async () => {
  await using broker = await ScriptedBroker.start();
  const session = await broker.connect();
  const controller = new AbortController();
  const consumer = await consuming(
    session,
    1,
    (_message, { signal }) =>
      new Promise<void>((resolve) => signal.onabort = () => resolve()),
    {
      signal: controller.signal,
      id: "s",
    },
  );
  controller.abort();
  assertEquals((await session.peer.next())?.command, "ACK");
  await confirm(session.peer, await session.peer.next());
  await consumer.done;
  await session.client.send("/queue/b", "carries on");
});
