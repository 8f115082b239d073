import {
  BrokerError,
  ConnectionError,
  type SendOptions,
  TimeoutError,
  UsageError,
} from "../../mod.ts";
import { MemoryNetwork } from "../../transport/memory.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { raw } from "../support/raw_peer.ts";
import {
  confirm,
  header,
  outcomeOf,
  ScriptedBroker,
} from "../support/scripted_broker.ts";
import { settled } from "../support/virtual_clock.ts";

test("a message is sent with its headers, its length, and its type where it is text", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  await client.send("/queue/a", "hé", { headers: { persistent: "true" } });
  await client.send("/queue/a", new Uint8Array([0, 255]));
  await client.send("/queue/a");
  await client.send("/queue/a", "x", { contentLength: false });
  await client.send("/queue/a", "{}", { headers: { "content-type": "a/b" } });
  const text = "text/plain;charset=utf-8";
  assertEquals(
    (await peer.frames()).map(({ headers, body }) => [...headers, body]),
    [
      [
        ["destination", "/queue/a"],
        ["content-type", text],
        ["persistent", "true"],
        ["content-length", "3"],
        "h\xc3\xa9",
      ],
      [["destination", "/queue/a"], ["content-length", "2"], "\0\xff"],
      [["destination", "/queue/a"], ""],
      [["destination", "/queue/a"], ["content-type", text], "x"],
      [
        ["destination", "/queue/a"],
        ["content-type", "a/b"],
        ["content-length", "2"],
        "{}",
      ],
    ],
  );
});

test("frames that are sent in the same turn leave in one write", async () => {
  await using broker = await ScriptedBroker.start();
  const { client } = await broker.connect();
  const link = broker.network.links[0]!;
  let writes = 0;
  const write = link.write.bind(link);
  link.write = (octets) => (writes++, write(octets));
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => client.send("/queue/a", String(i))),
  );
  await settled();
  assertEquals(writes, 1);
});

test("a receipt resolves its own send, whatever the order", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const sends = [0, 1, 2].map((i) =>
    client.send("/queue/a", String(i), { receipt: true })
  );
  const frames = await peer.frames();
  const receipts = frames.map((frame) => header(frame, "receipt"));
  assertEquals(new Set(receipts).size, 3);
  await peer.write(raw("RECEIPT", { "receipt-id": "nobody's" }));
  await confirm(peer, frames[2]);
  assertEquals(await Promise.all(sends.map(outcomeOf)), [
    "pending",
    "pending",
    undefined,
  ]);
  await confirm(peer, frames[0]);
  await confirm(peer, frames[1]);
  await Promise.all(sends);
});

test("an ERROR that names a receipt fails that send alone", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const [bad, good] = [0, 1].map(() =>
    client.send("/queue/a", "", { receipt: true })
  );
  const [first, second] = await peer.frames();
  await peer.write(
    raw("ERROR", {
      message: "no such queue",
      "receipt-id": header(first, "receipt"),
    }),
  );
  const error = await assertRejects(() => bad!, BrokerError, "no such queue");
  assertEquals(error.receiptId, header(first, "receipt"));
  await confirm(peer, second);
  await good;
  await client.send("/queue/a", "still open");
});

test("an ERROR that names nothing is that of the one operation that waits", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const send = client.send("/exchange/none", "", { receipt: true });
  send.catch(() => {});
  await peer.say(raw("ERROR", { message: "not_found" }, "no exchange 'none'"));
  const error = await assertRejects(() => send, BrokerError, "no exchange");
  assertEquals(error.frame.headers.get("message"), "not_found");
  assertEquals((await client.closed).graceful, false);
});

test("an ERROR that names nothing ends the connection, and is the cause", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const send = client.send("/queue/a", "", { receipt: true });
  client.send("/queue/a", "", { receipt: true }).catch(() => {});
  send.catch(() => {});
  await peer.say(raw("ERROR", { message: "out of order" }));
  const error = await assertRejects(() => send, ConnectionError, "unknown");
  assertEquals(error.unknown, true);
  const report = await client.closed;
  assertEquals(report.graceful, false);
  assert(report.cause instanceof ConnectionError);
  assert(report.cause.cause instanceof BrokerError);
  assertStringIncludes(report.cause.message, "out of order");
});

test("a lost connection rejects what was written as unknown, and later sends with its cause", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const send = client.send("/queue/a", "", { receipt: true });
  send.catch(() => {});
  await peer.close();
  const error = await assertRejects(() => send, ConnectionError);
  assertEquals(error.unknown, true);
  const later = await assertRejects(
    () => client.send("/queue/a"),
    ConnectionError,
  );
  assertEquals(later.unknown, false);
  assertStrictEquals(later.cause, (await client.closed).cause);
});

test("a receipt that is late rejects with what was waited for, and may still come", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({ receiptTimeout: 500 });
  const sends = [
    client.send("/queue/a", "", { receipt: true }),
    client.send("/queue/a", "", { receipt: true, timeout: 100 }),
    client.send("/queue/a", "", { receipt: true, timeout: Infinity }),
  ];
  for (const send of sends) send.catch(() => {});
  const frames = await peer.frames();
  await broker.clock.advance(130);
  const error = await assertRejects(() => sends[1]!, TimeoutError, "/queue/a");
  assertEquals(error.timeout, 100);
  assertEquals(await outcomeOf(sends[0]!), "pending");
  await broker.clock.advance(400);
  await assertRejects(() => sends[0]!, TimeoutError);
  for (const frame of frames) await confirm(peer, frame);
  await sends[2];
  await broker.clock.advance(5000);
  assertEquals(broker.clock.pending, 0);
});

test("an abort ends the waiting for a receipt, not the connection", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const signal = AbortSignal.abort("enough");
  assertEquals(
    await client.send("/queue/a", "", { signal }).catch((reason) => reason),
    "enough",
  );
  assertEquals(await peer.frames(), []);
  const controller = new AbortController();
  const send = client.send("/queue/a", "", {
    receipt: true,
    signal: controller.signal,
  });
  const [frame] = await peer.frames();
  controller.abort("enough");
  assertEquals(await send.catch((reason) => reason), "enough");
  await confirm(peer, frame);
  await client.send("/queue/a", "still open");
});

test("senders wait while the broker takes nothing, and go on when it does", async () => {
  const network = new MemoryNetwork({ capacity: 1000 });
  await using broker = await ScriptedBroker.start(network);
  const { client, peer } = await broker.connect();
  peer.pause();
  // Text is copied, so that nothing but the high-water mark makes it wait.
  const body = "x".repeat(100_000);
  const sends = [1, 2, 3, 4, 5].map(() => client.send("/queue/a", body));
  const before = await Promise.all(sends.map(outcomeOf));
  // What is above the high-water mark waits, what is below does not.
  assertEquals(before[0], undefined);
  assertEquals(before[4], "pending");
  peer.resume();
  await Promise.all(sends);
  const bodies: number[] = [];
  while (bodies.length < 5) bodies.push((await peer.next())!.body.length);
  assertEquals(bodies, Array(5).fill(100_000));
});

test("a sender that waits is told when the connection is lost", async () => {
  const network = new MemoryNetwork({ capacity: 1000 });
  await using broker = await ScriptedBroker.start(network);
  const { client, peer } = await broker.connect();
  peer.pause();
  const send = client.send("/queue/a", new Uint8Array(1_000_000));
  assertEquals(await outcomeOf(send), "pending");
  network.links[0]!.reset();
  const error = await assertRejects(() => send, ConnectionError, "unknown");
  assertEquals(error.unknown, true);
  assertStringIncludes(String(error.cause), "reset");
});

const MISTAKES: readonly (readonly [unknown, unknown, unknown, string])[] = [
  ["", "", {}, "destination"],
  [undefined, "", {}, "destination"],
  ["/queue/a\ud800", "", {}, "destination"],
  ["/queue/a\0", "", {}, "NUL"],
  ["/queue/a", 42, {}, "42"],
  ["/queue/a", { a: 1 }, {}, "JSON.stringify"],
  ["/queue/a", null, {}, "body"],
  ["/queue/a", "\ud800", {}, "surrogate"],
  ["/queue/a", "a\0b", { contentLength: false }, "NUL"],
  ["/queue/a", "", { headers: { priority: 4 } }, "priority"],
  ["/queue/a", "", { headers: { "": "x" } }, "empty name"],
  ["/queue/a", "", { headers: { a: "x\0" } }, "NUL"],
  ["/queue/a", "", { headers: { destination: "/queue/b" } }, "destination"],
  ["/queue/a", "", { headers: { receipt: "1" } }, "receipt"],
  ["/queue/a", "", { headers: { "content-length": "9" } }, "content-length"],
  ["/queue/a", "", { headers: "x" }, "headers"],
  ["/queue/a", "", { reciept: true }, "reciept"],
  ["/queue/a", "", { receipt: "yes" }, "receipt"],
  ["/queue/a", "", { receipt: true, timeout: -1 }, "timeout"],
  ["/queue/a", "", { signal: true }, "signal"],
];

for (const [destination, body, options, includes] of MISTAKES) {
  const shown = [destination, body, options].map((it) => JSON.stringify(it));
  test(`send(${shown.join(", ")}) is a usage error, and nothing is written`, async () => {
    await using broker = await ScriptedBroker.start();
    const { client, peer } = await broker.connect();
    const error = await assertRejects(
      () =>
        client.send(
          destination as string,
          body as string,
          options as SendOptions,
        ),
      UsageError,
    );
    assertStringIncludes(error.message, includes);
    await client.send("/queue/b", "after");
    const frames = await peer.frames();
    assertEquals(frames.map((frame) => frame.body), ["after"]);
    // Nothing is left that a close would wait for.
    const closing = client.close();
    await settled();
    await confirm(peer, (await peer.frames())[0]);
    assertEquals((await closing).graceful, true);
  });
}

test("a closed client refuses to send and to subscribe, and closing again is the same", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const closing = client.close();
  await confirm(peer, await peer.next());
  const report = await closing;
  assertEquals(await client.close(), report);
  await assertRejects(() => client.send("/queue/a"), UsageError, "closed");
  let thrown: unknown;
  try {
    client.subscribe("/queue/a");
  } catch (error) {
    thrown = error;
  }
  assert(thrown instanceof UsageError);
});

test("a body may change as soon as send() was called, however large it is and whatever becomes of it", async () => {
  const network = new MemoryNetwork({ capacity: 1000 });
  await using broker = await ScriptedBroker.start(network);
  const { client, peer } = await broker.connect();
  peer.pause();
  const giveUp = new AbortController();
  const { signal } = giveUp;
  for (const options of [{}, { signal }, { signal, receipt: true }]) {
    const body = new Uint8Array(20_000).fill(1);
    client.send("/queue/a", body, options).catch(() => {});
    body.fill(2);
  }
  giveUp.abort();
  peer.resume();
  for (let count = 0; count < 3; count++) {
    assertEquals((await peer.next())?.body, "\x01".repeat(20_000));
  }
});
