// A test of yours, with a broker in it that misbehaves: orders that cannot be
// confirmed are kept for later.
//
//   deno test --allow-net examples/own_test.ts
//   bun test ./examples/own_test.ts
//   node --test examples/own_test.ts

import { equal } from "node:assert/strict";
import { type Client, connect, TimeoutError } from "../mod.ts";
import { serve } from "../testing/mod.ts";

// Yours needs one of them. Deno would look for "bun:test" before it runs
// anything if that were written where it is imported.
const RUNNER: string = "Bun" in globalThis ? "bun:test" : "node:test";
const test: (name: string, body: () => Promise<void>) => void =
  "Deno" in globalThis ? Deno.test : (await import(RUNNER)).test;

/** What is tested. */
async function placeOrder(client: Client, order: string): Promise<string> {
  try {
    await client.send("/queue/orders", order, { receipt: true, timeout: 200 });
    return "confirmed";
  } catch (error) {
    if (error instanceof TimeoutError) return "kept for later";
    throw error;
  }
}

test("an order is confirmed", async () => {
  await using broker = await serve();
  await using client = await connect(broker.url);
  equal(await placeOrder(client, "one"), "confirmed");
  equal(broker.queue("/queue/orders").depth, 1);
});

test("an order that cannot be confirmed is kept", async () => {
  await using broker = await serve();
  await using client = await connect(broker.url);
  broker.misbehave({ loseReceipt: 1 });
  equal(await placeOrder(client, "one"), "kept for later");
  equal(broker.frames().at(-1)!.frame.text(), "one");
});
