import { ExitFlush } from "../../sync/exit_flush.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";

/** Ends by hand, at a time by hand. */
function endsByHand() {
  const now = { ms: 5000 };
  const listeners: (() => void)[] = [];
  const exit = new ExitFlush((flush) => {
    listeners.push(flush);
    return () => listeners.splice(listeners.indexOf(flush), 1);
  }, () => now.ms);
  return { now, listeners, exit, end: () => listeners.forEach((end) => end()) };
}

/** Something that is never written. */
function stalled(now: { ms: number }) {
  return {
    flush: (deadline: number) => {
      now.ms = Math.max(now.ms, deadline);
    },
  };
}

test("ExitFlush waits once for all that is open, however many events tell of the end", () => {
  const { now, exit, end } = endsByHand();
  for (let i = 0; i < 4; i++) exit.add(stalled(now));
  end();
  end();
  assertEquals(now.ms, 6000);
});

test("ExitFlush waits again where an earlier end was none", () => {
  const { now, exit, end } = endsByHand();
  exit.add(stalled(now));
  end();
  now.ms = 60_000;
  end();
  assertEquals(now.ms, 61_000);
});

test("ExitFlush listens as long as anything is open, and no longer", () => {
  const { now, listeners, exit } = endsByHand();
  const links = [stalled(now), stalled(now)];
  for (const link of links) exit.add(link);
  assertEquals(listeners.length, 1);
  exit.delete(links[0]!);
  assertEquals(listeners.length, 1);
  exit.delete(links[1]!);
  assertEquals(listeners.length, 0);
  exit.add(links[0]!);
  assertEquals(listeners.length, 1);
});
