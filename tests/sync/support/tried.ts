import {
  connectSync,
  type SyncClient,
  type SyncConnectOptions,
} from "../../../sync.ts";
import { assertLess } from "../../support/assert.ts";
import { test } from "../../support/harness.ts";
import { Thread } from "./thread.ts";

/** Tries a client with a broker that follows a script. */
export function tried(
  script: string,
  claim: string,
  body: (client: SyncClient, peer: Thread) => void | Promise<void>,
  options: SyncConnectOptions = {},
): void {
  test(`${script}: ${claim}`, async () => {
    await using peer = await Thread.peer(script);
    const client = connectSync(peer.url, { heartBeat: [0, 0], ...options });
    await body(client, peer);
    client.disconnect();
  });
}

/** Waits for the broker's confirmation. */
export const RECEIPT = { receipt: true };

/** What is on its way comes within this. */
export const SOON = { timeout: 2000 };

/** A subscription that the scripts know. */
export const S = { id: "s", ack: "client-individual" } as const;

/** What the next messages say. */
export function texts(client: SyncClient, count: number): string[] {
  return Array.from({ length: count }, () => client.receiveFrame(SOON)!.text());
}

/** Computes, and lets the event loop wait. */
export function busyFor(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
  assertLess(performance.now(), end + milliseconds);
}
