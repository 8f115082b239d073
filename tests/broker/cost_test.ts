import { storedMessage } from "../../broker/message.ts";
import { Queue } from "../../broker/queue.ts";
import { BrokerSubscription } from "../../broker/subscription.ts";
import { assertEquals, assertLess } from "../support/assert.ts";
import { test } from "../support/harness.ts";

test("cumulative acknowledgements in one transaction look at each message a few times, however many there are", () => {
  const count = 2000;
  const queue = new Queue({
    maxOctets: Infinity,
    maxDeliveries: Infinity,
    deadLetter: () => {},
  });
  const subscription = new BrokerSubscription({
    id: "s",
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
