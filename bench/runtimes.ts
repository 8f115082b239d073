/** A runtime that the benchmarks run on. */
export interface Runtime {
  /** Its name and version. */
  readonly name: string;
  /** Whether our client runs on it; otherwise its figures are for reference. */
  readonly isOurs: boolean;
  /** How to run one of the scripts in this folder. */
  command(script: string, ...args: readonly string[]): readonly string[];
}

/** The Bun that is run where none is installed. */
const BUN_PACKAGE = "bun@1.4.5";

const HERE = new URL(".", import.meta.url).pathname;

/** Where the peers of what is bundled for Node are found from. */
const BUNDLES = `${HERE}peers/node_modules/.bundles`;

/** Finds the runtimes that are there; Bun is fetched if need be. */
export async function findRuntimes(): Promise<Runtime[]> {
  const bun = await findBun();
  const runtimes: Runtime[] = [
    {
      name: `Deno ${Deno.version.deno}`,
      isOurs: true,
      command: (
        script,
        ...args
      ) => [Deno.execPath(), "run", "-A", HERE + script, ...args],
    },
    {
      name: `Bun ${bun.version}`,
      isOurs: true,
      command: (script, ...args) => [bun.path, HERE + script, ...args],
    },
  ];
  const node = await outputOf(["node", "--version"]).catch(() => undefined);
  if (node === undefined) return runtimes;
  await outputOf([
    bun.path,
    "build",
    `${HERE}worker.ts`,
    "--target=node",
    `--outdir=${BUNDLES}`,
    "--entry-naming=[name].mjs",
  ]);
  runtimes.push({
    name: `Node ${node.slice(1)}`,
    isOurs: false,
    command: (
      script,
      ...args
    ) => ["node", `${BUNDLES}/${script.replace(".ts", ".mjs")}`, ...args],
  });
  return runtimes;
}

async function findBun(): Promise<{ path: string; version: string }> {
  const question = ["-e", "console.log(process.execPath, Bun.version)"];
  const answer = await outputOf(["bun", ...question]).catch(() =>
    outputOf(["npx", "--yes", BUN_PACKAGE, ...question])
  );
  const [path, version] = answer.split(" ");
  return { path: path!, version: version! };
}

/** Runs a command to its end and gives what it wrote. */
export async function outputOf(command: readonly string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(command[0]!, {
    args: command.slice(1),
    cwd: `${HERE}..`,
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`It failed: ${command.join(" ")}`);
  return new TextDecoder().decode(stdout).trim();
}
