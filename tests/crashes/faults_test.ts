// Makes a broker of its own suffer, which the environment names.

import { delay } from "@std/async";
import { connect, ConnectionError, connectSync } from "../../mod.ts";
import { newQueue } from "../behaviours/behaviour.ts";
import { survive } from "../faults/trial.ts";
import { BROKER } from "../live/broker.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { withChance } from "../support/random.ts";
import { NODES, order } from "./suffering.ts";

const { label, url } = BROKER;
const isCluster = NODES > 1;
const who = isCluster ? `a cluster of ${NODES}` : label;

/** A queue that lives on as long as most nodes do. */
const QUORUM = {
  "x-queue-type": "quorum",
  durable: "true",
  "auto-delete": "false",
};

test(
  `${who}: nothing confirmed is lost when ${
    isCluster ? "one node after the other" : "the broker"
  } is killed and started again`,
  () =>
    withChance(async (random) => {
      const { confirmed, unknown } = await survive({
        target: url,
        queue: newQueue(),
        headers: isCluster ? QUORUM : {},
        random,
        harm: async () => {
          for (let crash = 0; crash < Math.max(2, NODES); crash++) {
            await delay(500 + random.below(1000));
            await order("kill", crash % NODES);
            await delay(500 + random.below(500));
            await order("start", crash % NODES);
          }
          await delay(1000);
        },
      });
      assert(confirmed > 100 && unknown > 0, `${confirmed}, ${unknown}`);
    }),
  { timeout: 240_000 },
);

/** In ms. */
const PERIOD = 1000;

test(
  `${who}: a frozen broker is noticed within two heart-beat periods, and taken up again when it thaws`,
  async () => {
    const [target] = /stomp:[^,)]*/.exec(url)!;
    await using client = await connect(target, {
      heartBeat: [PERIOD, PERIOD],
      reconnect: { initialDelay: 100, maxDelay: 500 },
      connectTimeout: 1000,
      connectedTimeout: 1000,
    });
    const events = client.status();
    await order("freeze");
    try {
      const { value: suspicion } = await events.next();
      assertEquals(suspicion!.type, "broker-silent");
      const { value: loss } = await events.next();
      assert(loss?.type === "disconnected");
      assertInstanceOf(loss.cause, ConnectionError);
      assertStringIncludes(loss.cause.message, "has been silent for");
      const silence = Number(/for (\d+) ms/.exec(loss.cause.message)![1]);
      assertEquals(Math.floor(silence / PERIOD), 2, `${silence} ms`);
    } finally {
      await order("thaw");
    }
    await client.send(newQueue(), "again", { receipt: true });
  },
  { timeout: 60_000 },
);

test(
  `${who}: a frozen broker is noticed by the blocking client's next call`,
  async () => {
    const [target] = /stomp:[^,)]*/.exec(url)!;
    const client = connectSync(target, { heartBeat: [PERIOD, PERIOD] });
    await order("freeze");
    try {
      const end = performance.now() + 3 * PERIOD;
      while (performance.now() < end);
      assertThrows(
        () => client.send(newQueue(), "x"),
        ConnectionError,
        "though it promised a heart-beat",
      );
    } finally {
      await order("thaw");
    }
    client.reconnect();
    client.send(newQueue(), "again", { receipt: true });
    client.disconnect();
  },
  { timeout: 60_000 },
);
