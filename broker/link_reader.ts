import { ConnectionError } from "../errors.ts";
import { Fifo } from "../session/fifo.ts";
import type { Link } from "../transport/transport.ts";

/** Above this many octets that nobody has asked for nothing more is read. */
const MOST_AHEAD = 256 * 1024;

/** What is told at once, whether somebody asks for octets or not. */
export interface LinkReaderEvents {
  /** Octets have come, or may come again after nothing was read. */
  received(): void;
  /** Too much is waiting: neither a sign of life nor the end is heard. */
  paused(): void;
  /** Nothing will come any more. */
  ended(): void;
}

/**
 * What comes over a link, read before it is asked for: whoever is busy hears
 * that the other side lives, and that it is gone. What was read before the end
 * can still be had.
 */
export class LinkReader {
  readonly #link: Link;
  readonly #events: LinkReaderEvents;
  readonly #arrived = new Fifo<Uint8Array>();
  /** What goes before that. */
  #first: Uint8Array | undefined;
  /** How many octets all those are. */
  #octets = 0;
  #isReading = true;
  #hasEnded = false;
  #wakeReader: (() => void) | undefined;

  /** Reads once it is told to {@linkcode start}. */
  constructor(link: Link, events: LinkReaderEvents) {
    this.#link = link;
    this.#events = events;
  }

  /** Whether the other side is listened to; not while too much is waiting. */
  get isReading(): boolean {
    return this.#isReading;
  }

  /** Whether nothing will come beyond what is waiting. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** How many octets wait. */
  get length(): number {
    return this.#octets;
  }

  /** The next octets, so many at the most; `undefined`: none are here. */
  take(most: number): Uint8Array | undefined {
    const octets = this.#first ?? this.#arrived.shift();
    if (octets === undefined) return undefined;
    this.#first = octets.length > most ? octets.subarray(most) : undefined;
    const taken = this.#first === undefined ? octets : octets.subarray(0, most);
    this.#octets -= taken.length;
    this.#wakeReader?.();
    return taken;
  }

  /** Gives back the end of what was taken last. */
  giveBack(octets: Uint8Array): void {
    if (octets.length === 0) return;
    if (this.#first !== undefined) {
      const joined = new Uint8Array(octets.length + this.#first.length);
      joined.set(octets);
      joined.set(this.#first, octets.length);
      this.#first = joined;
    } else this.#first = octets;
    this.#octets += octets.length;
  }

  /** Throws away what waits. */
  discard(): void {
    this.#arrived.clear();
    this.#first = undefined;
    this.#octets = 0;
    this.#wakeReader?.();
  }

  /** Reads until the end. */
  async start(): Promise<void> {
    try {
      for (;;) {
        const octets = await this.#link.read();
        if (octets === undefined) break;
        this.#arrived.push(octets);
        this.#octets += octets.length;
        this.#events.received();
        if (this.#octets > MOST_AHEAD) await this.#room();
      }
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
    } finally {
      this.#hasEnded = true;
      this.#events.ended();
    }
  }

  async #room(): Promise<void> {
    this.#isReading = false;
    this.#events.paused();
    while (this.#octets > MOST_AHEAD) {
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    this.#isReading = true;
    this.#events.received();
  }
}
