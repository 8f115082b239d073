import type { Pulse } from "../session/heart_beat.ts";
import type { Clock } from "../transport/clock.ts";
import type { Receipts } from "./receipts.ts";

/** What a timekeeper tells its connection. */
export interface TimekeeperEvents {
  /** It is time for a sign of life. */
  beat(): void;
  /** It is time to ask whether the broker lives. */
  ask(): void;
  /** The broker has been silent for longer than it should. */
  overdue(): void;
  /** The broker has been silent for too long. */
  silent(milliseconds: number): void;
  /** Whether nobody reads, so that silence says nothing. */
  isResting(): boolean;
}

/** A timer that is this late, in ms, was held up, and so was the reader. */
const LATE = 100;

/**
 * Keeps the deadlines of one connection, with one timer: our heart-beats, the
 * broker's, and receipts.
 */
export class Timekeeper {
  readonly #clock: Clock;
  readonly #receipts: Receipts;
  readonly #events: TimekeeperEvents;
  #pulse: Pulse | undefined;
  #cancel: (() => void) | undefined;
  #wakeAt = Infinity;
  #isStopped = false;
  /** Whether the present silence was told of. */
  #isTold = false;

  /** Heart-beats begin with {@linkcode start}. */
  constructor(clock: Clock, receipts: Receipts, events: TimekeeperEvents) {
    this.#clock = clock;
    this.#receipts = receipts;
    this.#events = events;
  }

  /** Heart-beats have been negotiated. */
  start(pulse: Pulse): void {
    this.#pulse = pulse;
    this.#arm();
  }

  /** Octets have left. */
  sent(): void {
    this.#pulse?.sent(this.#clock.now());
  }

  /** Octets have come. */
  received(): void {
    this.#isTold = false;
    this.#pulse?.received(this.#clock.now());
  }

  /** There is another receipt to wait for. */
  receiptAdded(): void {
    if (this.#receipts.nextDeadline < this.#wakeAt) this.#arm();
  }

  /** Nothing is due any more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #arm(): void {
    this.#cancel?.();
    this.#wakeAt = Math.min(
      this.#pulse?.nextDeadline() ?? Infinity,
      this.#isTold ? Infinity : this.#pulse?.overdueAt ?? Infinity,
      this.#receipts.nextDeadline,
    );
    if (this.#wakeAt === Infinity || this.#isStopped) return;
    this.#cancel = this.#clock.after(
      Math.max(0, this.#wakeAt - this.#clock.now()),
      () => this.#tick(),
    );
  }

  #tick(): void {
    const now = this.#clock.now();
    const pulse = this.#pulse;
    if (pulse?.isSendDue(now)) {
      this.#events.beat();
      pulse.sent(now);
    }
    if (this.#events.isResting()) pulse?.received(now);
    if (pulse?.takeQuestion(now)) this.#events.ask();
    this.#receipts.expire(now);
    const silence = pulse?.silence(now);
    const isLate = now - this.#wakeAt > LATE;
    if (silence === undefined) {
      if (!isLate && !this.#isTold && now >= (pulse?.overdueAt ?? Infinity)) {
        this.#isTold = true;
        this.#events.overdue();
      }
      this.#arm();
    } else if (isLate) {
      // The program was busy. Let the reader see first what has come meanwhile.
      this.#wakeAt = now;
      this.#cancel = this.#clock.after(LATE / 2, () => this.#tick());
    } else {
      this.#events.silent(silence);
    }
  }
}
