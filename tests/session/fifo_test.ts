import { Fifo } from "../../session/fifo.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { withChance } from "../support/random.ts";

test("a Fifo does what an array does, whatever is done to it", () => {
  withChance((random) => {
    for (let run = 0; run < 20; run++) {
      const fifo = new Fifo<number>();
      const array: number[] = [];
      for (let step = 0; step < 2000; step++) {
        // It grows in one half of the time and shrinks in the other.
        const isGrowing = step % 500 < 250;
        if (random.onceIn(500)) {
          assertEquals(fifo.clear(), array.splice(0));
        } else if (random.below(10) < (isGrowing ? 7 : 3)) {
          fifo.push(step);
          array.push(step);
        } else {
          assertStrictEquals(fifo.shift(), array.shift());
        }
        assertStrictEquals(fifo.length, array.length);
        assertStrictEquals(fifo.peek(), array[0]);
      }
    }
  });
});

test("an empty Fifo has nothing, before and after it had something", () => {
  const fifo = new Fifo<string>();
  for (let i = 0; i < 3; i++) {
    assertStrictEquals(fifo.shift(), undefined);
    assertStrictEquals(fifo.peek(), undefined);
    assertStrictEquals(fifo.length, 0);
    assertEquals(fifo.clear(), []);
    fifo.push("a");
    assertStrictEquals(fifo.shift(), "a");
  }
});
