import process from "node:process";
import { newQueue } from "../behaviours/behaviour.ts";
import { CUTS } from "../faults/cuts.ts";
import { survive } from "../faults/trial.ts";
import { test } from "../support/harness.ts";
import { withChance } from "../support/random.ts";

const url = process.env["STOMPEST_BROKER_URL"]!;
const name = process.env["STOMPEST_BROKER"];

test(
  `${name}: nothing confirmed is lost over ${CUTS} cuts, and duplicates are marked`,
  () => withChance((random) => survive(url, newQueue(), CUTS, random)),
  {
    timeout: 120_000,
  },
);
