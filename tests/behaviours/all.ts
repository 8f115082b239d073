import { test } from "../support/harness.ts";
import { ACKNOWLEDGING } from "./acknowledging.ts";
import type { BrokerUnderTest } from "./behaviour.ts";
import { CONNECTING, RECEIPTS } from "./connecting.ts";
import { MESSAGES } from "./messages.ts";
import { WORKING } from "./working.ts";

/** Registers a test for everything that a broker is to be tried with. */
export function tryEverything(
  name: BrokerUnderTest["name"],
  withBroker: (
    run: (broker: BrokerUnderTest) => Promise<void>,
  ) => Promise<void>,
): void {
  const behaviours = [
    ...CONNECTING,
    ...RECEIPTS,
    ...MESSAGES,
    ...ACKNOWLEDGING,
    ...WORKING,
  ];
  for (const { name: claim, run, on, timeout = 30_000 } of behaviours) {
    if (on !== undefined && !on.includes(name)) continue;
    test(`${name}: ${claim}`, () => withBroker(run), { timeout });
  }
}
