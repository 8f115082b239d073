import { newQueue } from "../behaviours/behaviour.ts";
import { CUTS } from "../faults/cuts.ts";
import { surviveCuts } from "../faults/trial.ts";
import { test } from "../support/harness.ts";
import { withChance } from "../support/random.ts";
import { BROKER } from "./broker.ts";

const { label, url } = BROKER;

test(
  `${label}: nothing confirmed is lost over ${CUTS} cuts, and duplicates are marked`,
  () => withChance((random) => surviveCuts(url, newQueue(), CUTS, random)),
  {
    timeout: 60_000 + 500 * CUTS,
  },
);
