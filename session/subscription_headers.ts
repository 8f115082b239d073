import { quoted, UsageError } from "../errors.ts";
import type { FrameExtras } from "./client_headers.ts";
import { type Dialect, durableWay, prefetchHeader } from "./dialects.ts";
import type { AckMode, SessionSubscription } from "./events.ts";
import {
  type Check,
  headerRecord,
  nonEmptyText,
  oneOf,
  wholeNumber,
} from "./option_checks.ts";

/** What a SUBSCRIBE says beside its destination. */
export interface SubscribeFrameOptions
  extends Pick<FrameExtras, "headers" | "receipt"> {
  /** Its id. @default {a new one, or what `durable` says} */
  id?: string | undefined;
  /** Who acknowledges what. @default {"auto"} */
  ack?: AckMode | undefined;
  /** How many unacknowledged messages the broker may send ahead. */
  prefetch?: number | undefined;
  /** The name under which the subscription outlives the connection; its id, too. */
  durable?: string | undefined;
}

/** What those may be. */
export const SUBSCRIBE_FRAME_CHECKS: Readonly<
  Record<keyof SubscribeFrameOptions, Check>
> = {
  headers: headerRecord,
  receipt: nonEmptyText,
  id: nonEmptyText,
  ack: oneOf("auto", "client", "client-individual"),
  prefetch: wholeNumber(1),
  durable: nonEmptyText,
};

/** What a broker's way with subscriptions depends on. */
export interface SubscriptionSetting {
  readonly dialect: Dialect;
  /** The headers of the CONNECT, where a client may have been given a name. */
  readonly connectHeaders: Readonly<Record<string, string>> | undefined;
}

/**
 * The headers of a SUBSCRIBE.
 *
 * @throws {UsageError} if it is to be durable, and it is not known how.
 */
export function subscribeHeaders(
  { id, destination, ack, isDurable }: SessionSubscription,
  prefetch: number | undefined,
  { dialect, connectHeaders }: SubscriptionSetting,
): [string, string][] {
  const headers: [string, string][] = [
    ["destination", destination],
    ["id", id],
    ["ack", ack],
  ];
  if (prefetch !== undefined) {
    headers.push([...prefetchHeader(dialect, prefetch)]);
  }
  if (isDurable) {
    const way = durableWay(dialect, connectHeaders);
    if (way.nameHeader !== "id") headers.push([way.nameHeader, id]);
    for (const header of way.headers) headers.push([...header]);
  }
  return headers;
}

/**
 * The headers of each UNSUBSCRIBE that it takes to delete a durable subscription.
 *
 * @throws {UsageError} if it is not known how.
 */
export function deletionHeaders(
  id: string,
  { dialect, connectHeaders }: SubscriptionSetting,
): [string, string][][] {
  const way = durableWay(dialect, connectHeaders);
  const deletion: [string, string][] = [
    ["id", id],
    [...way.deleteHeader ?? [way.nameHeader, id] as const],
  ];
  return way.isLeftFirst ? [[["id", id]], deletion] : [deletion];
}

/** @throws {UsageError} if the version lacks the ack mode. */
export function requireAckMode(
  ack: AckMode,
  version: string | undefined,
): void {
  if (ack !== "client-individual" || version !== "1.0") return;
  throw new UsageError(
    'STOMP 1.0 has no ack mode "client-individual": use "client", or ' +
      "connect with a later version.",
  );
}

/** @throws {UsageError} if there is nothing that outlives the connection. */
export function requireDurable(
  subscription: SessionSubscription,
): SessionSubscription {
  if (subscription.isDurable) return subscription;
  throw new UsageError(
    `The subscription ${
      quoted(subscription.id)
    } is not durable, so that there ` +
      "is nothing to delete: just unsubscribe.",
  );
}
