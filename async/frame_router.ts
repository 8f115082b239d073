import type { Frame } from "../codec/mod.ts";
import type { BrokerError } from "../errors.ts";

/** Who gets what a connection reads: subscriptions, which know connections. */
export interface FrameRouter {
  /** A MESSAGE came, for a subscription if it says which. */
  message(frame: Frame, subscription: string | undefined): void;
  /** A MESSAGE came that cannot be handed out: its subscription ends with that. */
  damaged(subscription: string, error: unknown): void;
  /** An ERROR came that names a subscription and no operation. */
  subscriptionFailed(subscription: string, error: BrokerError): void;
  /** Whether too much waits to be handed out to read on. */
  readonly isFull: boolean;
  /** The subscription that most waits in. */
  readonly fullest: { readonly id: string; readonly destination: string };
}
