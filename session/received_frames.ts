import { DamagedFrame, Frame } from "../codec/mod.ts";
import { quoted, UsageError } from "../errors.ts";
import type { SessionEvent } from "./events.ts";
import type { SessionRegistry } from "./session_registry.ts";

/** @throws {UsageError} if it is none. */
export function requireFrame(frame: unknown): void {
  if (frame instanceof Frame) return;
  throw new UsageError(
    `A session receives frames, not ${quoted(frame)}: decode it first.`,
  );
}

/** What a MESSAGE means. `isNameless`: it may say not which subscription it is for. */
export function messageEvent(
  frame: Frame,
  registry: SessionRegistry,
  isNameless: boolean,
): SessionEvent {
  const subscription = registry.subscriptionOf(frame, isNameless);
  return frame instanceof DamagedFrame
    ? { type: "damaged", frame, subscription }
    : { type: "message", frame, subscription };
}

/**
 * What a RECEIPT means.
 *
 * @throws {FrameError} if it cannot be told whose it is.
 */
export function receiptEvent(
  frame: Frame,
  registry: SessionRegistry,
): SessionEvent {
  if (frame instanceof DamagedFrame) throw frame.error;
  const id = frame.headers.get("receipt-id") ?? "";
  return { type: "receipt", id, command: registry.takeReceipt(id) };
}

/** What an ERROR on an open connection means. */
export function errorEvent(
  frame: Frame,
  registry: SessionRegistry,
): SessionEvent {
  const id = frame.headers.get("receipt-id") ?? "";
  const receipt = registry.takeReceipt(id) === undefined ? undefined : id;
  const subscription = registry.subscription(
    frame.headers.get("subscription") ?? "",
  );
  // Unless it is about what was asked, the broker has ended the subscription.
  if (receipt === undefined && subscription !== undefined) {
    registry.endSubscription(subscription);
  }
  return { type: "error", frame, receipt, subscription };
}
