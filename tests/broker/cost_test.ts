import { BrokerCore } from "../../broker/core.ts";
import { storedMessage } from "../../broker/message.ts";
import { BrokerSession } from "../../broker/session.ts";
import { Queue } from "../../broker/queue.ts";
import { ClientConnection } from "../../broker/client_connection.ts";
import { BrokerSubscription } from "../../broker/subscription.ts";
import { MemoryLink } from "../../transport/memory.ts";
import { assertEquals, assertLess } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { raw, RawPeer } from "../support/raw_peer.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

test("cumulative acknowledgements in one transaction look at each message a few times, however many there are", () => {
  const count = 2000;
  const queue = new Queue({
    maxOctets: Infinity,
    maxDeliveries: Infinity,
    deadLetter: () => {},
  });
  const subscription = new BrokerSubscription({
    id: "s",
    key: "s",
    destination: "/queue/a",
    ack: "client",
    prefetch: Infinity,
    version: "1.2",
    queue,
    saysRedelivered: false,
    isWritable: () => true,
    send: () => {},
  });
  subscription.attach();
  let looks = 0;
  const deliveries = Array.from({ length: count }, (_, i) => {
    const message = storedMessage(i, "/queue/a", [], new Uint8Array());
    queue.add(message);
    let isClaimed = false;
    return Object.defineProperty(
      subscription.unsettled(message.id)!,
      "isClaimed",
      {
        get: () => {
          looks++;
          return isClaimed;
        },
        set: (value: boolean) => isClaimed = value,
      },
    );
  });
  for (const delivery of deliveries) {
    const covered = subscription.covered(delivery, true);
    assertEquals(covered, [delivery]);
    for (const each of covered) each.isClaimed = true;
  }
  assertLess(looks, 10 * count);
});

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
  const core = new BrokerCore();
  const [theirs, ours] = MemoryLink.pair();
  const link = new ClientConnection(core, ours, {
    clock: new VirtualClock(),
    limits: undefined,
    connectTimeout: 1000,
    frameTimeout: 1000,
    skipsBeats: false,
    isSecure: false,
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
