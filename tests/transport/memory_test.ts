import { ConnectionError } from "../../errors.ts";
import { MemoryLink } from "../../transport/memory.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { outcomeOf } from "../support/scripted_broker.ts";

test("a link of limited capacity takes a write in parts", async () => {
  const [one, two] = MemoryLink.pair({ capacity: 10 });
  const writing = one.write(Uint8Array.from({ length: 25 }, (_, i) => i));
  const parts: number[][] = [];
  while (parts.flat().length < 25) parts.push([...(await two.read())!]);
  await writing;
  assertEquals(parts.map((part) => part.length), [10, 10, 5]);
  assertEquals(parts.flat(), Array.from({ length: 25 }, (_, i) => i));
});

test("a stalled link takes nothing until it goes on", async () => {
  const [one, two] = MemoryLink.pair();
  one.stall();
  const writing = one.write(new Uint8Array(1));
  assertEquals(await outcomeOf(writing), "pending");
  one.stall(false);
  await writing;
  assertEquals((await two.read())?.length, 1);
});

test("a link is cut after as many octets as it is told", async () => {
  const [one, two] = MemoryLink.pair();
  one.cutAfter(7);
  const reading = two.read();
  await assertRejects(() => one.write(new Uint8Array(20)), ConnectionError);
  await reading.catch(() => {});
  await assertRejects(() => two.read(), ConnectionError, "reset");
});

test("a reset fails both ends at once", async () => {
  const [one, two] = MemoryLink.pair({ capacity: 1 });
  const reading = two.read();
  const writing = one.write(new Uint8Array(5));
  await reading;
  one.reset();
  await assertRejects(() => writing, ConnectionError, "reset");
  await assertRejects(() => two.read(), ConnectionError, "reset");
});
