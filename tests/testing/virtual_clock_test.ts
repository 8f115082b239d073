import { settled, VirtualClock } from "../../testing/mod.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { test } from "../support/harness.ts";

test("a callback that blocks longer than time was to pass leaves it there", async () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  const note = () => seen.push(clock.now());
  clock.after(10, () => clock.block(1000));
  clock.after(20, note);
  await clock.advance(100);
  assertEquals(clock.now(), 1010);
  clock.after(5, note);
  await clock.advance(5);
  assertEquals(seen, [1010, 1015]);
});

test("times that pass at once are added up, and timers run in their order", async () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  for (const at of [105, 5, 50]) {
    clock.after(at, () => seen.push(clock.now()));
  }
  await Promise.all([clock.advance(100), clock.advance(10)]);
  assertEquals(seen, [5, 50, 105]);
  assertEquals(clock.now(), 110);
});

test("what a timer sets off may ask for more time", async () => {
  const clock = new VirtualClock();
  const further = Promise.withResolvers<void>();
  clock.after(10, () => further.resolve(clock.advance(5)));
  await clock.advance(20);
  await further.promise;
  assertEquals(clock.now(), 25);
});

test("a timer that throws rejects its own passing of time, and no later one", async () => {
  const clock = new VirtualClock();
  clock.after(10, () => {
    throw new Error("out of order");
  });
  const failed = assertRejects(() => clock.advance(20), Error, "out of order");
  const later = clock.advance(5);
  await failed;
  await later;
  await settled();
  assertEquals(clock.now(), 15);
});
