import type { Frame, FrameLimits } from "../codec/mod.ts";
import type { BrokerError, ConnectionError } from "../errors.ts";
import type { ClientSessionOptions } from "../session/client_session.ts";
import type { Clock } from "../transport/clock.ts";
import type { Traffic } from "./stats.ts";
import type { StatusEvent } from "./status.ts";

/** What a connection tells its client. */
export interface ConnectionEvents {
  /** A MESSAGE came, for a subscription if it says which. */
  message(frame: Frame, subscription: string | undefined): void;
  /** An ERROR came that names a subscription and no operation. */
  subscriptionFailed(subscription: string, error: BrokerError): void;
  /**
   * The connection is gone; called once. `isGoodBye`: the broker has taken leave
   * after our DISCONNECT.
   */
  lost(cause: ConnectionError, isGoodBye: boolean): void;
  /** Whether too much waits to be handed out to read on. */
  isOverfed(): boolean;
  /** Something happened that somebody may want to know of. */
  status(event: StatusEvent): void;
}

/** What a connection is made with. */
export interface ConnectionOptions extends ClientSessionOptions {
  readonly limits: Partial<FrameLimits> | undefined;
  readonly clock: Clock;
  readonly receiptTimeout: number;
  readonly traffic: Traffic;
}
