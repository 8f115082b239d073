import {
  type ConnectionEvent,
  type ConnectionState,
  nextConnectionState,
} from "../../broker/connection_state.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";

const EVENTS: readonly ConnectionEvent[] = ["good-bye", "lost", "over"];

/** Where a connection is after each event: good-bye, lost, over. */
const AFTER: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  open: ["leaving", "orphaned", "closed"],
  orphaned: ["closed", "orphaned", "closed"],
  leaving: ["leaving", "closed", "closed"],
  closed: ["closed", "closed", "closed"],
};

test("a connection goes from state to state as it is written down, and never back", () => {
  for (const [state, after] of Object.entries(AFTER)) {
    const reached = EVENTS.map((event) =>
      nextConnectionState(state as ConnectionState, event)
    );
    assertEquals(reached, after, state);
  }
});
