import type { Frame } from "../codec/mod.ts";
import type { BodySlab, KeptBody } from "./body_slabs.ts";

/** What of a SEND a message keeps. */
export interface MessageContent {
  /** Where it was sent to, in everybody's words. */
  readonly destination: string;
  /** The sender's own headers in their order. */
  readonly headers: readonly (readonly [string, string])[];
  /** What the sender sent; a view on what it came in, until the message is stored. */
  readonly body: Uint8Array;
  /** About how many octets of memory it takes. */
  readonly octets: number;
}

/** A message that the broker keeps: in a queue, or one copy of a topic's. */
export interface StoredMessage extends MessageContent {
  /** Unique in this broker, and growing: the order of arrival. */
  readonly sequence: number;
  /** The `message-id` that it is delivered with. */
  readonly id: string;
  /** What its body shares with others. */
  readonly slab: BodySlab | undefined;
  /** How often it has been delivered. */
  deliveries: number;
  /** How often that was in vain. */
  failures: number;
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

/** What is kept of a message with these headers and this body. */
export function messageContent(
  destination: string,
  headers: readonly (readonly [string, string])[],
  body: Uint8Array,
): MessageContent {
  const octets = headers.reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    OVERHEAD + body.length,
  );
  return { destination, headers, body, octets };
}

/** A message that was not delivered yet. */
export function storedMessage(
  sequence: number,
  { destination, headers, octets }: MessageContent,
  { body, slab }: KeptBody,
): StoredMessage {
  return {
    sequence,
    id: `m-${sequence}`,
    destination,
    headers,
    body,
    octets,
    slab,
    deliveries: 0,
    failures: 0,
  };
}

/** What a message takes of the broker's budget, what it shares not counted. */
export function ownOctets({ octets, body, slab }: StoredMessage): number {
  return slab === undefined ? octets : octets - body.length;
}
