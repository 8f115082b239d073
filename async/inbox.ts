import { frameOctets } from "../codec/frame.ts";
import type { Frame } from "../codec/mod.ts";
import { Fifo } from "../session/fifo.ts";
import type { ClientContext } from "./client_context.ts";
import type { Delivery } from "./message.ts";
import type { Unsettled } from "./unsettled.ts";

/** Somebody who waits for the next message. */
export interface Taker {
  /** Here it is; `undefined`: there will be none. */
  resolve(delivery: Delivery | undefined): void;
  /** There will be none, because of this. */
  reject(cause: unknown): void;
}

/** About how many octets a message takes beside its own. */
const OVERHEAD = 256;

/** The messages of a subscription that wait, or those who wait for them. */
export class Inbox {
  readonly #context: ClientContext;
  readonly #unsettled: Unsettled;
  readonly #waiting = new Fifo<Delivery>();
  readonly #takers = new Set<Taker>();
  #octets = 0;
  #isClosed = false;
  #failure: unknown;
  /** Whether somebody is being woken already. */
  #isWaking = false;

  /** Begins empty. */
  constructor(context: ClientContext, unsettled: Unsettled) {
    this.#context = context;
    this.#unsettled = unsettled;
  }

  /** How many messages wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** How many octets they have. */
  get octets(): number {
    return this.#octets;
  }

  /** Whether it has come to its end as it should. */
  get isOver(): boolean {
    return this.#isClosed && this.length === 0 && this.#failure === undefined;
  }

  /** A message came. */
  push(frame: Frame): void {
    const delivery = this.#unsettled.receive(frame);
    this.#waiting.push(delivery);
    this.#count(weightOf(delivery));
    this.#wake();
  }

  /** The next message, if there is one and it is the program's turn. */
  take(): Delivery | undefined {
    if (this.#waiting.length === 0 || this.#context.pace.isOver) return;
    return this.#next();
  }

  /** Waits for the next message. */
  wait(taker: Taker): void {
    this.#takers.add(taker);
    this.#wake();
  }

  /** Waits no more. Says whether it did. */
  waitNoMore(taker: Taker): boolean {
    return this.#takers.delete(taker);
  }

  /** No more will come: who waits is told once nothing is left to hand out. */
  close(failure?: unknown): void {
    this.#isClosed = true;
    this.#failure ??= failure;
    this.#wake();
  }

  /** Forgets what waits; says how many that were. */
  discard(): number {
    const { length } = this.#waiting;
    this.#waiting.clear();
    this.#count(-this.#octets);
    this.#wake();
    return length;
  }

  /** One is woken behind the other, when it is the program's turn. */
  #wake(): void {
    if (this.#takers.size === 0 || this.#isWaking) return;
    if (this.#waiting.length === 0) {
      if (this.#isClosed) this.#dismiss();
      return;
    }
    this.#isWaking = true;
    this.#context.pace.wake(() => {
      this.#isWaking = false;
      for (const taker of this.#takers) {
        if (this.#waiting.length === 0) break;
        this.#takers.delete(taker);
        taker.resolve(this.#next());
        break;
      }
      this.#wake();
    });
  }

  #next(): Delivery {
    const delivery = this.#waiting.shift()!;
    this.#count(-weightOf(delivery));
    this.#unsettled.take(delivery);
    // The last one: others wait in vain.
    if (this.#isClosed && this.#waiting.length === 0) this.#dismiss();
    return delivery;
  }

  #dismiss(): void {
    const takers = [...this.#takers];
    this.#takers.clear();
    for (const taker of takers) {
      if (this.#failure === undefined) taker.resolve(undefined);
      else taker.reject(this.#failure);
    }
  }

  #count(octets: number): void {
    this.#octets += octets;
    if (octets > 0) this.#context.buffer.add(octets);
    else this.#context.buffer.free(-octets);
  }
}

function weightOf({ message }: Delivery): number {
  return frameOctets(message) + OVERHEAD;
}
