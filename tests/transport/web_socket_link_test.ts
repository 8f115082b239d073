import { WebSocketLink } from "../../transport/web_socket_server_link.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";

/** A link whose socket does nothing, and how often it was dropped. */
function scene() {
  const seen = { drops: 0 };
  const link = new WebSocketLink("test", {
    buffered: () => 0,
    send: () => {},
    close: () => {},
    drop: () => seen.drops++,
  });
  return { link, seen };
}

test("a WebSocket's messages are read in their order, however many wait", async () => {
  const { link } = scene();
  const count = 200_000;
  for (let i = 0; i < count; i++) link.received(Uint8Array.of(i % 251));
  const began = performance.now();
  for (let i = 0; i < count; i++) {
    const octets = await link.read();
    if (octets?.[0] !== i % 251) throw new Error(`${i}: ${octets}`);
  }
  assert(performance.now() - began < 2000, "each costs the same");
  link.received("");
  link.received("a");
  link.ended();
  assertEquals(await link.read(), Uint8Array.of(0x61));
  assertEquals(await link.read(), undefined);
});

test("a WebSocket that nobody reads is dropped for many small messages, too", async () => {
  const { link, seen } = scene();
  const one = Uint8Array.of(1);
  for (let i = 0; i < 1_300_000; i++) link.received(one);
  assertEquals(seen.drops, 0);
  for (let i = 0; i < 100_000; i++) link.received(one);
  assertEquals(seen.drops, 1);
  assertEquals(await link.read(), undefined);
});
