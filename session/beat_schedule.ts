import type { Pulse } from "./heart_beat.ts";

/** What is to be done now. */
export type BeatEvent =
  /** It is time for a sign of life. */
  | "beat"
  /** It is time to ask whether the broker lives. */
  | "ask"
  /** The broker has been silent for longer than it should. */
  | "overdue"
  /** The broker has been silent for too long. */
  | "silent";

/** A timer that is this late, in ms, was held up, and so was the reader. */
const LATE = 100;

/** Says when a connection's heart-beats are due, ours and the broker's. */
export class BeatSchedule {
  #pulse: Pulse | undefined;
  /** Whether the present silence was told of. */
  #isTold = false;
  /** When to look once more, after the reader has had time. */
  #again: number | undefined;

  /** Heart-beats have been negotiated. */
  start(pulse: Pulse): void {
    this.#pulse = pulse;
  }

  /** Octets have left. */
  sent(now: number): void {
    this.#pulse?.sent(now);
  }

  /** Octets have come. */
  received(now: number): void {
    this.#isTold = false;
    this.#again = undefined;
    this.#pulse?.received(now);
  }

  /** When to look next; `Infinity` for never. */
  get nextDeadline(): number {
    return this.#again ?? Math.min(
      this.#pulse?.nextDeadline() ?? Infinity,
      this.#isTold ? Infinity : this.#pulse?.overdueAt ?? Infinity,
    );
  }

  /** What is due, where it should have been looked for at `dueAt`. */
  due(now: number, dueAt: number): BeatEvent[] {
    const events: BeatEvent[] = [];
    const pulse = this.#pulse;
    if (pulse === undefined) return events;
    this.#again = undefined;
    if (pulse.isSendDue(now)) {
      pulse.sent(now);
      events.push("beat");
    }
    if (pulse.takeQuestion(now)) events.push("ask");
    const isLate = now - dueAt > LATE;
    const isSilent = pulse.silence(now) !== undefined;
    // The program was busy. Let the reader see first what has come meanwhile.
    if (isSilent && isLate) this.#again = now + LATE / 2;
    else if (isSilent) events.push("silent");
    else if (!isLate && !this.#isTold && now >= pulse.overdueAt) {
      this.#isTold = true;
      events.push("overdue");
    }
    return events;
  }

  /** For how long the broker has been silent, in ms, where that is too long. */
  silence(now: number): number | undefined {
    return this.#pulse?.silence(now);
  }
}
