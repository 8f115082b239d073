import type { BrokerOptions } from "../../broker/mod.ts";
import type { Version } from "../../codec/mod.ts";
import { MemoryNetwork } from "../../transport/memory.ts";
import {
  assertEquals,
  assertMatch,
  assertStrictEquals,
} from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import { test } from "../support/harness.ts";
import { raw, type RawPeer } from "../support/raw_peer.ts";

const destination = "/queue/a";

async function connect(
  heartBeat: NonNullable<BrokerOptions["heartBeat"]>,
  header: string,
  version: Version = "1.2",
): Promise<{ memory: BrokerInMemory; peer: RawPeer }> {
  const memory = await BrokerInMemory.start({ heartBeat });
  const peer = await memory.connect(version, { "heart-beat": header });
  return { memory, peer };
}

for (const version of ["1.1", "1.2"] as const) {
  test(`STOMP ${version}: the broker sends LF at half of the period that was settled on`, async () => {
    const { memory, peer } = await connect([1000, 0], "0,4000", version);
    await using _ = memory;
    await memory.clock.advance(1999);
    assertStrictEquals(await peer.octets(), "");
    await memory.clock.advance(1);
    assertStrictEquals(await peer.octets(), "\n");
    await memory.clock.advance(20_000);
    assertStrictEquals(await peer.octets(), "\n".repeat(10));
  });
}

test("while the broker has something else to send it needs no LF", async () => {
  const { memory, peer } = await connect([1000, 0], "0,1000");
  await using _ = memory;
  for (let i = 0; i < 10; i++) {
    await memory.clock.advance(400);
    await peer.say(raw("SEND", { destination, receipt: `${i}` }));
  }
  assertStrictEquals((await peer.octets()).includes("\0\n"), false);
  await memory.clock.advance(500);
  assertStrictEquals(await peer.octets(), "\n");
});

test("while something is on its way to a client that does not read, no LF is put behind it", async () => {
  await using memory = await BrokerInMemory.start(
    { heartBeat: [1000, 0] },
    new MemoryNetwork({ capacity: 1000 }),
  );
  const peer = await memory.connect("1.2", { "heart-beat": "0,1000" });
  await peer.say(raw("SUBSCRIBE", { destination, id: "s" }));
  peer.pause();
  const body = "x".repeat(5000);
  await peer.write(raw("SEND", { destination }, body));
  await memory.clock.advance(20_000);
  peer.resume();
  assertStrictEquals((await peer.octets()).endsWith(`${body}\0`), true);
});

/** The broker's periods, the client's header: no direction is settled on. */
const NONE = [
  [[0, 0], "1000,1000"],
  [[1000, 1000], "0,0"],
  [[1000, 0], "1000,0"],
  [[0, 1000], "0,1000"],
] as const;

test("without heart-beats settled on nothing is sent, and silence is no offence", async () => {
  for (const [heartBeat, header] of NONE) {
    const { memory, peer } = await connect(heartBeat, header);
    await using _ = memory;
    await memory.clock.advance(1e9);
    assertStrictEquals(await peer.octets(), "");
    assertStrictEquals(peer.hasEnded, false);
    assertStrictEquals(memory.clock.pending, 0);
  }
});

test("a client that sends no heart-beat header has none", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect("1.0");
  await memory.clock.advance(1e9);
  assertStrictEquals(await peer.octets(), "");
  assertStrictEquals(peer.hasEnded, false);
});

test("a client of 1.0 that offers heart-beats and sends none is not held to them: that version has none", async () => {
  for (const [version, isHeld] of [["1.0", false], ["1.1", true]] as const) {
    await using memory = await BrokerInMemory.start({ heartBeat: undefined });
    const peer = await memory.connect(version, { "heart-beat": "500,500" });
    await memory.clock.advance(10_000);
    assertStrictEquals(peer.hasEnded, isHeld);
  }
});

test("a client that is silent for two periods is dropped, and what it held comes again", async () => {
  const { memory, peer } = await connect([0, 1000], "500,0");
  await using _ = memory;
  await peer.say(
    raw("SUBSCRIBE", { destination, id: "s", ack: "client" }) +
      raw("SEND", { destination }, "1"),
  );
  await memory.clock.advance(1999);
  assertStrictEquals(peer.hasEnded, false);
  await memory.clock.advance(1);
  assertStrictEquals(peer.hasEnded, true);
  const other = await memory.connect();
  await other.write(raw("SUBSCRIBE", { destination, id: "s" }));
  assertEquals(await other.bodies(), ["1*"]);
});

/** What a client may live by. The last one never completes a frame. */
const SIGNS = ["\n", "\r\n", raw("SEND", { destination }), "S"] as const;

for (const sign of SIGNS) {
  test(`a client lives by ${JSON.stringify(sign)} once in each period`, async () => {
    const { memory, peer } = await connect([0, 1000], "1000,0");
    await using _ = memory;
    const text = sign === "S"
      ? raw("SEND", { destination }, "a long body")
      : sign.repeat(20);
    const pieces = sign === "S" ? [...text].slice(0, 20) : Array(20).fill(sign);
    for (const piece of pieces) {
      await memory.clock.advance(1000);
      await peer.say(piece);
    }
    assertStrictEquals(peer.hasEnded, false);
    await memory.clock.advance(2000);
    assertStrictEquals(peer.hasEnded, true);
  });
}

test("both directions beat at their own pace", async () => {
  const { memory, peer } = await connect([300, 1000], "500,700");
  await using _ = memory;
  for (let i = 0; i < 7; i++) {
    await memory.clock.advance(1000);
    await peer.write("\n");
  }
  // 7000 ms at half of 700 ms; the last one is due at this very moment.
  assertStrictEquals(await peer.octets(), "\n".repeat(20));
  await memory.clock.advance(2000);
  assertStrictEquals(peer.hasEnded, true);
});

test("a client that says nothing is told so after connectTimeout, and cut off", async () => {
  await using memory = await BrokerInMemory.start({ connectTimeout: 3000 });
  for (const begun of ["", "\n\n", "CONNECT\naccept-ver"]) {
    const peer = await memory.dial();
    await peer.say(begun);
    await memory.clock.advance(2999);
    assertEquals(await peer.frames(), []);
    await memory.clock.advance(1);
    const [error] = await peer.frames();
    assertStrictEquals(error?.command, "ERROR");
    assertMatch(error!.body, /No CONNECT came within 3000 ms/);
    assertStrictEquals(peer.hasEnded, true);
  }
});

test("connectTimeout is over with CONNECT", async () => {
  await using memory = await BrokerInMemory.start({
    connectTimeout: 3000,
    heartBeat: [0, 0],
  });
  const peer = await memory.connect();
  await memory.clock.advance(1e9);
  assertStrictEquals(peer.hasEnded, false);
});

test("SV-26: after ERROR the connection lingers for a client that is still writing, but not for ever", async () => {
  for (const isConnected of [true, false]) {
    await using memory = await BrokerInMemory.start();
    const peer = await (isConnected ? memory.connect() : memory.dial());
    const [error] = await peer.say(raw("ACK"));
    assertStrictEquals(error?.command, "ERROR");
    await memory.clock.advance(1999);
    assertEquals(await peer.say(raw("SEND", { destination }, "ignored")), []);
    assertStrictEquals(memory.clock.pending, 1);
    await memory.clock.advance(1);
    assertStrictEquals(memory.clock.pending, 0);
  }
});

test("a client that closes leaves no timer behind", async () => {
  await using memory = await BrokerInMemory.start();
  const silent = await memory.dial();
  const beating = await memory.connect("1.2", { "heart-beat": "1,1" });
  const refused = await memory.dial();
  await refused.say("nonsense");
  assertStrictEquals(memory.clock.pending, 3);
  for (const peer of [silent, beating, refused]) await peer.close();
  await memory.clock.advance(0);
  assertStrictEquals(memory.clock.pending, 0);
});

test("unless told otherwise a client has 10 s until its CONNECT, and 60 s for a frame", async () => {
  await using memory = await BrokerInMemory.start({ heartBeat: [0, 0] });
  const silent = await memory.dial();
  await memory.clock.advance(9999);
  assertEquals(await silent.frames(), []);
  await memory.clock.advance(1);
  assertMatch((await silent.frames())[0]!.body, /within 10000 ms/);
  const slow = await memory.connect();
  await slow.write("SEND\n");
  await memory.clock.advance(59_999);
  assertEquals(await slow.frames(), []);
  await memory.clock.advance(1);
  assertMatch((await slow.frames())[0]!.body, /within 60000 ms/);
});
