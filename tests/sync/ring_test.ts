import { Ring } from "../../sync/ring.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { withChance } from "../support/random.ts";

function ring(capacity: number, start: number): Ring {
  const words = new Int32Array(new SharedArrayBuffer(8));
  words.fill(start);
  return new Ring(new Uint8Array(new SharedArrayBuffer(capacity)), words, [
    0,
    1,
  ]);
}

/** Where the counters begin: at 0, before they turn negative, before they wrap. */
const STARTS = [0, 2 ** 31 - 5, -5];

for (const start of STARTS) {
  test(`Ring hands on what was put in, in order, with counters from ${start} on`, () => {
    withChance((random) => {
      const tried = ring(16, start);
      let put = 0;
      let taken = 0;
      while (taken < 10_000) {
        const octets = Uint8Array.from(
          { length: random.below(24) },
          (_, i) => put + i,
        );
        put += tried.put(octets);
        assertEquals(tried.length, put - taken);
        assertEquals(tried.room, 16 - (put - taken));
        const read = tried.peek(random.below(20));
        for (const octet of read) assertEquals(octet, taken++ & 0xff);
        tried.drop(read.length);
      }
    });
  });
}

test("Ring takes no more than it has room for", () => {
  const tried = ring(8, -3);
  const octets = Uint8Array.from({ length: 12 }, (_, i) => i);
  assertEquals(tried.put(octets), 8);
  assertEquals(tried.put(octets, 8), 0);
  assertEquals([...tried.peek()], [0, 1, 2, 3, 4, 5, 6, 7]);
  tried.drop(3);
  assertEquals(tried.put(octets, 8), 3);
  assertEquals([...tried.peek()], [3, 4, 5, 6, 7, 8, 9, 10]);
});

test("Ring hands out copies, which later octets do not change", () => {
  const tried = ring(4, 0);
  tried.put(Uint8Array.of(1, 2, 3));
  const octets = tried.peek();
  tried.drop(3);
  tried.put(Uint8Array.of(9, 9, 9, 9));
  assertEquals([...octets], [1, 2, 3]);
});

test("Ring hands on more than 4 GiB, so that its counters wrap around", () => {
  const tried = ring(1 << 16, 0);
  const block = new Uint32Array(1 << 14);
  const octets = new Uint8Array(block.buffer);
  const blocks = 2 ** 32 / octets.length + 3;
  for (let i = 0; i < blocks; i++) {
    block[0] = block[block.length - 1] = i;
    assertEquals(tried.put(octets), octets.length);
    const read = tried.peek();
    const arrived = new Uint32Array(read.buffer);
    if (arrived[0] !== i || arrived.at(-1) !== i) {
      throw new Error(`block ${i} arrived as ${arrived[0]}, ${arrived.at(-1)}`);
    }
    tried.drop(read.length);
  }
  assertEquals(tried.length, 0);
}, { timeout: 60_000 });
