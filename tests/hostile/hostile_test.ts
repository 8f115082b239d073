import { serve } from "../../broker/mod.ts";
import { runtimeTransport } from "../../transport/runtime.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { raw, RawPeer } from "../support/raw_peer.ts";
import { ATTACKS } from "./attacks.ts";

/** So much of everything; `deno task test:hostile` has all of it. */
const SCALE = 0.01;

for (const { name, options, run, told } of ATTACKS) {
  test(`in a small size: ${name}`, async () => {
    const transport = await runtimeTransport();
    await using broker = await serve(options?.(SCALE));
    // Node 22 has no AsyncDisposableStack.
    const peers: RawPeer[] = [];
    await using _ = {
      async [Symbol.asyncDispose]() {
        for (const peer of peers) await peer.close();
      },
    };
    const dial = async () => {
      const peer = await RawPeer.dial(transport, broker.url);
      peers.push(peer);
      return peer;
    };
    const other = await dial();
    await other.connect("1.2");
    assertMatch(await run({ dial, scale: SCALE }), told);
    // Whoever came before goes on as if nothing had happened.
    const destination = "/topic/other";
    await other.write(raw("SEND", { destination, receipt: "r" }));
    assertEquals((await other.next())?.command, "RECEIPT");
    assert(!other.hasEnded);
  });
}
