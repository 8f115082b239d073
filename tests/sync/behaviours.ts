import { connectSync, type SyncClient } from "../../sync.ts";
import type { Frame } from "../../sync.ts";
import type { Behaviour } from "../behaviours/behaviour.ts";
import { counted, newQueue } from "../behaviours/behaviour.ts";
import {
  assert,
  assertEquals,
  assertFalse,
  assertThrows,
} from "../support/assert.ts";

/** The next messages. */
function take(client: SyncClient, count: number): Frame[] {
  return Array.from({ length: count }, (_, taken) => {
    const frame = client.receiveFrame({ timeout: 10_000 });
    assert(frame !== null, `${taken} of ${count} messages came`);
    return frame;
  });
}

/** What the messages say. */
function texts(frames: readonly Frame[]): string[] {
  return frames.map((frame) => frame.text());
}

/** What only a client that blocks can do, and does. */
function row(
  name: string,
  body: (client: SyncClient) => void,
  options?: Parameters<typeof connectSync>[1],
): Behaviour {
  return {
    name,
    // deno-lint-ignore require-await -- it blocks, and its failure is a rejection
    run: async ({ url }) => {
      using client = connectSync(url, options);
      body(client);
    },
  };
}

/** What the blocking client does beyond what both do. */
export const OF_THE_BLOCKING: readonly Behaviour[] = [
  {
    ...row("a connection lives on while the program computes", (client) => {
      const [send, receive] = client.heartBeat;
      assert(send > 0 && receive > 0);
      const end = performance.now() + 3 * Math.max(send, receive);
      while (performance.now() < end);
      client.send(newQueue(), "still here", { receipt: true });
    }, { heartBeat: [1000, 1000] }),
    on: ["rabbitmq", "activemq"],
  },
  row(
    "messages that arrive while receipts are waited for are kept",
    (client) => {
      const queue = newQueue();
      client.subscribe(queue, { ack: "client", prefetch: 500 });
      for (const text of counted(500)) {
        client.send(queue, text, { receipt: true });
      }
      const frames = take(client, 500);
      assertEquals(texts(frames), counted(500));
      assert(client.ack(frames.at(-1)!, { receipt: true }));
    },
  ),
  row("reading ends when nothing comes in time", (client) => {
    const queue = newQueue();
    client.subscribe(queue);
    client.send(queue, "the only one");
    const seen: string[] = [];
    for (const frame of client.messages({ timeout: 500 })) {
      seen.push(frame.text());
      client.ack(frame);
    }
    assertEquals(seen, ["the only one"]);
    assertFalse(client.canRead({ timeout: 10 }));
    assertEquals(client.receiveFrame({ timeout: 10 }), null);
  }),
  row("a topic's subscription stands once the call is back", (client) => {
    const topic = newQueue().replace("/queue/", "/topic/");
    client.subscribe(topic, { ack: "auto" });
    client.send(topic, "news");
    assertEquals(texts(take(client, 1)), ["news"]);
  }),
  row("much can be sent to oneself before any of it is received", (client) => {
    const queue = newQueue();
    client.subscribe(queue, { ack: "auto" });
    const body = new Uint8Array(100_000);
    for (let i = 0; i < 200; i++) client.send(queue, body);
    assertEquals(take(client, 200).length, 200);
  }),
  row("what a transaction sends comes when it is committed", (client) => {
    const queue = newQueue();
    client.subscribe(queue);
    client.transaction((transaction) => {
      client.send(queue, "a", { transaction });
      assertFalse(client.canRead({ timeout: 100 }));
    });
    assertEquals(texts(take(client, 1)), ["a"]);
  }),
  row("a transaction whose work throws is aborted, and throws it", (client) => {
    const queue = newQueue();
    client.subscribe(queue);
    const failing = () =>
      client.transaction((transaction) => {
        client.send(queue, "a", { transaction });
        throw new Error("no");
      });
    assertThrows(failing, Error, "no");
    client.send(queue, "b");
    assertEquals(texts(take(client, 1)), ["b"]);
  }),
  row("after reconnect() what was not acknowledged comes again", (client) => {
    const queue = newQueue();
    for (const text of ["a", "b"]) client.send(queue, text);
    client.subscribe(queue);
    const [a, late] = take(client, 2);
    client.transaction((transaction) => {
      assert(client.ack(a!, { transaction }));
    });
    client.reconnect();
    assertEquals(client.ack(late!), false, "a late ack is stale");
    const [b] = take(client, 1);
    assertEquals(b!.text(), "b");
    assertEquals(b!.headers.get("redelivered"), "true");
    assert(client.ack(b!, { receipt: true }));
  }),
];
