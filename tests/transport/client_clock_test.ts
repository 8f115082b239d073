import { VirtualClock } from "../../testing/mod.ts";
import { HiddenTabTimers } from "../../transport/hidden_tab_timers.ts";
import { turn } from "../../transport/turn.ts";
import { WakingClock } from "../../transport/waking_clock.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";

/** A machine that can sleep: it runs no further, and the wall does. */
function machine() {
  const running = new VirtualClock();
  const seen = { slept: 0 };
  const clock = new WakingClock({
    running: () => running.now(),
    onTheWall: () => running.now() + seen.slept,
    timer: (milliseconds, callback) => running.after(milliseconds, callback),
  });
  return { running, clock, sleep: (ms: number) => seen.slept += ms };
}

for (const period of [1000, 2000, 10_000, 60_000]) {
  test(`what was due after two periods of ${period} ms is due within one after a night`, async () => {
    const { running, clock, sleep } = machine();
    let calls = 0;
    clock.after(2 * period, () => calls++);
    sleep(8 * 60 * 60 * 1000);
    await running.advance(period);
    assertEquals(calls, 1);
    assertEquals(running.pending, 0);
    assert(clock.now() > 8 * 60 * 60 * 1000);
  });
}

test("a timer of a machine that does not sleep is on time, and can be cancelled on its way", async () => {
  const { running, clock } = machine();
  let calls = 0;
  clock.after(60_000, () => calls++);
  const cancel = clock.after(60_000, () => calls++);
  await running.advance(59_990);
  assertEquals(calls, 0);
  cancel();
  await running.advance(10);
  assertEquals(calls, 1);
  assertEquals(running.pending, 0);
});

test("a clock on the wall that is put right, or back, changes nothing", async () => {
  const { running, clock, sleep } = machine();
  for (const shift of [1500, -3_600_000, 400]) {
    const before = clock.now();
    sleep(shift);
    assertEquals(clock.now(), before);
    await running.advance(100);
  }
});

/** A page whose own timers are held up while it is hidden. */
function page({ isForbidden = false } = {}) {
  const time = new VirtualClock();
  const listeners = new Set<() => void>();
  const seen = { tickers: 0, ended: 0, listeners };
  const visibility = {
    hidden: false,
    addEventListener: (_: string, listener: () => void) =>
      void listeners.add(listener),
    removeEventListener: (_: string, listener: () => void) =>
      void listeners.delete(listener),
  };
  const timers = new HiddenTabTimers({
    page: visibility,
    now: () => time.now(),
    timer: (milliseconds, callback) =>
      time.after(milliseconds + 60_000, callback),
    startTicker: (tick) => {
      if (isForbidden) throw new Error("Content-Security-Policy");
      seen.tickers++;
      let cancel = () => {};
      return {
        wakeAfter: (milliseconds) => {
          cancel();
          cancel = time.after(milliseconds, tick);
        },
        end: () => {
          seen.ended++;
          cancel();
        },
      };
    },
  });
  const hide = (hidden: boolean) => {
    visibility.hidden = hidden;
    for (const listener of listeners) listener();
  };
  return { time, timers, seen, hide };
}

test("a hidden tab keeps time, one timer behind the other, and leaves nothing behind", async () => {
  const { time, timers, seen, hide } = page();
  const rung: number[] = [];
  const ring = () => {
    rung.push(time.now());
    if (rung.length < 3) timers.set(5000, ring);
  };
  timers.set(5000, ring);
  assertEquals(seen.tickers, 0);
  hide(true);
  await time.advance(15_000);
  assertEquals(rung, [5000, 10_000, 15_000]);
  await turn();
  assertEquals(seen.tickers, seen.ended);
  assertEquals(seen.listeners.size, 0);
  assertEquals(time.pending, 0);
});

test("a tab that is seen again needs nobody to keep its time", async () => {
  const { time, timers, seen, hide } = page();
  hide(true);
  let calls = 0;
  const cancel = timers.set(5000, () => calls++);
  assertEquals([seen.tickers, seen.ended], [1, 0]);
  hide(false);
  assertEquals([seen.tickers, seen.ended], [1, 1]);
  await time.advance(65_000);
  assertEquals(calls, 1);
  cancel();
});

test("where workers are forbidden, the page's own timers have to do", async () => {
  const { time, timers, hide } = page({ isForbidden: true });
  hide(true);
  let calls = 0;
  timers.set(5000, () => calls++);
  await time.advance(65_000);
  assertEquals(calls, 1);
  assertEquals(time.pending, 0);
});
