import { testFiles } from "./project.ts";

const IMPORT = /\b(?:from|import)\s*\(?\s*"(\.\.?\/[^"]+)"/g;

/** The test files that reach, through what they import, a file that differs from the last commit. */
export async function changedTestFiles(): Promise<string[]> {
  const changed = new Set([
    ...await git("diff", "--name-only", "HEAD"),
    ...await git("ls-files", "--others", "--exclude-standard"),
  ]);
  const reached = new Map<string, Promise<ReadonlySet<string>>>();
  const files: string[] = [];
  for (const file of testFiles()) {
    const from = file.replace("./", "");
    const all = await allReached(from, reached);
    if ([...all].some((path) => changed.has(path))) files.push(file);
  }
  return files;
}

async function git(...args: readonly string[]): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args: [...args],
  }).output();
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(`Cannot tell what has changed: ${decoder.decode(stderr)}`);
  }
  return decoder.decode(stdout).split("\n").filter((path) => path !== "");
}

/** A file and whatever it needs, also by way of others. */
async function allReached(
  from: string,
  known: Map<string, Promise<ReadonlySet<string>>>,
): Promise<ReadonlySet<string>> {
  const seen = new Set([from]);
  for (const path of seen) {
    let next = known.get(path);
    if (next === undefined) known.set(path, next = imported(path));
    for (const one of await next) seen.add(one);
  }
  return seen;
}

async function imported(path: string): Promise<ReadonlySet<string>> {
  if (!path.endsWith(".ts")) return new Set();
  const text = await Deno.readTextFile(path).catch(() => "");
  const here = `file:///${path}`;
  return new Set(
    [...text.matchAll(IMPORT)].map(([, specifier]) =>
      new URL(specifier!, here).pathname.slice(1)
    ),
  );
}
