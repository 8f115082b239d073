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
  { clock, signals }: ClientContext,
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
    const cancel = clock.after(timeout, () => {
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
