import { bunCommand, documents, installDependencies } from "./suites.ts";
import { oneIf, type Tally, total } from "./tally.ts";
import type { Workbench } from "./workbench.ts";

const SNIPPET = /^```ts\n(.*?)^```/gms;

/**
 * Runs the snippets of the README and of the pages on Bun, as the program of a
 * reader: each ends well, and prints or asserts something.
 */
export async function snippetsOnBun(bench: Workbench): Promise<Tally> {
  await installDependencies(bench);
  const tallies: Tally[] = [];
  for (const page of ["README.md", ...documents()]) {
    const text = await Deno.readTextFile(page);
    for (const [, code] of text.matchAll(SNIPPET)) {
      const { success, output } = await bench.run([
        ...bunCommand(),
        "-e",
        code!,
      ]);
      const tells = output.trim() !== "" || code!.includes("@std/assert");
      if (!success) bench.say(`${page}: a snippet failed on Bun.`);
      if (!tells) bench.say(`${page}: a snippet prints and asserts nothing.`);
      tallies.push(oneIf(success && tells));
    }
  }
  // None at all means that they were not found.
  return tallies.length === 0 ? oneIf(false) : total(tallies);
}
