import { UsageError } from "../errors.ts";
import type { ClientContext } from "./client_context.ts";
import type { Inbox, Taker } from "./inbox.ts";
import type { Delivery, Message } from "./message.ts";
import type { ReceiveOptions } from "./options.ts";
import type { Unsettled } from "./unsettled.ts";

/**
 * Takes one message, or none if it does not come in time. Unlike an iterator it
 * never takes one for somebody who does not wait any more.
 */
export function receive(
  inbox: Inbox,
  unsettled: Unsettled,
  { clock, pace, signals }: ClientContext,
  { timeout = Infinity, signal }: ReceiveOptions,
): Promise<Message | null> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    if (inbox.isOver) {
      throw new UsageError(
        "There is nothing to receive: the subscription has ended.",
      );
    }
    const take = (delivery: Delivery | undefined): void => {
      if (delivery === undefined) return resolve(null);
      unsettled.handOver(delivery);
      resolve(delivery.message);
    };
    const here = inbox.take();
    if (here !== undefined) return take(here);
    if (timeout === 0 && inbox.length === 0) {
      return pace.isOver ? pace.wake(() => resolve(null)) : resolve(null);
    }
    const waitNoMore = (): void => {
      inbox.waitNoMore(taker);
      forget();
    };
    const taker: Taker = {
      resolve: (delivery) => {
        forget();
        take(delivery);
      },
      reject: (cause) => {
        forget();
        reject(cause);
      },
    };
    // What is here already is handed out when it is the program's turn.
    const limit = inbox.length > 0 ? Infinity : timeout;
    const cancel = clock.after(limit, () => {
      waitNoMore();
      resolve(null);
    });
    const forgetSignal = signal && signals.on(signal, () => {
      waitNoMore();
      reject(signal.reason);
    });
    const forget = (): void => {
      cancel();
      forgetSignal?.();
    };
    inbox.wait(taker);
  });
}
