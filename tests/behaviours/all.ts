import type { Client } from "../../mod.ts";
import { test } from "../support/harness.ts";
import { ACKNOWLEDGING } from "./acknowledging.ts";
import type { Behaviour, BrokerUnderTest } from "./behaviour.ts";
import { CONNECTING, RECEIPTS } from "./connecting.ts";
import { DIALECTS, REQUESTS } from "./dialects.ts";
import { CONSUMED, MESSAGES } from "./messages.ts";
import { TRANSACTIONS, WORKING } from "./working.ts";

/** What both clients do. */
export const OF_BOTH_CLIENTS: readonly Behaviour[] = [
  ...CONNECTING,
  ...MESSAGES,
  ...ACKNOWLEDGING,
  ...TRANSACTIONS,
  ...DIALECTS,
];

/** What the asynchronous client does beyond that. */
export const OF_THE_ASYNCHRONOUS: readonly Behaviour<Client>[] = [
  ...RECEIPTS,
  ...CONSUMED,
  ...WORKING,
  ...REQUESTS,
];

/** Registers a test for each behaviour that a broker is to be tried with. */
export function tryEverything<C>(
  name: BrokerUnderTest["name"],
  who: string,
  behaviours: readonly Behaviour<C>[],
  withBroker: (
    run: (broker: BrokerUnderTest<C>) => Promise<void>,
  ) => Promise<void>,
): void {
  for (const { name: claim, run, on, timeout = 30_000 } of behaviours) {
    if (on !== undefined && !on.includes(name)) continue;
    test(`${who}: ${claim}`, () => withBroker(run), { timeout });
  }
}
