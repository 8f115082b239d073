import { type HeartBeat, Pulse } from "../session/heart_beat.ts";
import type { Clock } from "../transport/clock.ts";

/**
 * How often a client is sent an EOL that we do not read from, in ms, whatever
 * heart-beats there are: only a write that fails tells that it is gone.
 */
const PROBE_EVERY = 5_000;
/**
 * How often in a row it is left out to send a heart-beat where that is the
 * custom, counted in halves of a period: two periods pass once what was sent
 * last was something else, and one after each heart-beat.
 */
const SKIPS = { afterFrame: 3, afterBeat: 1 };

/** How long things may take, in ms. */
export interface WatchOptions {
  readonly clock: Clock;
  readonly connectTimeout: number;
  readonly frameTimeout: number;
  /** Whether the first heart-beat of a silence is left out. */
  readonly skipsBeats: boolean;
}

/** What a watch looks at, and tells. */
export interface WatchEvents {
  /** Whether the client's silence is ours: nothing is read, or looked at. */
  readonly isSilenceExcused: boolean;
  /** Whether the rest of a frame may take longer: it waits for us. */
  readonly isDelayExcused: boolean;
  /** Whether the client may take its time to connect. */
  readonly isPatient: boolean;
  /** An EOL is to be sent. */
  beat(): void;
  /** No CONNECT has come in time. */
  noConnect(): void;
  /** A frame was not complete in time. */
  frameTooSlow(): void;
  /** The client has been silent for too long. */
  silent(): void;
}

/** Time as it concerns one connection: heart-beats and time-outs. */
export class ConnectionWatch {
  readonly #options: WatchOptions;
  readonly #events: WatchEvents;
  #pulse: Pulse | undefined;
  #cancelTimer: () => void = () => {};
  #hasEnded = false;
  /** When the frame has begun that is not complete. */
  #frameSince: number | undefined;
  /** When a client that we do not read from is probed next. */
  #probeAt = Infinity;
  #skips = SKIPS.afterFrame;

  /** Waits for CONNECT. */
  constructor(options: WatchOptions, events: WatchEvents) {
    this.#options = options;
    this.#events = events;
    this.#expectConnect();
  }

  #expectConnect(): void {
    const { clock, connectTimeout } = this.#options;
    this.#cancelTimer = clock.after(connectTimeout, () => {
      if (this.#events.isPatient) this.#expectConnect();
      else this.#events.noConnect();
    });
  }

  /** The session is open, and has these heart-beats. */
  connected(heartBeat: HeartBeat): void {
    this.#pulse = new Pulse(heartBeat, this.#options.clock.now());
    this.#arm();
  }

  /** Looks no more. */
  end(): void {
    this.#hasEnded = true;
    this.#cancelTimer();
  }

  /** Octets have come. */
  received(): void {
    this.#probeAt = Infinity;
    this.#pulse?.received(this.#options.clock.now());
  }

  /** Octets were sent: a heart-beat, or something else. */
  sent(isBeat: boolean): void {
    if (!isBeat) this.#skips = SKIPS.afterFrame;
    this.#pulse?.sent(this.#options.clock.now());
  }

  /** Nothing is read any more, until something is received. */
  paused(): void {
    this.#probeAt = this.#options.clock.now() + PROBE_EVERY;
    this.#rearm();
  }

  /** A frame has come to its end. */
  frameEnded(): void {
    this.#frameSince = undefined;
  }

  /** A frame has begun that is not complete. */
  frameBegun(): void {
    if (this.#frameSince !== undefined) return;
    this.#frameSince = this.#options.clock.now();
    this.#rearm();
  }

  get #frameDeadline(): number {
    return (this.#frameSince ?? Infinity) + this.#options.frameTimeout;
  }

  /** Before CONNECT another time-out runs. */
  #rearm(): void {
    if (this.#pulse !== undefined) this.#arm();
  }

  #arm(): void {
    if (this.#hasEnded) return;
    this.#cancelTimer();
    const deadline = Math.min(
      this.#pulse?.nextDeadline() ?? Infinity,
      this.#frameDeadline,
      this.#probeAt,
    );
    if (deadline === Infinity) return;
    const { clock } = this.#options;
    this.#cancelTimer = clock.after(
      Math.max(0, deadline - clock.now()),
      () => this.#tick(clock.now()),
    );
  }

  #tick(now: number): void {
    const pulse = this.#pulse!;
    if (this.#events.isSilenceExcused) pulse.received(now);
    if (this.#events.isDelayExcused && this.#frameSince !== undefined) {
      this.#frameSince = now;
    }
    if (now >= this.#frameDeadline) return this.#events.frameTooSlow();
    if (pulse.silence(now) !== undefined) return this.#events.silent();
    const isProbeDue = now >= this.#probeAt;
    if (isProbeDue) this.#probeAt = now + PROBE_EVERY;
    if (isProbeDue || pulse.isSendDue(now)) {
      if (isProbeDue || !this.#isSkipped()) this.#events.beat();
      pulse.sent(now);
    }
    this.#arm();
  }

  #isSkipped(): boolean {
    if (!this.#options.skipsBeats) return false;
    if (this.#skips-- > 0) return true;
    this.#skips = SKIPS.afterBeat;
    return false;
  }
}
