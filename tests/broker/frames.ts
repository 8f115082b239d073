import { raw } from "../support/raw_peer.ts";

/** The queue that most of these tests are about. */
export const QUEUE = "/queue/a";

/** A SEND to it. */
export function send(
  body: string,
  headers: Record<string, string> = {},
): string {
  return raw("SEND", { destination: QUEUE, ...headers }, body);
}

/** A SUBSCRIBE that acknowledges one by one. */
export function subscribe(
  destination: string,
  headers: Record<string, string> = {},
): string {
  return raw("SUBSCRIBE", {
    id: "s",
    destination,
    ack: "client-individual",
    ...headers,
  });
}
