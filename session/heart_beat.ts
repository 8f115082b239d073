import { ProtocolError, quoted } from "../errors.ts";

/**
 * A pair of heart-beat periods in milliseconds, 0 for none. In a `heart-beat`
 * header: how often the sender can send, and how often it wants to receive.
 * Once negotiated: how often we send, and how often the peer does.
 */
export type HeartBeat = readonly [send: number, receive: number];

/**
 * Reads a `heart-beat` header; a missing one means `0,0` (STOMP 1.2,
 * "Heart-beating").
 *
 * @throws {ProtocolError} if it is not two numbers separated by a comma.
 */
export function parseHeartBeat(header: string | undefined): HeartBeat {
  if (header === undefined) return [0, 0];
  const match = /^([0-9]{1,15}),([0-9]{1,15})$/.exec(header);
  if (match === null) {
    throw new ProtocolError(
      `The peer's heart-beat header is ${quoted(header)}; it must be two ` +
        `numbers of milliseconds such as "10000,10000".`,
    );
  }
  return [Number(match[1]), Number(match[2])];
}

/**
 * What two sides agree on: each direction takes the slower of what one can and
 * the other wants, and none where either says 0.
 */
export function negotiateHeartBeat(own: HeartBeat, peer: HeartBeat): HeartBeat {
  const slower = (can: number, wants: number) =>
    can === 0 || wants === 0 ? 0 : Math.max(can, wants);
  return [slower(own[0], peer[1]), slower(peer[0], own[1])];
}

/**
 * The heart-beats of one connection, as deadlines. It holds no timer: the
 * driver says what happened and when, asks for the next deadline, and asks
 * again when that has come.
 *
 * We send after half a period of silence, because a timer of ours may be late
 * and brokers differ in their patience. The peer is dead after two periods
 * without a single octet: its timers may be late, too. One that is known to skip
 * heart-beats is asked before, once a silence.
 */
export class Pulse {
  readonly #send: number;
  readonly #receive: number;
  readonly #overdue: number;
  /** How long the peer may be silent before it is asked. */
  readonly #ask: number;
  #sentAt: number;
  #receivedAt: number;
  #isAsked = false;

  /**
   * Both sides count as alive at `now`, in milliseconds of any clock. `asks`:
   * the peer may skip heart-beats, and is asked.
   */
  constructor(negotiated: HeartBeat, now: number, asks = false) {
    this.#send = negotiated[0] / 2;
    // A peer that skips every other one, and is too busy to answer, is not dead.
    this.#receive = negotiated[1] * (asks ? 2.25 : 2);
    this.#overdue = negotiated[1] * 1.5;
    this.#ask = asks ? negotiated[1] * 1.2 : 0;
    this.#sentAt = this.#receivedAt = now;
  }

  /** Octets were handed to the peer, of a frame or of a heart-beat. */
  sent(now: number): void {
    this.#sentAt = now;
  }

  /** Octets came, of whatever kind: part of a long body is a sign of life. */
  received(now: number): void {
    this.#receivedAt = now;
    this.#isAsked = false;
  }

  /** When to look again, or `undefined` if there are no heart-beats. */
  nextDeadline(): number | undefined {
    const sendAt = this.#send > 0 ? this.#sentAt + this.#send : Infinity;
    const deadAt = this.#receive > 0
      ? this.#receivedAt + this.#receive
      : Infinity;
    const next = Math.min(sendAt, deadAt, this.#askAt);
    return next === Infinity ? undefined : next;
  }

  /**
   * When a silent peer begins to be suspicious, half a period before it is given
   * up; `Infinity` if there are no heart-beats.
   */
  get overdueAt(): number {
    return this.#overdue > 0 ? this.#receivedAt + this.#overdue : Infinity;
  }

  /** Whether it is time to ask whether the peer lives. Says so once a silence. */
  takeQuestion(now: number): boolean {
    const isDue = now >= this.#askAt;
    if (isDue) this.#isAsked = true;
    return isDue;
  }

  get #askAt(): number {
    return this.#ask > 0 && !this.#isAsked
      ? this.#receivedAt + this.#ask
      : Infinity;
  }

  /** Whether it is time to send an EOL. */
  isSendDue(now: number): boolean {
    return this.#send > 0 && now >= this.#sentAt + this.#send;
  }

  /** For how long the peer has been silent, where that is too long. */
  silence(now: number): number | undefined {
    return this.#receive > 0 && now >= this.#receivedAt + this.#receive
      ? now - this.#receivedAt
      : undefined;
  }
}
