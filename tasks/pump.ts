/**
 * Bundles the worker of the blocking client into a text, from which it can be started without permission to read
 * files: `deno task pump`. A test tells when that is due.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";

const ENTRY = new URL("../sync/pump_worker.ts", import.meta.url);

/** The module that holds the text. */
export const PUMP_TEXT = new URL("../sync/pump_text.ts", import.meta.url);

/** A digest of every source that the text is made of. */
export async function digestOfSources(): Promise<string> {
  const hash = createHash("sha256");
  const seen = new Set<string>();
  const visit = async (module: URL): Promise<void> => {
    if (seen.has(module.href)) return;
    seen.add(module.href);
    const source = await readFile(module, "utf8");
    hash.update(source);
    for (
      const [, imported] of source.matchAll(
        /^(?!import type).*"(\.\.?\/[^"]+\.ts)"/gm,
      )
    ) {
      await visit(new URL(imported!, module));
    }
  };
  await visit(ENTRY);
  return hash.digest("hex");
}

async function bundle(): Promise<string> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--minify",
      "--platform",
      "browser",
      ENTRY.pathname,
    ],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Cannot bundle ${ENTRY.pathname}.`);
  return new TextDecoder().decode(stdout).trim();
}

if (import.meta.main) {
  await writeFile(
    PUMP_TEXT,
    `// Made by \`deno task pump\` of sources with the digest ${await digestOfSources()}.
// deno-fmt-ignore-file

/** The script of the worker, with everything that it imports. */
export const PUMP_TEXT: string =
  ${JSON.stringify(await bundle())};
`,
  );
}
