import type { Frame } from "../codec/mod.ts";

/** A message that the broker keeps. */
export interface StoredMessage {
  /** Unique in this broker, and growing: the order of arrival. */
  readonly sequence: number;
  /** The `message-id` that it is delivered with. */
  readonly id: string;
  /** Where it was sent to. */
  readonly destination: string;
  /** The sender's own headers in their order. */
  readonly headers: readonly (readonly [string, string])[];
  /** What the sender sent. */
  readonly body: Uint8Array;
  /** About how many octets of memory it takes. */
  readonly octets: number;
  /** How often it has been delivered. */
  deliveries: number;
}

/** Sender's headers that concern the SEND frame, not the message. */
const ENVELOPE: ReadonlySet<string> = new Set([
  "destination",
  "receipt",
  "transaction",
  "content-length",
  "message-id",
  "subscription",
  "ack",
  "redelivered",
]);

/** The headers of a SEND that its message keeps, and perhaps its `receipt`. */
export function keptHeaders(
  frame: Frame,
  keepsReceipt: boolean,
): (readonly [string, string])[] {
  return frame.headerList.filter(([name]) =>
    !ENVELOPE.has(name) || name === "receipt" && keepsReceipt
  );
}

/** What a message takes beside its text, roughly. */
const OVERHEAD = 200;

/** About how many octets of memory a message takes. */
export function messageOctets(
  headers: readonly (readonly [string, string])[],
  body: Uint8Array,
): number {
  return headers.reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    OVERHEAD + body.length,
  );
}

/** A message that was not delivered yet. */
export function storedMessage(
  sequence: number,
  destination: string,
  headers: readonly (readonly [string, string])[],
  body: Uint8Array,
): StoredMessage {
  return {
    sequence,
    id: `m-${sequence}`,
    destination,
    headers,
    body,
    octets: messageOctets(headers, body),
    deliveries: 0,
  };
}
