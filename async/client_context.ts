import type { Clock } from "../transport/clock.ts";
import { Pace } from "../transport/pace.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import { SignalWatch } from "../transport/signal_watch.ts";
import { Traffic } from "./stats.ts";
import { StatusBoard } from "./status.ts";

/** For how long, in ms, nobody may look at a client that has failed. */
const UNSEEN = 1000;

/** What all parts of one client share. */
export class ClientContext {
  readonly clock: Clock;
  /** Whose turn it is. */
  readonly pace: Pace;
  readonly signals: SignalWatch = new SignalWatch();
  /** Where everything that happens is told. */
  readonly status: StatusBoard = new StatusBoard();
  /** What has gone over its connections. */
  readonly traffic: Traffic = new Traffic();
  readonly buffer: ReceiveBuffer;
  /** How long a receipt may take where nothing is said, in ms. */
  readonly receiptTimeout: number;
  /** How long draining may take, in ms. */
  readonly drainTimeout: number;
  /** Whether the client closes, so that its own time-out is the only one. */
  isClosing = false;
  #isEndNoted = false;
  #onEndNoted: (() => void) | undefined;

  /** Begins with nothing done. */
  constructor(
    { clock, receiptTimeout, drainTimeout, receiveBuffer }: {
      readonly clock: Clock;
      readonly receiptTimeout: number;
      readonly drainTimeout: number;
      readonly receiveBuffer: number;
    },
  ) {
    this.clock = clock;
    this.pace = new Pace(clock);
    this.buffer = new ReceiveBuffer(receiveBuffer);
    this.receiptTimeout = receiptTimeout;
    this.drainTimeout = drainTimeout;
  }

  /** The program has looked at the end of the client, or is told of it anyhow. */
  noteEnd(): void {
    this.#isEndNoted = true;
    this.#onEndNoted?.();
  }

  /** It has ended: a failure that nobody looks at must not pass for a success. */
  failed(cause: unknown): void {
    if (this.#isEndNoted) return;
    const complain = () => void Promise.reject(cause);
    this.#onEndNoted = this.clock.after(UNSEEN, complain);
  }
}
