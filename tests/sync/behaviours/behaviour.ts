import { connectSync, type SyncConnectOptions } from "../../../sync.ts";
import type { Frame, SyncClient } from "../../../sync.ts";
import { assert } from "../../support/assert.ts";

/** The broker that a behaviour is tried on. */
export interface BrokerUnderTest {
  readonly name: "embedded" | "rabbitmq" | "activemq";
  /** Where it is, with login and passcode. */
  readonly url: string;
}

/** Something that the blocking client does in the same way on every broker. */
export interface Behaviour {
  /** A claim. */
  readonly name: string;
  /** Fails where the claim does not hold. */
  run(broker: BrokerUnderTest): void;
  /** The brokers that it holds for; all where it says nothing. */
  readonly on?: readonly BrokerUnderTest["name"][];
}

const STARTED = Date.now().toString(36);
let lastQueue = 0;

/** A queue that nobody has used before, whatever ran on the broker earlier. */
export function newQueue(): string {
  return `/queue/test-sync-${STARTED}-${++lastQueue}`;
}

/** Connects, does something, and disconnects. */
export function withClient<T>(
  broker: BrokerUnderTest,
  work: (client: SyncClient) => T,
  options?: SyncConnectOptions,
): T {
  using client = connectSync(broker.url, options);
  return work(client);
}

/** The next messages. */
export function take(client: SyncClient, count: number): Frame[] {
  return Array.from({ length: count }, (_, taken) => {
    const frame = client.receiveFrame({ timeout: 10_000 });
    assert(frame !== null, `${taken} of ${count} messages came`);
    return frame;
  });
}

/** What the messages say. */
export function texts(frames: readonly Frame[]): string[] {
  return frames.map((frame) => frame.text());
}

/** The numbers from 0 on, as texts. */
export function counted(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}
