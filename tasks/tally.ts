/** How many checks or tests passed and failed. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/** Nothing was run, and that is all right. */
export const NOTHING: Tally = { passed: 0, failed: 0 };

/** A check that is not made of tests counts as one. */
export function oneIf(success: boolean): Tally {
  return success ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Adds up. */
export function total(tallies: Iterable<Tally>): Tally {
  let { passed, failed } = NOTHING;
  for (const tally of tallies) {
    passed += tally.passed;
    failed += tally.failed;
  }
  return { passed, failed };
}

/** The form in which the gate reports. */
export function inWords({ passed, failed }: Tally): string {
  return `${passed} passed, ${failed} failed`;
}

/**
 * Reads the numbers from what `deno test`, `bun test` or `node --test` wrote.
 *
 * A run that ended badly has at least one failure, even where no test is to blame: a file did not load, or the runner
 * died. So has a run without any test, for it proves nothing.
 */
export function tallyOfRun(output: string, success: boolean): Tally {
  const { passed, failed } = summaryOf(output.replace(ANSI_STYLE, ""));
  const unblamed = failed === 0 && (!success || passed === 0);
  return { passed, failed: unblamed ? 1 : failed };
}

// deno-lint-ignore no-control-regex
const ANSI_STYLE = /\x1b\[[\d;]*m/g;

/** `ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)`, on a line that starts so. */
const DENO_SUMMARY =
  /^(?:ok|FAILED) \| (?<passed>\d+) passed(?: \(\d+ steps?\))? \| (?<failed>\d+) failed/gm;

/** ` 12 pass`, perhaps ` 1 skip`, ` 0 fail`, each on a line of its own. */
const BUN_SUMMARY =
  /^ *(?<passed>\d+) pass\n(?: *\d+ (?:skip|todo)\n)* *(?<failed>\d+) fail$/gm;

/** `ℹ pass 12`, `ℹ fail 0`, `ℹ cancelled 0`, each on a line of its own; what was cancelled has failed. */
const NODE_SUMMARY =
  /^ℹ pass (?<passed>\d+)\nℹ fail (?<failed>\d+)\nℹ cancelled (?<cancelled>\d+)$/gm;

/** The summary comes last; tests may write lines that look like one before it. */
function summaryOf(output: string): Tally {
  const summary = [DENO_SUMMARY, BUN_SUMMARY, NODE_SUMMARY]
    .flatMap((form) => [...output.matchAll(form)])
    .at(-1)?.groups;
  return {
    passed: Number(summary?.["passed"] ?? 0),
    failed: Number(summary?.["failed"] ?? 0) +
      Number(summary?.["cancelled"] ?? 0),
  };
}
