import { VirtualClock } from "../../testing/mod.ts";
import { MemoryLink } from "../../transport/memory.ts";
import { Relay } from "../../transport/deno_web_socket_relay.ts";
import type { Link } from "../../transport/transport.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { outcomeOf } from "../support/scripted_broker.ts";

const HELLO = new TextEncoder().encode("hello");

/** A relay, and what is at its two ends. */
function scene() {
  const clock = new VirtualClock();
  const [client, accepted] = MemoryLink.pair();
  const [dialled, server] = MemoryLink.pair();
  const seen = { dials: 0, ends: 0 };
  const relay = new Relay(accepted, clock, () => seen.ends++);
  const running = relay.run(() => {
    seen.dials++;
    return Promise.resolve(dialled);
  });
  return { clock, client, server, relay, running, seen };
}

async function textFrom(link: Link): Promise<string | undefined> {
  const octets = await link.read();
  return octets && new TextDecoder().decode(octets);
}

test("a relay leads octets both ways until both sides have ended", async () => {
  const { client, server, running, seen } = scene();
  await client.write(HELLO);
  assertEquals(await textFrom(server), "hello");
  await server.write(HELLO);
  await server.end();
  assertEquals(await textFrom(client), "hello");
  assertEquals(await client.read(), undefined);
  // The other direction is still open.
  await client.write(HELLO);
  assertEquals(await textFrom(server), "hello");
  assertEquals(seen.ends, 0);
  await client.end();
  await running;
  assertEquals(seen, { dials: 1, ends: 1 });
});

test("a client that says nothing costs the server nothing, and is cut in time", async () => {
  const { clock, client, relay, running, seen } = scene();
  relay.cutAfter(100);
  await clock.advance(99);
  assertEquals(await outcomeOf(client.read()), "pending");
  await clock.advance(1);
  await running;
  assertEquals(seen, { dials: 0, ends: 1 });
  assertEquals(clock.pending, 0);
});

test("a relay that may go on is not cut before it is given another limit", async () => {
  const { clock, client, server, relay, running } = scene();
  relay.cutAfter(100);
  await client.write(HELLO);
  assertEquals(await textFrom(server), "hello");
  assertEquals(relay.isLimited, true);
  relay.goOn();
  assertEquals(relay.isLimited, false);
  await clock.advance(1000);
  await client.write(HELLO);
  assertEquals(await textFrom(server), "hello");
  relay.cutAfter(10);
  await clock.advance(10);
  await running;
  assertEquals(await server.read(), undefined);
  assertEquals(await client.read(), undefined);
});

test("a relay that is to be cut is not cut later for being told so again", async () => {
  const { clock, relay, running, seen } = scene();
  relay.cutAfter(1000);
  relay.cutAfter(100);
  await clock.advance(60);
  relay.cutAfter(100);
  await clock.advance(40);
  assertEquals(seen.ends, 1);
  await running;
  assertEquals(clock.pending, 0);
});

test("a relay ends when either side is lost", async () => {
  for (const lost of ["client", "server"] as const) {
    const ends = scene();
    await ends.client.write(HELLO);
    assertEquals(await textFrom(ends.server), "hello");
    ends[lost].reset();
    await ends.running;
    assertEquals(ends.seen.ends, 1);
  }
});

test("a server that answers the dial of a relay that was cut is let go", async () => {
  const clock = new VirtualClock();
  const [client, accepted] = MemoryLink.pair();
  const [dialled, server] = MemoryLink.pair();
  const dialling = Promise.withResolvers<Link>();
  const relay = new Relay(accepted, clock, () => {});
  const running = relay.run(() => dialling.promise);
  await client.write(HELLO);
  relay.cut();
  dialling.resolve(dialled);
  await running;
  assertEquals(await server.read(), undefined);
});
