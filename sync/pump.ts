import { ConnectionError } from "../errors.ts";
import { Pulse } from "../session/heart_beat.ts";
import type { Clock } from "../transport/clock.ts";
import type { Link } from "../transport/transport.ts";
import type { SharedChannel } from "./shared_channel.ts";

/** The most that is written at once, so that room is given back in between. */
const LARGEST_WRITE = 64 * 1024;

/**
 * What nobody waits for may wait so long, in ms, for what else is to be moved
 * with it, unless there is enough to be worth it.
 */
const GATHERING = 2;
const ENOUGH = 16 * 1024;

/** How often the pump shows that its thread lives, in ms. */
const ALIVE_EVERY = 500;

/** A timer that is this late was held up, and so was the reader. */
const LATE = 100;

const HEART_BEAT = Uint8Array.of(0x0a);

/**
 * Moves octets between a link and a channel, on a thread of its own. It knows
 * nothing of STOMP but the heart-beat: an EOL, between two frames, after half a
 * period in which nothing else was sent; and octets that it is given to have a
 * silent broker answer.
 */
export class Pump {
  readonly #channel: SharedChannel;
  readonly #link: Link;
  readonly #clock: Clock;
  #pulse: Pulse | undefined;
  #isBeatDue = false;
  #isQuestionDue = false;
  #isOver = false;
  #news: Promise<void> | undefined;
  #cancelTimer: () => void = () => {};
  #endRest: () => void = () => {};
  #wakeAt = 0;

  /** Moves nothing before {@linkcode run}. */
  constructor(channel: SharedChannel, link: Link, clock: Clock) {
    this.#channel = channel;
    this.#link = link;
    this.#clock = clock;
  }

  /** Moves octets until the link ends or fails; the channel says which. */
  async run(): Promise<void> {
    this.#channel.state = "open";
    this.#tick();
    await Promise.all([this.#read(), this.#write()]);
  }

  async #read(): Promise<void> {
    const { inbound } = this.#channel;
    try {
      for (;;) {
        const octets = await this.#link.read();
        if (this.#isOver) return;
        if (octets === undefined) return this.#end();
        this.#pulse?.received(this.#clock.now());
        const isAhead = inbound.length > 0 && octets.length < ENOUGH;
        for (let at = 0; at < octets.length;) {
          const seen = this.#channel.newsForWorker;
          this.#channel.workerWantsRoom = true;
          const count = inbound.put(octets, at);
          at += count;
          if (count > 0) this.#channel.tellCaller();
          if (at < octets.length) await this.#newsLaterThan(seen);
          if (this.#isOver) return;
          this.#channel.workerWantsRoom = false;
        }
        if (isAhead) await this.#rest();
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * The caller is busy with what came before: what comes now can be read in
   * larger pieces, which leaves more of the machine to the others.
   */
  #rest(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.after(GATHERING, resolve);
    this.#endRest = () => {
      cancel();
      resolve();
    };
    return promise;
  }

  async #write(): Promise<void> {
    const { outbound } = this.#channel;
    try {
      while (!this.#isOver) {
        const seen = this.#channel.newsForWorker;
        this.#heedHeartBeat();
        if (outbound.length > 0) await this.#gather();
        // In this order: a frame that is begun in between is seen below.
        const { isMidFrame } = this.#channel;
        this.#channel.isUrgent = false;
        const octets = outbound.peek(LARGEST_WRITE);
        if (octets.length > 0) {
          await this.#link.write(octets);
          outbound.drop(octets.length);
          if (this.#channel.callerWantsRoom) this.#channel.tellCaller();
        } else if (this.#isQuestionDue && !isMidFrame) {
          this.#isQuestionDue = false;
          await this.#link.write(this.#channel.question);
        } else if (this.#isBeatDue && !isMidFrame) {
          await this.#link.write(HEART_BEAT);
        } else {
          await this.#newsLaterThan(seen);
          continue;
        }
        this.#isBeatDue = false;
        this.#pulse?.sent(this.#clock.now());
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Waits a moment for more, unless what is there must leave at once. */
  async #gather(): Promise<void> {
    const channel = this.#channel;
    const isReady = () =>
      this.#isOver || channel.isUrgent || channel.outbound.length >= ENOUGH;
    if (isReady()) return;
    let isLate = false;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.after(GATHERING, () => {
      isLate = true;
      resolve();
    });
    channel.isGathering = true;
    while (!isLate) {
      const seen = channel.newsForWorker;
      if (isReady()) break;
      await Promise.race([late, this.#newsLaterThan(seen)]);
    }
    channel.isGathering = false;
    cancel();
  }

  /** Begins with heart-beats once the caller knows what was negotiated. */
  #heedHeartBeat(): void {
    const { heartBeat, beats, question } = this.#channel;
    if (this.#pulse !== undefined || !beats) return;
    const asks = question.length > 0;
    this.#pulse = new Pulse(heartBeat, this.#clock.now(), asks);
    this.#tick();
  }

  /** One wait serves both directions. */
  #newsLaterThan(seen: number): Promise<void> {
    if (this.#isOver || this.#channel.newsForWorker !== seen) {
      return Promise.resolve();
    }
    return this.#news ??= this.#channel.newsLaterThan(seen).then(() => {
      this.#news = undefined;
    });
  }

  #tick(): void {
    const now = this.#clock.now();
    const pulse = this.#pulse;
    this.#channel.showSignOfLife();
    if (pulse?.isSendDue(now)) {
      this.#isBeatDue = true;
      pulse.sent(now);
      this.#channel.tellWorker();
    }
    // While the caller has no room for it, nobody looks what the broker sends.
    if (this.#channel.workerWantsRoom) pulse?.received(now);
    if (pulse?.takeQuestion(now)) {
      this.#isQuestionDue = true;
      this.#channel.tellWorker();
    }
    const silence = pulse?.silence(now);
    if (silence === undefined) {
      this.#arm(Math.min(pulse?.nextDeadline() ?? Infinity, now + ALIVE_EVERY));
    } else if (now - this.#wakeAt > LATE) {
      // The machine was busy. Let the reader see first what has come meanwhile.
      this.#arm(now + LATE / 2);
    } else {
      this.#fail(
        new ConnectionError(
          `The broker at ${this.#link.peer} has been silent for ${
            Math.round(silence)
          } ms, though it promised a heart-beat every ${
            this.#channel.heartBeat[1]
          } ms.`,
        ),
      );
    }
  }

  #arm(at: number): void {
    this.#cancelTimer();
    if (this.#isOver) return;
    const now = this.#clock.now();
    this.#wakeAt = Math.max(at, now);
    this.#cancelTimer = this.#clock.after(
      this.#wakeAt - now,
      () => this.#tick(),
    );
  }

  #end(): void {
    if (this.#isOver) return;
    this.#stop();
    this.#channel.state = "ended";
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#stop();
    this.#channel.fail(error);
  }

  #stop(): void {
    this.#isOver = true;
    this.#cancelTimer();
    this.#endRest();
    this.#link.close();
    this.#channel.tellWorker();
  }
}
