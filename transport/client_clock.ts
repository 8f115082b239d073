import type { Clock } from "./clock.ts";
import {
  HiddenTabTimers,
  type PageVisibility,
  startWorkerTicker,
} from "./hidden_tab_timers.ts";
import { RUNTIME_TIME, WakingClock } from "./waking_clock.ts";

/** A clock for one client: it notices sleep, and keeps time in a hidden tab. */
export function clientClock(): Clock {
  const { document } = globalThis as unknown as { document?: PageVisibility };
  if (document?.addEventListener === undefined) return new WakingClock();
  const timers = new HiddenTabTimers({
    page: document,
    now: RUNTIME_TIME.running,
    timer: RUNTIME_TIME.timer,
    startTicker: startWorkerTicker,
  });
  return new WakingClock({
    ...RUNTIME_TIME,
    timer: (milliseconds, callback) => timers.set(milliseconds, callback),
  });
}
