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
  /** How many octets those are. */
  #octets = 0;
  #isReading = true;
  #hasEnded = false;
  readonly #reading: Promise<void>;
  #wakeTaker: (() => void) | undefined;
  #wakeReader: (() => void) | undefined;

  /** Reads from now on. */
  constructor(link: Link, events: LinkReaderEvents) {
    this.#link = link;
    this.#events = events;
    this.#reading = this.#read();
  }

  /** Whether the other side is listened to; not while too much is waiting. */
  get isReading(): boolean {
    return this.#isReading;
  }

  /** Whether nothing will come beyond what is waiting. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The next octets; `undefined` at the end, however that came. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const octets = this.#arrived.shift();
      if (octets !== undefined) {
        this.#octets -= octets.length;
        this.#wakeReader?.();
        return octets;
      }
      if (this.#hasEnded) break;
      await new Promise<void>((resolve) => this.#wakeTaker = resolve);
    }
    await this.#reading;
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const octets = await this.#link.read();
        if (octets === undefined) break;
        this.#arrived.push(octets);
        this.#octets += octets.length;
        this.#events.received();
        this.#wakeTaker?.();
        if (this.#octets > MOST_AHEAD) await this.#room();
      }
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
    } finally {
      this.#hasEnded = true;
      this.#wakeTaker?.();
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
