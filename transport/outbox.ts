import type { ConnectionError } from "../errors.ts";
import type { Link } from "./transport.ts";

/** Above this many octets that the link has not taken, senders should wait. */
const HIGH_WATER = 256 * 1024;

/**
 * So many octets are written at a time: a link that takes a long body slowly is
 * seen to take it.
 */
const SLICE = 64 * 1024;

/** Where the octets gather that are to be written. */
export interface OutboxSource {
  /** How many there are. */
  readonly length: number;
  /** Hands them over, piece by piece, and begins anew. */
  takePieces(): Uint8Array[];
}

/** What an outbox tells its owner. */
export interface OutboxEvents {
  /** A write of so many octets is done. */
  sent(octets: number): void;
  /** A write has failed, and with it the link. */
  failed(cause: unknown): void;
}

/**
 * Writes what gathers in a source. What is added in the same turn, or while the
 * link is busy, leaves in one write.
 */
export class Outbox {
  readonly #link: Link;
  readonly #source: OutboxSource;
  readonly #events: OutboxEvents;
  #inFlight = 0;
  #isFlushing = false;
  #failure: ConnectionError | undefined;
  /** Present while somebody waits for it. */
  #room: PromiseWithResolvers<void> | undefined;
  #empty: PromiseWithResolvers<void> | undefined;

  /** Nothing is written before {@linkcode flush} is called. */
  constructor(link: Link, source: OutboxSource, events: OutboxEvents) {
    this.#link = link;
    this.#source = source;
    this.#events = events;
  }

  /** How many octets the link has not taken. */
  get length(): number {
    return this.#source.length + this.#inFlight;
  }

  /** Whether senders should wait. */
  get isFull(): boolean {
    return this.length > HIGH_WATER;
  }

  /** Writes what is there at the end of this turn. */
  flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => this.#flush());
  }

  /**
   * Resolves once there is room for more.
   *
   * @throws {ConnectionError} if the link fails before.
   */
  async room(): Promise<void> {
    if (this.isFull && this.#failure === undefined) {
      this.#room ??= Promise.withResolvers();
      await this.#room.promise;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves once everything is written, or cannot be any more. */
  async empty(): Promise<void> {
    if (this.length === 0 || this.#failure !== undefined) return;
    this.#empty ??= Promise.withResolvers();
    await this.#empty.promise;
  }

  /** Writes nothing any more; whoever waits is told. */
  fail(failure: ConnectionError): void {
    this.#failure ??= failure;
    this.#tellWaiting();
  }

  #tellWaiting(): void {
    const isOver = this.#failure !== undefined;
    if (isOver || !this.isFull) {
      this.#room?.resolve();
      this.#room = undefined;
    }
    if (isOver || this.length === 0) {
      this.#empty?.resolve();
      this.#empty = undefined;
    }
  }

  async #write(octets: Uint8Array): Promise<void> {
    await this.#link.write(octets);
    this.#inFlight -= octets.length;
    this.#events.sent(octets.length);
    this.#tellWaiting();
  }

  async #flush(): Promise<void> {
    try {
      while (this.#source.length > 0 && this.#failure === undefined) {
        this.#inFlight = this.#source.length;
        for (const octets of this.#source.takePieces()) {
          for (let at = 0; at < octets.length; at += SLICE) {
            await this.#write(octets.subarray(at, at + SLICE));
          }
        }
      }
    } catch (cause) {
      this.#events.failed(cause);
    } finally {
      this.#isFlushing = false;
    }
  }
}
