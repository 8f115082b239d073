import { type Frame, FrameDecoder } from "../codec/mod.ts";
import type { FaultHook, Reception } from "../broker/fault_hook.ts";
import type { Link } from "../transport/transport.ts";
import type { Misbehaviour } from "./misbehaviour.ts";

/** What the test kit knows of all connections. */
export interface KitState {
  /** What is done wrong now. */
  readonly misbehaviour: Misbehaviour;
  /** Resolves when something else is done wrong. */
  readonly changed: Promise<void>;
  /** A frame has come. */
  record(connection: number, frame: Frame): void;
}

/**
 * One connection of the test kit's broker: the link that it goes over, and what
 * the broker lets it see of the frames.
 */
export class KitConnection implements FaultHook, Link {
  readonly peer: string;
  readonly #number: number;
  readonly #link: Link;
  readonly #state: KitState;
  #received = 0;
  #receipts = 0;
  readonly #sent = new FrameCounter();
  #isClosed = false;
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

  get isPatient(): boolean {
    const { stopReading, staySilent } = this.#state.misbehaviour;
    return (stopReading || staySilent) ?? false;
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
    const { loseReceipt, delayReceipt } = misbehaviour;
    if (misbehaviour.staySilent) return { frames: [], delay: 0 };
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

  get isOpening(): boolean {
    return this.#link.isOpening ?? false;
  }

  async read(): Promise<Uint8Array | undefined> {
    const octets = await this.#link.read();
    while (this.#state.misbehaviour.stopReading && !this.#isClosed) {
      await Promise.race([this.#state.changed, this.#closed.promise]);
    }
    return this.#isClosed ? undefined : octets;
  }

  async write(octets: Uint8Array): Promise<void> {
    const { dropInsideFrame = Infinity } = this.#state.misbehaviour;
    const cut = this.#sent.add(octets, dropInsideFrame);
    await this.#hand(octets.subarray(0, cut));
    if (cut === undefined) return;
    await this.#link.end();
    this.close();
  }

  async #hand(octets: Uint8Array): Promise<void> {
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
    this.#isClosed = true;
    this.#closed.resolve();
    this.#link.close();
  }
}

/** Counts the frames in octets. */
class FrameCounter {
  readonly #decoder = new FrameDecoder({
    limits: {
      maxHeaderBytes: Number.MAX_SAFE_INTEGER,
      maxHeaderCount: Number.MAX_SAFE_INTEGER,
      maxBodyBytes: Number.MAX_SAFE_INTEGER,
    },
  });
  #count = 0;

  /**
   * Takes more octets. If that frame ends among them, it says where a half of
   * what they have of it ends.
   */
  add(octets: Uint8Array, frame: number): number | undefined {
    if (this.#count >= frame || frame === Infinity) {
      this.#push(octets);
      return undefined;
    }
    for (let begin = 0, at = 0; at < octets.length; at++) {
      const before = this.#count;
      this.#push(octets.subarray(at, at + 1));
      if (this.#count === frame) return begin + Math.floor((at - begin) / 2);
      if (this.#count > before) begin = at + 1;
    }
    return undefined;
  }

  #push(octets: Uint8Array): void {
    // They may change once they are written, and the decoder keeps them.
    this.#decoder.push(octets.slice());
    for (const _ of this.#decoder) this.#count++;
  }
}
