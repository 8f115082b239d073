import type { AckMode } from "../session/events.ts";
import type { Feed } from "./feed.ts";
import type { SettledBy } from "./unsettled.ts";

/** What the client lends to its feeds. */
export interface FeedHost {
  /** The time by the client's clock. */
  now(): number;
  /** The most time that draining may take, in ms. */
  readonly drainTimeout: number;
  /**
   * Waits for a promise, but not longer than `drainTimeout`, or than the client
   * itself may take to close.
   */
  drained(promise: Promise<void>): Promise<void>;
  /** So many octets more, or fewer, are waiting to be handed out. */
  fed(octets: number): void;
  /** It has ended. */
  ended(feed: Feed): void;
}

/** How a feed is made. */
export interface FeedInit {
  readonly id: string;
  readonly destination: string;
  /** `undefined`: whatever the connection's version has. */
  readonly ack: AckMode | undefined;
  readonly prefetch: number | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** The name under which it outlives the connection; it is the id, too. */
  readonly durable: string | undefined;
  readonly settledBy: SettledBy;
  readonly signal: AbortSignal | undefined;
}
