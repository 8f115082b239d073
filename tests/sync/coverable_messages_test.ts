import {
  type Coverable,
  CoverableMessages,
} from "../../sync/coverable_messages.ts";
import { assertEquals, assertLess } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { withChance } from "../support/random.ts";

type Verb = "ack" | "nack";

/** The same by the rule itself: what is settled by the first that covers it. */
class ByTheRule {
  readonly covers: { number: number; verb: Verb; isKept: boolean }[] = [];

  settledBy(number: number): Verb | undefined {
    return this.covers.find((cover) => cover.number >= number)?.verb;
  }
}

test("CoverableMessages says of each message what the first that covers it says, whatever is taken back", () =>
  withChance((random) => {
    for (let round = 0; round < 300; round++) {
      const messages: Coverable[] = [];
      const ours = new CoverableMessages<Coverable>();
      const rule = new ByTheRule();
      const open: { undo(): void; keep(): void }[] = [];
      for (let step = 0; step < 40; step++) {
        const unsettled = messages.filter(({ settled }) =>
          settled === undefined
        );
        if (unsettled.length === 0 || random.onceIn(2)) {
          const message = { number: messages.length + 1, settled: undefined };
          messages.push(message);
          ours.add(message);
        } else if (open.length > 0 && random.onceIn(3)) {
          const [end] = open.splice(random.below(open.length), 1);
          end![random.pick(["undo", "keep"] as const)]();
        } else {
          const message = random.pick(unsettled);
          const verb = random.pick(["ack", "nack"] as const);
          const cover = { number: message.number, verb, isKept: false };
          const settlement = ours.settle(message, verb);
          rule.covers.push(cover);
          open.push({
            keep: () => {
              settlement.keep();
              cover.isKept = true;
            },
            undo: () => {
              settlement.undo();
              rule.covers.splice(rule.covers.indexOf(cover), 1);
            },
          });
        }
        assertEquals(
          messages.map(({ settled }) => settled),
          messages.map(({ number }) => rule.settledBy(number)),
          `round ${round}, step ${step}`,
        );
      }
    }
  }));

/** How often the places of so many messages are looked at. */
function looks(count: number, how: "kept" | "undone"): number {
  let looks = 0;
  const ours = new CoverableMessages<Coverable>();
  const messages = Array.from({ length: count }, (_, i): Coverable => ({
    get number() {
      looks++;
      return i;
    },
    settled: undefined,
  }));
  for (const message of messages) ours.add(message);
  const settlements = messages.map((message, i) => {
    const settlement = ours.settle(message, i % 2 === 0 ? "ack" : "nack");
    if (how === "kept") settlement.keep();
    return settlement;
  });
  if (how === "undone") {
    for (const settlement of settlements.toReversed()) settlement.undo();
  }
  return looks;
}

for (const how of ["kept", "undone"] as const) {
  test(`CoverableMessages that are settled by turns and ${how} cost the same each`, () => {
    assertLess(looks(40_000, how), 40_000 * 8);
  });
}
