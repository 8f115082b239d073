import { Alarm } from "../transport/alarm.ts";
import type { ClientContext } from "./client_context.ts";
import type { Unsettled } from "./unsettled.ts";

/** For how long, in ms, a subscription may have no credit before that is told. */
const PATIENCE = 10_000;

/** What is watched. */
interface Watched {
  readonly id: string;
  readonly destination: string;
  /** How many messages the broker may send ahead. */
  readonly prefetch: number;
}

/** Tells when the broker waits for what the program does not settle. */
export class CreditWatch {
  readonly #context: ClientContext;
  readonly #unsettled: Unsettled;
  readonly #watched: Watched;
  readonly #alarm: Alarm;
  /** Since when there is no credit left, and how much was settled before. */
  #since = 0;
  #settlements = -1;

  /** Begins with all credit. */
  constructor(
    context: ClientContext,
    unsettled: Unsettled,
    watched: Watched,
  ) {
    this.#context = context;
    this.#unsettled = unsettled;
    this.#watched = watched;
    this.#alarm = new Alarm(context.clock, () => this.#look());
  }

  /** A message came. */
  came(): void {
    const { settlements } = this.#unsettled;
    if (!this.#isUsedUp || settlements === this.#settlements) return;
    this.#since = this.#context.traffic.receivedAt;
    this.#settlements = settlements;
    this.#alarm.by(this.#since + PATIENCE);
  }

  /** There is nothing to watch any more. */
  stop(): void {
    this.#alarm.stop();
  }

  get #isUsedUp(): boolean {
    const { ack, owed } = this.#unsettled;
    return ack !== "auto" && owed >= this.#watched.prefetch;
  }

  #look(): void {
    if (!this.#isUsedUp) return;
    const { status, clock } = this.#context;
    const { settlements, inHand, oldestSince } = this.#unsettled;
    const now = clock.now();
    const due = this.#since + PATIENCE;
    if (now < due) return this.#alarm.by(due);
    if (settlements !== this.#settlements) return;
    status.post({
      type: "consumer-stalled",
      subscription: this.#watched.id,
      destination: this.#watched.destination,
      inHand,
      age: now - (oldestSince ?? this.#since),
    });
  }
}
