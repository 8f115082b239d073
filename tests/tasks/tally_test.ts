import { type Tally, tallyOfRun } from "../../tasks/tally.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";

interface Case {
  readonly name: string;
  readonly output: string;
  readonly success: boolean;
  readonly tally: Tally;
}

const cases: readonly Case[] = [
  {
    name: "a good run on Deno",
    output: "\nok | 12 passed | 0 failed (34ms)\n\n",
    success: true,
    tally: { passed: 12, failed: 0 },
  },
  {
    name: "failures, steps and more on Deno",
    output: "FAILED | 3 passed (1 step) | 2 failed (1 step) | 1 ignored (6s)\n",
    success: false,
    tally: { passed: 3, failed: 2 },
  },
  {
    name: "colours",
    output: "\n\x1b[0m\x1b[32mok\x1b[0m | 1 passed | 0 failed \x1b[0m(4ms)\n",
    success: true,
    tally: { passed: 1, failed: 0 },
  },
  {
    name: "a test that writes a summary before the real one",
    output: "ok | 99 passed | 0 failed\nFAILED | 1 passed | 1 failed (4ms)\n",
    success: false,
    tally: { passed: 1, failed: 1 },
  },
  {
    name: "a good run on Bun",
    output: "\n 12 pass\n 0 fail\n 30 expect() calls\nRan 12 tests.\n",
    success: true,
    tally: { passed: 12, failed: 0 },
  },
  {
    name: "failures and skipped tests on Bun",
    output: "\n 4 pass\n 1 skip\n 2 todo\n 2 fail\nRan 7 tests.\n",
    success: false,
    tally: { passed: 4, failed: 2 },
  },
  {
    name: "a good run on Node",
    output:
      "ℹ tests 13\nℹ suites 0\nℹ pass 12\nℹ fail 0\nℹ cancelled 0\nℹ skipped 1\nℹ todo 0\n",
    success: true,
    tally: { passed: 12, failed: 0 },
  },
  {
    name: "failures on Node, and a file that did not end",
    output: "ℹ tests 7\nℹ pass 4\nℹ fail 2\nℹ cancelled 1\nℹ skipped 0\n",
    success: false,
    tally: { passed: 4, failed: 3 },
  },
  {
    name: "a run that passed all its tests and ended badly all the same",
    output: "\n 4 pass\n 0 fail\n 1 error\n",
    success: false,
    tally: { passed: 4, failed: 1 },
  },
  {
    name: "a run that never came to its tests",
    output: "error: Type checking failed.\n",
    success: false,
    tally: { passed: 0, failed: 1 },
  },
  {
    name: "a run without any test",
    output: "ok | 0 passed | 0 failed (0ms)\n",
    success: true,
    tally: { passed: 0, failed: 1 },
  },
];

for (const { name, output, success, tally } of cases) {
  test(`tallyOfRun reads ${name}`, () => {
    assertEquals(tallyOfRun(output, success), tally);
  });
}
