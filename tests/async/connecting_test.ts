import {
  BrokerError,
  connect,
  ConnectionError,
  type ConnectOptions,
  FrameError,
  ProtocolError,
  type StompError,
  TimeoutError,
  UsageError,
} from "../../mod.ts";
import type { Transport } from "../../transport/transport.ts";
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
import { outcomeOf, ScriptedBroker } from "../support/scripted_broker.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

test("CONNECT says who we are, what we speak and how we live", async () => {
  await using broker = await ScriptedBroker.start();
  const dialing = connect(
    broker.url.replace("://", "://me:se%3Acret@") + "/v",
    {
      transport: broker.network,
      versions: ["1.2", "1.1"],
      heartBeat: [4000, 5000],
      headers: { "client-id": "c" },
    },
  );
  const peer = await broker.accept();
  const frame = await peer.next();
  assertEquals(frame, {
    command: "CONNECT",
    headers: [
      ["accept-version", "1.1,1.2"],
      ["host", "v"],
      ["heart-beat", "4000,5000"],
      ["login", "me"],
      ["passcode", "se:cret"],
      ["client-id", "c"],
    ],
    body: "",
  });
  await peer.write(
    raw("CONNECTED", {
      version: "1.1",
      server: "Some/1",
      session: "s1",
      "heart-beat": "6000,0",
    }),
  );
  const client = await dialing;
  assertEquals(client.version, "1.1");
  assertEquals(client.server, "Some/1");
  assertEquals(client.session, "s1");
  assertEquals(client.heartBeat, [0, 6000]);
  client.abort();
  await client.closed;
});

test("a broker that accepts and stays silent: the time-out's own error, the socket closed, a later connect works", async () => {
  await using broker = await ScriptedBroker.start();
  const dialing = broker.dial({ connectedTimeout: 3000 });
  const peer = await broker.accept();
  await peer.next();
  await broker.clock.advance(2999);
  assertEquals(await outcomeOf(dialing), "pending");
  await broker.clock.advance(1);
  const error = await assertRejects(() => dialing, TimeoutError, "CONNECTED");
  assertEquals(error.timeout, 3000);
  await peer.end();
  assertEquals(broker.clock.pending, 0);
  await broker.connect();
});

test("a socket that does not connect: the time-out's own error, and the dialing is told", async () => {
  const clock = new VirtualClock();
  let told: unknown;
  const transport: Transport = {
    connect: (_address, { signal } = {}) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => {
          told = signal.reason;
          reject(signal.reason);
        });
      }),
    listen: () => Promise.reject(new Error("not asked for")),
  };
  const dialing = connect("stomp://broker", {
    transport,
    clock,
    connectTimeout: 50,
  });
  dialing.catch(() => {});
  await clock.advance(50);
  const error = await assertRejects(
    () => dialing,
    TimeoutError,
    "broker:61613",
  );
  assertStrictEquals(told, error);
});

interface Answer {
  readonly name: string;
  readonly says: string | undefined;
  readonly error: abstract new (...args: never[]) => StompError;
  readonly includes: string;
}

const ANSWERS: readonly Answer[] = [
  {
    name: "nothing and closes",
    says: undefined,
    error: ConnectionError,
    includes: "closed the connection before CONNECTED",
  },
  {
    name: "in HTTP",
    says: "HTTP/1.1 400 Bad Request\r\n\r\n",
    error: FrameError,
    includes: "HTTP",
  },
  {
    name: "in TLS",
    says: "\x15\x03\x03\x00\x02\x02\x28",
    error: FrameError,
    includes: "TLS",
  },
  {
    name: "in AMQP",
    says: "AMQP\x00\x00\x09\x01",
    error: FrameError,
    includes: "AMQP",
  },
  {
    name: "in another binary protocol",
    says: "\x4a\x00\x00\x00\x0a",
    error: FrameError,
    includes: "Cannot decode frame",
  },
  {
    name: "ERROR",
    says: raw("ERROR", { message: "Bad CONNECT" }, "why"),
    error: BrokerError,
    includes: "Bad CONNECT",
  },
  {
    name: "a version that was not offered",
    says: raw("CONNECTED", { version: "1.3" }),
    error: ProtocolError,
    includes: '"1.3"',
  },
  {
    name: "no version where 1.0 was not offered",
    says: raw("CONNECTED"),
    error: ProtocolError,
    includes: "1.0",
  },
  {
    name: "a malformed heart-beat",
    says: raw("CONNECTED", { version: "1.2", "heart-beat": "10, 10" }),
    error: ProtocolError,
    includes: "10, 10",
  },
  {
    name: "MESSAGE before CONNECTED",
    says: raw("MESSAGE"),
    error: ProtocolError,
    includes: "MESSAGE",
  },
];

for (const { name, says, error, includes } of ANSWERS) {
  test(`a peer that answers ${name} is refused at once`, async () => {
    await using broker = await ScriptedBroker.start();
    const dialing = broker.dial({ versions: ["1.1", "1.2"] });
    const peer = await broker.accept();
    await peer.next();
    if (says === undefined) await peer.finish();
    else await peer.write(says);
    const thrown = await assertRejects(() => dialing, error, includes);
    assertEquals(thrown.name, error.name);
    await peer.end();
    assertEquals(broker.clock.pending, 0);
  });
}

test("the ERROR that refuses is kept whole, but no passcode is shown", async () => {
  await using broker = await ScriptedBroker.start();
  const dialing = broker.dial({ login: "me", passcode: "sesame" });
  const peer = await broker.accept();
  await peer.next();
  await peer.write(raw("ERROR", { message: "sesame opens nothing" }, "body"));
  const error = await assertRejects(() => dialing, BrokerError);
  assertEquals(new TextDecoder().decode(error.frame.body), "body");
  assert(!`${error.stack}`.includes("sesame"), error.message);
});

test("an abort before, while connecting and while waiting for CONNECTED rejects with its reason", async () => {
  await using broker = await ScriptedBroker.start();
  const reason = new Error("changed my mind");
  const before = await assertRejects(
    () => broker.dial({ signal: AbortSignal.abort(reason) }),
  );
  assertStrictEquals(before, reason);
  assertEquals(broker.network.links.length, 0);

  const controller = new AbortController();
  const dialing = broker.dial({ signal: controller.signal });
  const peer = await broker.accept();
  await peer.next();
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => dialing), reason);
  await peer.end();
  assertEquals(broker.clock.pending, 0);
});

test("nothing that listens: an error with the runtime's cause", async () => {
  // Port 1 of the loopback interface is nobody's.
  const error = await assertRejects(
    () => connect("stomp://127.0.0.1:1"),
    ConnectionError,
    "127.0.0.1:1",
  );
  assert(error.cause instanceof Error);
});

const MISTAKES: readonly (readonly [string, unknown, string])[] = [
  ["http://localhost", {}, "scheme"],
  ["localhost:61613", {}, "scheme"],
  ["not a url", {}, "must look like"],
  ["stomp://", {}, "host"],
  ["stomp://u:sesame@h:99999", {}, "must look like"],
  ["stomp://h?prefetch=1", {}, "prefetch"],
  ["stomps://u:sesame@h", {}, "clear text"],
  ["stomp://h", { tls: {} }, "clear text"],
  ["failover:(stomps://h,stomp://h)", { tls: {} }, "clear text"],
  ["stomps://h", { tls: { ca: "x" } }, '"ca"'],
  ["stomps://h", { tls: { caCerts: "x" } }, "tls.caCerts"],
  ["stomps://h", { tls: { caCerts: ["sesame"] } }, "tls.caCerts[0]"],
  ["stomps://h", { tls: { cert: "sesame", key: "sesame" } }, "tls.cert"],
  ["stomp://h", { heartbeat: [0, 0] }, '"heartbeat"'],
  ["stomp://h", { heartBeat: [-1, 0] }, "heartBeat"],
  ["stomp://h", { heartBeat: 10 }, "heartBeat"],
  ["stomp://h", { versions: [] }, "versions"],
  ["stomp://h", { versions: ["1.3"] }, "1.3"],
  ["stomp://h", { connectTimeout: "soon" }, "connectTimeout"],
  ["stomp://h", { connectedTimeout: -1 }, "connectedTimeout"],
  ["stomp://h", { login: 7 }, "login"],
  ["stomp://h", { passcode: Symbol("sesame") }, "passcode"],
  ["stomp://h", { limits: { maxBody: 1 } }, "maxBody"],
  ["stomp://h", { limits: { maxBodyBytes: -1 } }, "maxBodyBytes"],
  ["stomp://h", { dialect: "kafka" }, "kafka"],
  ["stomp://h", { signal: {} }, "signal"],
  ["stomp://h", { host: "" }, "host"],
  ["stomp://h", { headers: { login: "me" } }, "login"],
  ["stomp://h", { headers: { "client-id": "a\nb" } }, "client-id"],
  ["stomp://h", { headers: { a: 5 } }, '"a"'],
  ["stomp://h", { host: "a\nb" }, '"host"'],
  ["stomp://h", { transport: 5 }, "transport"],
  ["stomp://h", { clock: {} }, "clock"],
  ["stomp://h", { passcode: "sesame\n" }, "passcode"],
];

for (const [target, options, includes] of MISTAKES) {
  const shown = JSON.stringify(options);
  test(`connect(${JSON.stringify(target)}, ${shown}) is a usage error that leaks nothing`, async () => {
    const network = new MemoryNetwork();
    const listener = await network.listen({ hostname: "h", port: 61613 });
    const error = await assertRejects(
      () =>
        connect(target, {
          transport: network,
          ...options as ConnectOptions,
        }),
      UsageError,
    );
    assertStringIncludes(error.message, includes);
    assert(!error.message.includes("sesame"), error.message);
    assertEquals(network.links.length, 0, "nothing was dialed");
    listener.close();
  });
}

test("a client that is inspected shows no passcode", async () => {
  await using broker = await ScriptedBroker.start();
  const { client } = await broker.connect({ passcode: "sesame" });
  const { inspect } = await import("node:util");
  const shown = inspect(client, { depth: 9, showHidden: true });
  assert(!shown.includes("sesame"), shown);
});

test("limits, dialect and chance are what the options say", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect({
    limits: { maxBodyBytes: 3 },
    dialect: "activemq",
    reconnect: { initialDelay: 1000 },
    random: () => 0.25,
  });
  const status = client.status();
  const subscription = client.subscribe("/queue/a", { id: "s", prefetch: 7 });
  const received = assertRejects(
    () => subscription.receive(),
    FrameError,
    "maxBodyBytes",
  );
  const frame = await peer.next();
  assert(frame?.headers.some(([name]) => name === "activemq.prefetchSize"));
  await peer.say(raw("MESSAGE", { subscription: "s" }, "four"));
  await received;
  await peer.close();
  const lost = (await status.next()).value;
  assert(lost?.type === "disconnected");
  const next = (await status.next()).value;
  assert(next?.type === "connecting" && next.delay === 250);
});
