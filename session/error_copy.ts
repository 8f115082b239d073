import type { Frame } from "../codec/mod.ts";

/** Headers that the broker has set, or that concern this delivery alone. */
const BROKERS_OWN: ReadonlySet<string> = new Set([
  "message-id",
  "subscription",
  "ack",
  "redelivered",
  "timestamp",
  "expires",
  "content-length",
  "receipt",
  "transaction",
  "destination",
  "persistent",
]);

/** ActiveMQ takes header lines of up to 10 KiB. */
const LONGEST_REASON = 1000;

/** What is sent to an error destination. */
export interface ErrorCopy {
  readonly body: Uint8Array;
  readonly headers: Record<string, string>;
  /**
   * Whether it came as text from a broker that knows text from octets: it comes
   * without a content-length then.
   */
  readonly isText: boolean;
}

/**
 * The copy of a message whose handler failed: its body and the sender's headers,
 * kept on disk, with the reason. It can be sent to any broker; RabbitMQ would
 * refuse a SEND that has a `message-id`.
 */
export function errorCopy(message: Frame, error: unknown): ErrorCopy {
  const headers: Record<string, string> = {};
  for (const [name, value] of message.headers) {
    const isOurs = !BROKERS_OWN.has(name) && !name.startsWith("original-") &&
      !name.startsWith("failure-");
    if (isOurs) headers[name] = value;
  }
  headers["persistent"] = "true";
  headers["failure-destination"] = message.headers.get("destination") ?? "";
  headers["failure-message-id"] = message.headers.get("message-id") ?? "";
  headers["failure-error"] = oneLine(
    error instanceof Error ? error.name : typeof error,
  );
  headers["failure-reason"] = oneLine(
    error instanceof Error ? error.message : error,
  );
  const isText = !message.headers.has("content-length");
  return { body: message.body, headers, isText };
}

/**
 * Whatever was thrown, as one line: STOMP 1.0 cannot express more, nor can any
 * version half a surrogate pair.
 */
function oneLine(thrown: unknown): string {
  let text: string;
  try {
    text = String(thrown);
  } catch {
    text = "something that cannot be shown";
  }
  return text.slice(0, LONGEST_REASON).toWellFormed().replace(
    /[\0\r\n]+/g,
    " ",
  );
}
