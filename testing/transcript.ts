import { Frame } from "../codec/mod.ts";
import { Fifo } from "../session/fifo.ts";

/** A frame that a client has sent. */
export interface ReceivedFrame {
  /** The how-many-th connection it came over, from 1. */
  readonly connection: number;
  /** As it came. */
  readonly frame: Frame;
}

/** What clients have sent, the latest of it. */
export class Transcript {
  readonly #max: number;
  readonly #frames = new Fifo<ReceivedFrame>();

  /** How many frames it keeps. */
  constructor(max: number) {
    this.#max = max;
  }

  /** One more. */
  add(connection: number, frame: Frame): void {
    this.#frames.push({ connection, frame: ownFrame(frame) });
    if (this.#frames.length > this.#max) this.#frames.shift();
  }

  /** All that it keeps. */
  frames(): readonly ReceivedFrame[] {
    const frames = this.#frames.clear();
    for (const frame of frames) this.#frames.push(frame);
    return frames;
  }

  /** Forgets all. */
  clear(): void {
    this.#frames.clear();
  }
}

/** The same frame, which keeps nothing alive of what it came with. */
function ownFrame({ command, headerList, body }: Frame): Frame {
  return new Frame(command, headerList, new Uint8Array(body));
}
