import { BrokerCore } from "../../broker/core.ts";
import { FairTurns } from "../../broker/fair_turns.ts";
import { BrokerSession } from "../../broker/session.ts";
import { ClientConnection } from "../../broker/client_connection.ts";
import { MemoryLink } from "../../transport/memory.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { raw, RawPeer } from "../support/raw_peer.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

test("a write looks for consumers that wait for it only where the connection was full", async () => {
  let refreshed = 0;
  const { refresh } = BrokerSession.prototype;
  using _ = {
    [Symbol.dispose]: () => BrokerSession.prototype.refresh = refresh,
  };
  BrokerSession.prototype.refresh = function () {
    refreshed++;
    refresh.call(this);
  };
  const clock = new VirtualClock();
  const core = new BrokerCore();
  const [theirs, ours] = MemoryLink.pair();
  const link = new ClientConnection(core, ours, {
    clock,
    turns: new FairTurns(clock),
    limits: undefined,
    connectTimeout: 1000,
    frameTimeout: 1000,
    skipsBeats: false,
    hookOf: undefined,
  });
  const running = link.run();
  const peer = new RawPeer(theirs);
  await peer.connect("1.2");
  const destination = "/queue/a";
  await peer.say(raw("SUBSCRIBE", { id: "s", destination }));
  for (let i = 0; i < 100; i++) {
    await peer.say(raw("SEND", { destination, receipt: "r" }));
  }
  assertEquals(refreshed, 0);
  await peer.say(raw("SEND", { destination }, "x".repeat(300_000)));
  assertEquals(refreshed, 1);
  await peer.close();
  await running;
});
