import manifest from "../deno.json" with { type: "json" };

/** The folder that the tests against real brokers are in; the plain suite leaves it out. */
const LIVE = "./tests/live/";

/** The folder of the tests that kill their brokers. */
const CRASHES = "./tests/crashes/";

/** The modules that a user can import by name. */
export function entryPoints(): string[] {
  return Object.values(manifest.exports);
}

/** The test files that need nothing but the runtime. */
export function testFiles(): string[] {
  return allTestFiles().filter((file) =>
    !file.startsWith(LIVE) && !file.startsWith(CRASHES)
  );
}

/** Protocol, house and tools: what is tested without a socket. */
const QUICK = /^\.\/tests\/((codec|session|tasks)\/|\w+_test\.ts$)/;

/** The test files that need no socket and little time. */
export function quickTestFiles(): string[] {
  return testFiles().filter((file) => QUICK.test(file));
}

/** The test files that need a broker. */
export function liveTestFiles(): string[] {
  return allTestFiles().filter((file) => file.startsWith(LIVE));
}

/** The test files that need a broker to kill. */
export function crashTestFiles(): string[] {
  return allTestFiles().filter((file) => file.startsWith(CRASHES));
}

/** The modules of ours that come with the entry points: whatever a user reads the documentation of. */
export async function publishedModules(): Promise<string[]> {
  const graphs = await Promise.all(entryPoints().map(moduleGraph));
  return [...new Set(graphs.flat())].sort();
}

interface ModuleGraph {
  readonly modules: readonly { readonly specifier: string }[];
}

async function moduleGraph(entryPoint: string): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entryPoint],
  }).output();
  if (!success) {
    throw new Error(
      `Cannot tell what ${entryPoint} imports: ${
        new TextDecoder().decode(stderr)
      }`,
    );
  }
  const graph: ModuleGraph = JSON.parse(new TextDecoder().decode(stdout));
  const root = new URL("..", import.meta.url).href;
  return graph.modules
    .map(({ specifier }) => specifier)
    .filter((specifier) => specifier.startsWith(root))
    .map((specifier) => specifier.slice(root.length))
    // What stands in for the standard library is not published.
    .filter((path) => !path.startsWith("dev/"));
}

/**
 * Relative to the project's folder. The `./` tells Bun that they are files and not patterns. `STOMPEST_ONLY` keeps those
 * whose name holds its text.
 */
function allTestFiles(): string[] {
  const only = Deno.env.get("STOMPEST_ONLY") ?? "";
  return [...filesUnder("./tests"), ...filesUnder("./examples")]
    .filter((file) => file.endsWith("_test.ts") && file.includes(only))
    .sort();
}

function* filesUnder(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    if (name === "node_modules") continue;
    if (isDirectory) yield* filesUnder(path);
    else yield path;
  }
}
