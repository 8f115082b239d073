import { SharedChannel } from "../../sync/shared_channel.ts";
import { Pump } from "../../sync/pump.ts";
import { MemoryLink } from "../../transport/memory.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { wire } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { settled, VirtualClock } from "../support/virtual_clock.ts";

/** A pump on this thread, with a link in memory, and time that stands still. */
class PumpInHand implements AsyncDisposable {
  readonly channel: SharedChannel;
  readonly clock = new VirtualClock();
  readonly broker: MemoryLink;
  readonly #link: MemoryLink;
  readonly #running: Promise<void>;
  #sent = "";

  constructor(inbound = 1024) {
    this.channel = SharedChannel.create({
      inbound,
      outbound: 1024,
      start: -10,
    });
    [this.#link, this.broker] = MemoryLink.pair();
    this.#running = new Pump(this.channel, this.#link, this.clock).run();
    // A broker that was reset hears no more.
    this.#listen().catch(() => {});
  }

  /** Puts octets on their way, as the caller does. */
  async send(text: string, isUrgent = true): Promise<void> {
    this.channel.outbound.put(new TextEncoder().encode(text));
    this.channel.isUrgent = isUrgent;
    this.channel.tellWorker();
    await noticed();
  }

  /** What the caller finds. */
  async received(): Promise<string> {
    await noticed();
    const octets = this.channel.inbound.peek();
    this.channel.inbound.drop(octets.length);
    this.channel.tellWorker();
    return wire(octets);
  }

  /** What has left for the broker since somebody asked. */
  async sent(): Promise<string> {
    await noticed();
    const sent = this.#sent;
    this.#sent = "";
    return sent;
  }

  async beat(send: number, receive: number): Promise<void> {
    this.channel.setHeartBeat([send, receive], new Uint8Array());
    await noticed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    while (await this.received() !== "");
    this.broker.close();
    this.#link.close();
    this.channel.tellWorker();
    await this.clock.advance(2);
    await this.#running;
  }

  async #listen(): Promise<void> {
    for (let octets; (octets = await this.broker.read()) !== undefined;) {
      this.#sent += wire(octets);
    }
  }
}

/** News in shared memory take some turns to arrive, also on the same thread. */
async function noticed(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await settled();
}

test("Pump moves octets both ways", async () => {
  await using pump = new PumpInHand();
  await pump.send("to the broker");
  assertEquals(await pump.sent(), "to the broker");
  await pump.broker.write(new TextEncoder().encode("from the broker"));
  assertEquals(await pump.received(), "from the broker");
  assertEquals(pump.channel.state, "open");
});

test("Pump lets octets that are not urgent wait for others, but not for long", async () => {
  await using pump = new PumpInHand();
  await pump.send("a", false);
  await pump.send("b", false);
  assertEquals(await pump.sent(), "");
  await pump.clock.advance(2);
  assertEquals(await pump.sent(), "ab");
  await pump.send("c", false);
  await pump.send("d");
  assertEquals(await pump.sent(), "cd");
});

test("Pump keeps what the inbound ring has no room for", async () => {
  await using pump = new PumpInHand(8);
  const text = "abcdefghijklmnopqrstuvwxyz";
  await pump.broker.write(new TextEncoder().encode(text));
  let received = "";
  while (received.length < text.length) {
    const part = await pump.received();
    assertEquals(part.length <= 8, true);
    received += part;
  }
  assertEquals(received, text);
});

test("Pump lets small pieces gather while the caller is busy with others", async () => {
  await using pump = new PumpInHand();
  for (const piece of ["a", "b", "c"]) {
    await pump.broker.write(new TextEncoder().encode(piece));
    await noticed();
  }
  assertEquals(
    pump.channel.inbound.length,
    2,
    "b came while a had not been read",
  );
  await pump.clock.advance(2);
  assertEquals(await pump.received(), "abc");
});

test("Pump sends an EOL after half a period of silence, and not before", async () => {
  await using pump = new PumpInHand();
  await pump.beat(1000, 0);
  await pump.clock.advance(400);
  await pump.send("x");
  assertEquals(await pump.sent(), "x");
  await pump.clock.advance(499);
  assertEquals(await pump.sent(), "");
  await pump.clock.advance(1);
  assertEquals(await pump.sent(), "\n");
});

test("Pump sends no EOL in the middle of a frame", async () => {
  await using pump = new PumpInHand();
  await pump.beat(1000, 0);
  pump.channel.isMidFrame = true;
  await pump.send("SEND\n");
  assertEquals(await pump.sent(), "SEND\n");
  await pump.clock.advance(600);
  await noticed();
  await pump.send("\n\0");
  assertEquals(await pump.sent(), "\n\0");
  pump.channel.isMidFrame = false;
  await pump.clock.advance(600);
  assertEquals(await pump.sent(), "\n");
});

test("Pump gives a broker up that is silent for two periods", async () => {
  await using pump = new PumpInHand();
  await pump.beat(0, 1000);
  await pump.clock.advance(1900);
  await pump.broker.write(Uint8Array.of(0x0a));
  await noticed();
  await pump.clock.advance(1900);
  assertEquals(pump.channel.state, "open");
  await pump.clock.advance(100);
  assertEquals(pump.channel.state, "failed");
  assertStringIncludes(
    pump.channel.failure().message,
    "has been silent for 2000 ms, though it promised a heart-beat every 1000 ms",
  );
});

test("Pump asks a silent broker where it is told how, once a silence", async () => {
  await using pump = new PumpInHand();
  const question = new TextEncoder().encode("alive?");
  pump.channel.setHeartBeat([0, 1000], question);
  await noticed();
  for (let silence = 0; silence < 2; silence++) {
    await pump.clock.advance(1199);
    assertEquals(await pump.sent(), "");
    await pump.clock.advance(1);
    assertEquals(await pump.sent(), "alive?");
    await pump.clock.advance(700);
    assertEquals(await pump.sent(), "");
    await pump.broker.write(Uint8Array.of(0x0a));
    await noticed();
  }
  await pump.clock.advance(2250);
  assertEquals(pump.channel.state, "failed");
});

test("Pump does not blame a broker that it has no room to read from", async () => {
  await using pump = new PumpInHand(8);
  await pump.beat(0, 1000);
  await pump.broker.write(new Uint8Array(20));
  await noticed();
  await pump.clock.advance(10_000);
  assertEquals(pump.channel.state, "open");
});

test("Pump tells when the other side has ended, behind its last octets", async () => {
  await using pump = new PumpInHand();
  await pump.broker.write(Uint8Array.of(0x61));
  await pump.broker.end();
  assertEquals(await pump.received(), "a");
  assertEquals(pump.channel.state, "ended");
});

test("Pump rests when it cannot write while it has no room to read", async () => {
  const pump = new PumpInHand(8);
  await pump.broker.write(new Uint8Array(20));
  await noticed();
  pump.broker.reset();
  await pump.send("x");
  assertEquals(pump.channel.state, "failed");
  await pump[Symbol.asyncDispose]();
});

test("Pump leaves no timer behind", async () => {
  const pump = new PumpInHand();
  await pump.beat(1000, 1000);
  await pump[Symbol.asyncDispose]();
  assertEquals(pump.clock.pending, 0);
});
