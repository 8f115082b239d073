import type { ConnectionError } from "../errors.ts";
import type { Link } from "./transport.ts";

/** Above this many octets that the link has not taken, senders should wait. */
const HIGH_WATER = 256 * 1024;

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
  #written = 0;
  #isFlushing = false;
  #failure: ConnectionError | undefined;
  #progress = Promise.withResolvers<void>();

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

  /** How many octets the link has taken. */
  get written(): number {
    return this.#written;
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
    while (this.isFull && this.#failure === undefined) {
      await this.#progress.promise;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Resolves once everything that is there now has been written.
   *
   * @throws {ConnectionError} if the link fails before.
   */
  async flushed(): Promise<void> {
    const until = this.#written + this.length;
    while (this.#written < until && this.#failure === undefined) {
      await this.#progress.promise;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves once everything is written, or cannot be any more. */
  async empty(): Promise<void> {
    while (this.length > 0 && this.#failure === undefined) {
      await this.#progress.promise;
    }
  }

  /** Writes nothing any more; whoever waits is told. */
  fail(failure: ConnectionError): void {
    this.#failure ??= failure;
    this.#progress.resolve();
  }

  async #flush(): Promise<void> {
    try {
      while (this.#source.length > 0 && this.#failure === undefined) {
        this.#inFlight = this.#source.length;
        for (const octets of this.#source.takePieces()) {
          await this.#link.write(octets);
          this.#inFlight -= octets.length;
          this.#written += octets.length;
          this.#events.sent(octets.length);
          this.#progress.resolve();
          this.#progress = Promise.withResolvers();
        }
      }
    } catch (cause) {
      this.#events.failed(cause);
    } finally {
      this.#isFlushing = false;
    }
  }
}
