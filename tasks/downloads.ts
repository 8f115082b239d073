import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { basename, dirname } from "node:path";

/**
 * Where a piece of software is kept between runs: in the cache folder of the user, so that a new checkout finds it, too.
 * Its name must hold its version.
 */
export function downloadFolder(name: string): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${homedir()}/.cache`;
  return `${cache}/stompest/${name}`;
}

/** A few letters that change whenever one of these files does, for what is built from them. */
export function digestOf(...files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(Deno.readFileSync(file));
  return hash.digest("hex").slice(0, 8);
}

/**
 * Fills a folder once. Whoever is interrupted leaves nothing that looks complete: it is filled under another name, and gets its
 * own when all is there.
 */
export async function download(
  folder: string,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  if (await exists(folder)) return;
  const dir = dirname(folder);
  await Deno.mkdir(dir, { recursive: true });
  const part = await Deno.makeTempDir({ dir, prefix: `${basename(folder)}.` });
  try {
    await Deno.chmod(part, 0o755);
    await fill(part);
    await Deno.rename(part, folder);
  } catch (error) {
    await Deno.remove(part, { recursive: true });
    throw error;
  }
}

/** Runs a command whose output is of interest only if it fails. */
export async function runQuietly(
  [program, ...args]: readonly [string, ...string[]],
  options: Omit<Deno.CommandOptions, "args"> = {},
): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    ...options,
  }).output();
  if (success) return;
  const output = [stdout, stderr].map((octets) =>
    new TextDecoder().decode(octets).slice(-4000)
  );
  throw new Error(`${program} ${args.join(" ")} failed:\n${output.join("\n")}`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
