import type { Delivery } from "./delivery.ts";
import type { Message } from "./message.ts";

/** A loop that waits for the next delivery. */
export type Taker = PromiseWithResolvers<Delivery | undefined>;

/** What a loop does with its feed. */
export interface LoopHost {
  /** The next delivery, if there is one already. */
  take(): Delivery | undefined;
  /** Waits for one; `undefined` at the end. */
  wait(taker: Taker): void;
  /** Waits no more. Returns whether it did. */
  waitNoMore(taker: Taker): boolean;
  /** The loop is done with a delivery and asks for another one. */
  goOn(delivery: Delivery): void;
  /** The loop was left with a delivery in hand. */
  leave(delivery: Delivery): void;
  /** The loop is over. Called once. */
  ended(): void;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** One `for await` loop over the messages of a subscription. */
export class Loop implements AsyncIterator<Message, undefined> {
  readonly #host: LoopHost;
  #current: Delivery | undefined;
  #taker: Taker | undefined;
  #pending: Promise<void> | undefined;
  #isOver = false;

  /** It begins. */
  constructor(host: LoopHost) {
    this.#host = host;
  }

  /** One after the other, also where somebody asks for several at once. */
  next(): Promise<IteratorResult<Message, undefined>> {
    const result = this.#pending === undefined
      ? this.#next()
      : this.#pending.then(() => this.#next());
    const pending = result.then(() => {}, () => {}).then(() => {
      if (this.#pending === pending) this.#pending = undefined;
    });
    this.#pending = pending;
    return result;
  }

  /** The loop was left by `break` or `throw`. */
  return(): Promise<IteratorReturnResult<undefined>> {
    if (this.#taker !== undefined && this.#host.waitNoMore(this.#taker)) {
      this.#taker.resolve(undefined);
    }
    if (this.#current !== undefined) this.#host.leave(this.#current);
    this.#current = undefined;
    return Promise.resolve(this.#end());
  }

  async #next(): Promise<IteratorResult<Message, undefined>> {
    try {
      await this.#goOn();
      if (this.#isOver) return DONE;
      this.#current = this.#host.take() ?? await this.#wait();
    } catch (error) {
      this.#end();
      throw error;
    }
    return this.#current === undefined
      ? this.#end()
      : { done: false, value: this.#current.message };
  }

  #goOn(): Promise<void> | undefined {
    const done = this.#current;
    if (done === undefined) return undefined;
    this.#current = undefined;
    this.#host.goOn(done);
    // A connection that is lost meanwhile is found out by what comes next.
    return done.connection.room(undefined)?.catch(() => {});
  }

  async #wait(): Promise<Delivery | undefined> {
    this.#taker = Promise.withResolvers();
    this.#host.wait(this.#taker);
    const delivery = await this.#taker.promise;
    this.#taker = undefined;
    return delivery;
  }

  #end(): IteratorReturnResult<undefined> {
    if (!this.#isOver) this.#host.ended();
    this.#isOver = true;
    return DONE;
  }
}
