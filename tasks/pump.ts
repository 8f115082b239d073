/**
 * Bundles the worker of the blocking client into a text, from which it can be started without permission to read
 * files: `deno task pump`. A test tells when that is due, and the gate whether the text is what the sources give.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";

const ENTRY = new URL("../sync/pump_worker.ts", import.meta.url);

/** The module that holds the text. */
export const PUMP_TEXT = new URL("../sync/pump_text.ts", import.meta.url);

/** Where another release of the bundler writes the same in other words. */
const BUNDLER = /by Deno ([0-9.]+)/;

/** A digest of every source that the text is made of, and of the text. */
export async function digestOf(text: string): Promise<string> {
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
  hash.update(text);
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

/** The module that the sources give. */
async function moduleOf(text: string): Promise<string> {
  return `// Made by \`deno task pump\`, by Deno ${Deno.version.deno}. Digest of the sources and the text: ${await digestOf(
    text,
  )}
// deno-fmt-ignore-file

/** The script of the worker, with everything that it imports. */
export const PUMP_TEXT: string =
  ${JSON.stringify(text)};
`;
}

/** Whether the text is what the sources give. */
export async function pumpIsFresh(): Promise<boolean> {
  const written = await readFile(PUMP_TEXT, "utf8");
  const [, bundler] = BUNDLER.exec(written) ?? [];
  if (bundler !== undefined && bundler !== Deno.version.deno) {
    console.log(
      `The worker's text was bundled by Deno ${bundler}: this is ` +
        `${Deno.version.deno}, so only its digest is compared.`,
    );
    return true;
  }
  const isFresh = written === await moduleOf(await bundle());
  if (!isFresh) console.error("The worker's text is stale: deno task pump.");
  return isFresh;
}

if (import.meta.main) {
  await writeFile(PUMP_TEXT, await moduleOf(await bundle()));
}
