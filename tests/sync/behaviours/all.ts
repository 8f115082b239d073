import { test } from "../../support/harness.ts";
import { ACKNOWLEDGING } from "./acknowledging.ts";
import type { BrokerUnderTest } from "./behaviour.ts";
import { CONNECTING } from "./connecting.ts";
import { MESSAGES } from "./messages.ts";

/** Registers a test for everything that a broker is to be tried with. */
export function tryEverything(
  name: BrokerUnderTest["name"],
  withBroker: (run: (broker: BrokerUnderTest) => void) => void | Promise<void>,
): void {
  for (
    const { name: claim, run, on } of [
      ...CONNECTING,
      ...MESSAGES,
      ...ACKNOWLEDGING,
    ]
  ) {
    if (on !== undefined && !on.includes(name)) continue;
    test(`${name}, blocking: ${claim}`, () => withBroker(run), {
      timeout: 30_000,
    });
  }
}
