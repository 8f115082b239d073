import { serve } from "../../broker/mod.ts";
import { test } from "../support/harness.ts";
import { withChance } from "../support/random.ts";
import { CUTS } from "./cuts.ts";
import { surviveCuts } from "./trial.ts";

test(
  `embedded: nothing confirmed is lost over ${CUTS} cuts, and duplicates are marked`,
  () =>
    withChance(async (random) => {
      await using broker = await serve();
      await surviveCuts(broker.url, "/queue/faults", CUTS, random);
    }),
  { timeout: 60_000 + 500 * CUTS },
);
