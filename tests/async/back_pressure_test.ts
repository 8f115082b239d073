import { assert, assertEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import {
  confirm,
  message,
  ScriptedBroker,
} from "../support/scripted_broker.ts";
import { raw } from "../support/raw_peer.ts";
import { settled } from "../support/virtual_clock.ts";

const BODY = "x".repeat(1000);

/** A broker that knows no credit and sends a thousand messages. */
async function flooded(broker: ScriptedBroker) {
  const session = await broker.connect(
    { receiveBuffer: 10_000, heartBeat: [0, 1000] },
    { version: "1.2", "heart-beat": "1000,0" },
  );
  const subscription = session.client.subscribe("/queue/a", {
    id: "s",
    ack: "auto",
  });
  await confirm(session.peer, await session.peer.next());
  let written = 0;
  const flooding = (async () => {
    while (written < 1000) {
      await session.peer.write(
        raw("MESSAGE", {
          subscription: "s",
          "message-id": `${written}`,
          destination: "/queue/a",
        }, BODY),
      );
      written++;
    }
  })();
  await settled();
  return { ...session, subscription, flooding, written: () => written };
}

test("reading rests while too much waits to be handed out, and goes on with the loop", async () => {
  await using broker = await ScriptedBroker.start();
  const flood = await flooded(broker);
  assert(flood.written() < 200, `${flood.written()} messages were taken`);
  // A resting reader cannot tell whether the broker lives, so it does not say.
  await broker.clock.advance(60_000);
  let count = 0;
  for await (const { body } of flood.subscription) {
    assertEquals(body.length, BODY.length);
    if (++count === 1000) break;
  }
  await flood.flooding;
});

test("reading goes on while somebody waits for a receipt that is behind", async () => {
  await using broker = await ScriptedBroker.start();
  const flood = await flooded(broker);
  const before = flood.written();
  const send = flood.client.send("/queue/b", "", { receipt: true });
  const frame = await flood.peer.next();
  await flood.flooding;
  assert(before < 200 && flood.written() === 1000);
  await confirm(flood.peer, frame);
  await send;
});

test("a message for a subscription that has ended is nobody's", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  await peer.say(message("unknown", 1));
  await client.send("/queue/a", "still open");
});
