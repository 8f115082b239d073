import { turn } from "./turn.ts";

/** What we use of a page's document. */
export interface PageVisibility {
  /** Whether nobody sees the page. */
  readonly hidden: boolean;
  addEventListener(type: "visibilitychange", listener: () => void): void;
  removeEventListener(type: "visibilitychange", listener: () => void): void;
}

/** Something that wakes us though the page is hidden. */
export interface Ticker {
  /** Wakes us after so many ms, and not before. */
  wakeAfter(milliseconds: number): void;
  /** There is no use for it any more. */
  end(): void;
}

/** What hidden tab's timers are made with; tests have their own. */
export interface HiddenTabOptions {
  readonly page: PageVisibility;
  readonly now: () => number;
  readonly timer: (milliseconds: number, callback: () => void) => () => void;
  /** Starts a ticker that calls `tick`; `lost` if it turns out to be forbidden. */
  readonly startTicker: (tick: () => void, lost: () => void) => Ticker;
}

interface Timer {
  readonly due: number;
  readonly callback: () => void;
  cancel: () => void;
}

/**
 * Timers of a page that stay on time while its tab is hidden, where browsers
 * hold up a page's own by up to a minute: a worker's are not held up. Where a
 * page forbids workers (by its Content-Security-Policy), its own have to do.
 */
export class HiddenTabTimers {
  readonly #options: HiddenTabOptions;
  readonly #timers = new Set<Timer>();
  readonly #look = () => this.#arm();
  #isLooking = false;
  #ticker: Ticker | undefined;
  #isForbidden = false;

  /** Nothing happens before the first timer is set. */
  constructor(options: HiddenTabOptions) {
    this.#options = options;
  }

  /** Calls back once, after so many milliseconds. Returns how to cancel that. */
  set(milliseconds: number, callback: () => void): () => void {
    const { now, timer, page } = this.#options;
    const own: Timer = {
      due: now() + milliseconds,
      callback,
      cancel: timer(milliseconds, () => this.#fire(own)),
    };
    this.#timers.add(own);
    if (!this.#isLooking) {
      this.#isLooking = true;
      page.addEventListener("visibilitychange", this.#look);
    }
    this.#arm();
    return () => this.#take(own);
  }

  #fire(timer: Timer): void {
    if (this.#take(timer)) timer.callback();
  }

  #take(timer: Timer): boolean {
    timer.cancel();
    const isThere = this.#timers.delete(timer);
    // Whoever is called back mostly sets the next one at once.
    if (isThere && this.#timers.size === 0) {
      void turn().then(() => this.#rest());
    }
    return isThere;
  }

  #rest(): void {
    if (this.#timers.size > 0 || !this.#isLooking) return;
    this.#isLooking = false;
    this.#options.page.removeEventListener("visibilitychange", this.#look);
    this.#endTicker();
  }

  #arm(): void {
    const { page, now } = this.#options;
    if (!page.hidden) return this.#endTicker();
    if (this.#isForbidden) return;
    let next = Infinity;
    for (const { due } of this.#timers) next = Math.min(next, due);
    if (next === Infinity) return;
    this.#startTicker()?.wakeAfter(Math.max(0, next - now()));
  }

  #startTicker(): Ticker | undefined {
    const lost = () => {
      this.#isForbidden = true;
      this.#ticker = undefined;
    };
    try {
      return this.#ticker ??= this.#options.startTicker(
        () => this.#tick(),
        lost,
      );
    } catch {
      lost();
      return undefined;
    }
  }

  #tick(): void {
    const now = this.#options.now();
    for (const timer of [...this.#timers]) {
      if (timer.due <= now + 1) this.#fire(timer);
    }
    this.#arm();
  }

  #endTicker(): void {
    this.#ticker?.end();
    this.#ticker = undefined;
  }
}

const TICKER =
  "let t;onmessage=e=>{clearTimeout(t);t=setTimeout(()=>postMessage(0),e.data)}";

/** A worker that wakes its page. */
export function startWorkerTicker(tick: () => void, lost: () => void): Ticker {
  const script = URL.createObjectURL(
    new Blob([TICKER], { type: "text/javascript" }),
  );
  try {
    const worker = new Worker(script);
    worker.onmessage = tick;
    worker.onerror = lost;
    return {
      wakeAfter: (milliseconds) => worker.postMessage(milliseconds),
      end: () => worker.terminate(),
    };
  } finally {
    URL.revokeObjectURL(script);
  }
}
