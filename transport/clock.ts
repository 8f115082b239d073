import { everybodysTurn } from "./turn.ts";

/**
 * Time as the rest of the package sees it. Tests put a virtual clock in its
 * place, so that a minute of heart-beats takes no time.
 */
export interface Clock {
  /** Milliseconds since whenever; never goes back. */
  now(): number;
  /** Calls back once, after so many milliseconds. Returns how to cancel that. */
  after(milliseconds: number, callback: () => void): () => void;
  /**
   * Resolves when everybody else has had a turn of the event loop.
   *
   * @default {at the end of this turn}
   */
  turn?(): Promise<void>;
}

/** The longest time that `setTimeout` can wait. */
const LONGEST = 2 ** 31 - 1;

/** The runtime's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    if (milliseconds === Infinity) return () => {};
    const timer = setTimeout(callback, Math.min(milliseconds, LONGEST));
    return () => clearTimeout(timer);
  },
  turn: everybodysTurn,
};
