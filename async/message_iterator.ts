import type { Inbox, Taker } from "./inbox.ts";
import type { Delivery, Message } from "./message.ts";
import type { Unsettled } from "./unsettled.ts";

type Result = IteratorResult<Message, undefined>;

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** One `for await` loop over the messages of a subscription. */
export class MessageIterator implements AsyncIterator<Message, undefined> {
  readonly #inbox: Inbox;
  readonly #unsettled: Unsettled;
  readonly #onEnd: () => void;
  #current: Delivery | undefined;
  #taker: Taker | undefined;
  /** What was asked for last, where it has to wait. */
  #pending: Promise<Result> | undefined;
  #isOver = false;

  /** It begins; `onEnd` is called once. */
  constructor(inbox: Inbox, unsettled: Unsettled, onEnd: () => void) {
    this.#inbox = inbox;
    this.#unsettled = unsettled;
    this.#onEnd = onEnd;
  }

  /** One after the other, also where somebody asks for several at once. */
  next(): Promise<Result> {
    if (this.#pending === undefined) return this.#next();
    const step = () => this.#next();
    return this.#await(this.#pending.then(step, step));
  }

  /** The loop was left by `break` or `throw`. */
  return(): Promise<IteratorReturnResult<undefined>> {
    const taker = this.#taker;
    if (taker !== undefined && this.#inbox.waitNoMore(taker)) {
      taker.resolve(undefined);
    }
    if (this.#current !== undefined) this.#unsettled.abandon(this.#current);
    this.#current = undefined;
    return Promise.resolve(this.#end());
  }

  #next(): Promise<Result> {
    const done = this.#current;
    if (done === undefined) return this.#take();
    this.#current = undefined;
    try {
      this.#unsettled.goOn(done);
    } catch (error) {
      this.#end();
      return Promise.reject(error);
    }
    const room = done.connection?.room();
    if (room === undefined) return this.#take();
    // A connection that is lost meanwhile is found out by what comes next.
    return this.#await(room.catch(() => {}).then(() => this.#take()));
  }

  #take(): Promise<Result> {
    if (this.#isOver) return Promise.resolve(DONE);
    const delivery = this.#inbox.take();
    if (delivery !== undefined) return Promise.resolve(this.#has(delivery));
    return this.#await(this.#wait());
  }

  #await(result: Promise<Result>): Promise<Result> {
    const over = () => {
      if (this.#pending === result) this.#pending = undefined;
    };
    this.#pending = result;
    result.then(over, over);
    return result;
  }

  #wait(): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#taker = {
        resolve: (delivery) => {
          this.#taker = undefined;
          resolve(delivery === undefined ? this.#end() : this.#has(delivery));
        },
        reject: (cause) => {
          this.#taker = undefined;
          this.#end();
          reject(cause);
        },
      };
      this.#inbox.wait(this.#taker);
    });
  }

  #has(delivery: Delivery): Result {
    this.#current = delivery;
    return { done: false, value: delivery.message };
  }

  #end(): IteratorReturnResult<undefined> {
    if (!this.#isOver) this.#onEnd();
    this.#isOver = true;
    return DONE;
  }
}
