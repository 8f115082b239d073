import type { Message } from "../mod.ts";

/** Headers that the broker has set, or that concern one delivery alone. */
const OF_THE_DELIVERY: ReadonlySet<string> = new Set([
  "ack",
  "content-length",
  "destination",
  "expires",
  "message-id",
  "receipt",
  "redelivered",
  "subscription",
  "timestamp",
  "transaction",
]);

/** Where dead letters say that they came from, by broker. */
const ORIGINS = ["original-destination", "failure-destination"];

/** The headers of a message as they can be sent again to any broker. */
export function resendHeaders(
  headers: Iterable<readonly [string, string]>,
): Record<string, string> {
  const kept: Record<string, string> = { persistent: "true" };
  for (const [name, value] of headers) {
    if (!OF_THE_DELIVERY.has(name)) kept[name] = value;
  }
  return kept;
}

/** Where a dead letter came from; `undefined`: it does not say. */
export function originOf({ headers }: Message): string | undefined {
  for (const name of ORIGINS) {
    const origin = headers.get(name);
    if (origin !== undefined) return origin;
  }
  const queue = headers.get("x-first-death-queue");
  return queue === undefined ? undefined : `/queue/${queue}`;
}
