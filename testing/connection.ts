import type { Frame } from "../codec/mod.ts";
import type { LinkTap, Reception } from "../broker/tap.ts";
import type { Link } from "../transport/transport.ts";
import type { Misbehaviour } from "./misbehaviour.ts";

/** What the test kit knows of all connections. */
export interface KitState {
  /** What is done wrong now. */
  readonly misbehaviour: Misbehaviour;
  /** A frame has come. */
  record(connection: number, frame: Frame): void;
}

/**
 * One connection of the test kit's broker: the link that it goes over, and what
 * the broker lets it see of the frames.
 */
export class KitConnection implements LinkTap, Link {
  readonly peer: string;
  readonly #number: number;
  readonly #link: Link;
  readonly #state: KitState;
  #received = 0;
  #sent = 0;
  #receipts = 0;
  /** Whether the next write is to break off. */
  #breaksOff = false;
  readonly #closed = Promise.withResolvers<void>();

  /** The how-many-th connection it is. */
  constructor(number: number, link: Link, state: KitState) {
    this.peer = link.peer;
    this.#number = number;
    this.#link = link;
    this.#state = state;
  }

  get beats(): boolean {
    const { stopHeartBeats, staySilent } = this.#state.misbehaviour;
    return !stopHeartBeats && !staySilent;
  }

  received(frame: Frame): Reception {
    this.#state.record(this.#number, frame);
    const { dropAtFrame, staySilent, errorOn } = this.#state.misbehaviour;
    if (++this.#received === dropAtFrame) return "drop";
    if (staySilent) return "ignore";
    const error = errorOn?.[frame.command];
    return error === undefined ? "handle" : { error };
  }

  sending(frame: Frame): { frames: readonly Frame[]; delay: number } {
    const { misbehaviour } = this.#state;
    const { dropInsideFrame, loseReceipt, delayReceipt } = misbehaviour;
    if (misbehaviour.staySilent) return { frames: [], delay: 0 };
    if (++this.#sent === dropInsideFrame) this.#breaksOff = true;
    if (frame.command === "RECEIPT") {
      const number = ++this.#receipts;
      const isLate = delayReceipt?.nth === "each" ||
        delayReceipt?.nth === number;
      return {
        frames: number === loseReceipt ? [] : [frame],
        delay: isLate ? delayReceipt.by : 0,
      };
    }
    const isTwice = frame.command === "MESSAGE" && misbehaviour.deliverTwice;
    return { frames: isTwice ? [frame, frame] : [frame], delay: 0 };
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#state.misbehaviour.stopReading) {
      await this.#closed.promise;
      return undefined;
    }
    return await this.#link.read();
  }

  async write(octets: Uint8Array): Promise<void> {
    if (this.#breaksOff) {
      // The end of a frame is missing.
      await this.#link.write(octets.subarray(0, octets.length - 3));
      await this.#link.end();
      return this.close();
    }
    if (!this.#state.misbehaviour.splitWrites) {
      return await this.#link.write(octets);
    }
    for (let i = 0; i < octets.length; i++) {
      await this.#link.write(octets.slice(i, i + 1));
    }
  }

  end(): Promise<void> {
    return this.#link.end();
  }

  close(): void {
    this.#closed.resolve();
    this.#link.close();
  }
}
