/**
 * The gate: everything that has to be well before a change is.
 *
 * It goes on after a failure and ends with one line, `N passed, N failed`; what an interruption keeps from running
 * counts as failed. Names of steps may be given to run only those:
 *
 * ```sh
 * deno task test lint bun
 * ```
 *
 * Between two edits there are `quick`, which needs no socket and takes seconds, and `changed`, which runs what imports
 * a file that is not committed yet; both on Deno alone.
 *
 * @module
 */

import { interruption } from "./interruption.ts";
import { SHORTCUTS, type Step, STEPS } from "./steps.ts";
import { inWords, oneIf, type Tally, total } from "./tally.ts";
import { Workbench } from "./workbench.ts";

async function runSteps(
  bench: Workbench,
  steps: readonly Step[],
): Promise<Map<string, Tally>> {
  const tallies = new Map<string, Tally>();
  for (const step of steps) {
    bench.say(`\n=== ${step.name}`);
    try {
      tallies.set(step.name, await step.run(bench));
    } catch (error) {
      bench.say(String(error));
      tallies.set(step.name, oneIf(false));
    }
  }
  return tallies;
}

function chosenSteps(names: readonly string[]): readonly Step[] {
  if (names.length === 0) return STEPS;
  const shortcut = names.length === 1 ? SHORTCUTS[names[0]!] : undefined;
  if (shortcut !== undefined) return shortcut;
  const known = STEPS.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(
      `Unknown step: ${unknown.join(", ")}. Known are ${known.join(", ")}.`,
    );
  }
  return STEPS.filter(({ name }) => names.includes(name));
}

/** Runs steps and leaves with what came of them. */
export async function gate(names: readonly string[]): Promise<never> {
  const bench = new Workbench(interruption());
  const tallies = await runSteps(bench, chosenSteps(names));
  bench.say("\n=== result");
  for (const [name, tally] of tallies) bench.say(`${name}: ${inWords(tally)}`);
  const result = total(tallies.values());
  bench.say(inWords(result));
  Deno.exit(result.failed === 0 ? 0 : 1);
}

if (import.meta.main) await gate(Deno.args);
