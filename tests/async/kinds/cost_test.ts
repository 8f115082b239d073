// What the twenty-thousandth costs is what the first one costs. It is work that is
// counted, not time.

import type { Message } from "../../../mod.ts";
import { FrameBuffer } from "../../../codec/encoder.ts";
import { Frame } from "../../../codec/mod.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { test } from "../../support/harness.ts";
import { countWork } from "../../support/work.ts";
import {
  confirm,
  header,
  message,
  ScriptedBroker,
} from "../../support/scripted_broker.ts";
import { raw } from "../../support/raw_peer.ts";
import { settled } from "../../support/virtual_clock.ts";

/** How many steps iterating sets and maps takes meanwhile. */
async function steps(body: () => Promise<void>): Promise<number> {
  let count = 0;
  const restore: (() => void)[] = [];
  for (const sample of [new Set().values(), new Map().values()]) {
    const prototype = Object.getPrototypeOf(sample);
    const { next } = prototype;
    prototype.next = function () {
      count++;
      return next.call(this);
    };
    restore.push(() => prototype.next = next);
  }
  try {
    await body();
  } finally {
    for (const undo of restore) undo();
  }
  return count;
}

/** What so many of them cost. */
const WORK: Readonly<Record<string, (many: number) => Promise<number>>> = {
  "sends that share a signal": async (many) => {
    await using broker = await ScriptedBroker.start();
    const { client } = await broker.connect();
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener;
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add.apply(signal, args);
    };
    for (let count = 0; count < many; count++) {
      client.send("/queue/a", "", { receipt: true, signal }).catch(() => {});
    }
    await settled();
    assertEquals(listeners, 1);
    return 1;
  },
  "acknowledgements in client mode, behind one that was left": async (many) => {
    await using broker = await ScriptedBroker.start();
    const { client, peer } = await broker.connect();
    const subscription = client.subscribe("/queue/a", {
      id: "s",
      ack: "client",
      prefetch: 2 * many,
    });
    await confirm(peer, await peer.next());
    let text = "";
    for (let number = 0; number < many; number++) text += message("s", number);
    await peer.write(text);
    for await (const _ of subscription) break;
    let seen = 1;
    return await steps(async () => {
      for await (const _ of subscription) if (++seen === many) break;
    });
  },
  "acknowledgements by hand in one transaction": async (many) => {
    await using broker = await ScriptedBroker.start();
    const { client, peer } = await broker.connect();
    const subscription = client.subscribe("/queue/a", {
      id: "s",
      ack: "client",
      prefetch: 2 * many,
    });
    await confirm(peer, await peer.next());
    let text = "";
    for (let number = 0; number < many; number++) text += message("s", number);
    await peer.write(text);
    const messages: Message[] = [];
    while (messages.length < many) {
      messages.push((await subscription.receive())!);
    }
    const transaction = await client.begin();
    return await steps(async () => {
      for (const one of messages) await one.ack({ transaction });
    });
  },
  "answers to requests that wait together": async (many) => {
    await using broker = await ScriptedBroker.start();
    const { client, peer } = await broker.connect();
    const asked = Array.from(
      { length: many },
      () => client.request("/queue/a", "").catch(() => {}),
    );
    const frames = await peer.frames();
    const sends = frames.filter(({ command }) => command === "SEND");
    assertEquals(sends.length, many);
    const answers = sends.map((frame, number) =>
      raw("MESSAGE", {
        subscription: header(frame, "reply-to"),
        destination: header(frame, "reply-to"),
        "message-id": `${number}`,
        "correlation-id": header(frame, "correlation-id"),
      })
    ).join("");
    return await steps(async () => {
      await peer.write(answers);
      await Promise.all(asked);
    });
  },
};

for (const [name, work] of Object.entries(WORK)) {
  test(`the cost of ${name} grows as their number does`, async () => {
    const few = await work(200);
    const many = await work(800);
    assert(many <= 5 * few + 100, `200: ${few}, 800: ${many}`);
  });
}

test("a burst is not copied again and again, and what comes behind it keeps none of it", () => {
  const buffer = new FrameBuffer();
  const frame = new Frame("SEND", { destination: "/queue/a" }, "x".repeat(500));
  const work = countWork(() => {
    for (let count = 0; count < 2000; count++) buffer.append(frame);
  });
  assert(work.copied < 100_000, `${work.copied} octets were copied`);
  assert(work.largest <= 64 * 1024);
  buffer.append(new Frame("SEND", { destination: "/a" }, new Uint8Array(1e6)));
  buffer.takePieces();
  buffer.appendHeartBeat();
  assertEquals(buffer.take().buffer.byteLength, 64 * 1024);
});
