import type { Clock } from "./clock.ts";

/** One timer for many deadlines: it rings at the earliest. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: (at: number) => void;
  #at = Infinity;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  /** `ring` is told when it should have rung, and sets it anew. */
  constructor(clock: Clock, ring: (at: number) => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at this time at the latest. */
  by(time: number): void {
    if (time >= this.#at || this.#isStopped) return;
    this.#cancel?.();
    this.#at = time;
    this.#cancel = this.#clock.after(
      Math.max(0, time - this.#clock.now()),
      () => {
        this.#at = Infinity;
        this.#ring(time);
      },
    );
  }

  /** It rings no more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }
}
