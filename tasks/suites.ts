import { isFile } from "./is_file.ts";
import { publishedModules } from "./project.ts";
import { type Tally, tallyOfRun } from "./tally.ts";
import type { Workbench } from "./workbench.ts";

/** The environment of the tests against a real broker. */
export interface BrokerEnvironment {
  /** Where it is and how to log in. */
  readonly STOMPEST_BROKER_URL: string;
  /** Which one it is. */
  readonly STOMPEST_BROKER: string;
  /** How to reach it by TLS, in JSON; empty where it does not speak it. */
  readonly STOMPEST_BROKER_TLS: string;
  /** The port of 127.0.0.1 that takes orders to make it suffer, and how many nodes it has. */
  readonly STOMPEST_CONTROL?: string;
  readonly STOMPEST_NODES?: string;
}

/** The Bun that is run where none is installed. */
const BUN_PACKAGE = "bun@1.4.5";

/**
 * Tests stay on this machine, read nothing but this project, and ask for nothing
 * but the seed of their chance, the size of their trials and these names.
 */
function permissions(...names: readonly string[]): readonly string[] {
  return [
    "--no-prompt",
    "--allow-net=127.0.0.1,localhost,[::1]",
    "--allow-read=.",
    `--allow-env=${["TEST_SEED", "STOMPEST_CUTS", ...names].join(",")}`,
  ];
}

/** Runs test files on Deno. */
export async function denoSuite(
  bench: Workbench,
  files: readonly string[],
  env?: BrokerEnvironment,
): Promise<Tally> {
  return await denoTests(bench, files, [], env);
}

/** Runs test files on Deno side by side, which those can take that need no socket. */
export async function quickSuite(
  bench: Workbench,
  files: readonly string[],
): Promise<Tally> {
  return await denoTests(bench, files, ["--parallel"]);
}

async function denoTests(
  bench: Workbench,
  files: readonly string[],
  how: readonly string[],
  env?: BrokerEnvironment,
): Promise<Tally> {
  const allowed = permissions(...Object.keys(env ?? {}));
  const { output, success } = await bench.run(
    [Deno.execPath(), "test", ...how, ...allowed, ...atLeastOne(files)],
    { ...env },
  );
  return tallyOfRun(output, success);
}

/** Runs test files on Bun. */
export async function bunSuite(
  bench: Workbench,
  files: readonly string[],
  env?: BrokerEnvironment,
): Promise<Tally> {
  await installDependencies(bench);
  const { output, success } = await bench.run(
    [...bunCommand(), "test", ...atLeastOne(files)],
    { ...env },
  );
  return tallyOfRun(output, success);
}

/** A file that has not ended by then hangs, in ms. */
const NODE_FILE_LIMIT = 180_000;

/** Runs test files on a Node of that major version. */
export async function nodeSuite(
  bench: Workbench,
  major: number,
  files: readonly string[],
  env?: BrokerEnvironment,
): Promise<Tally> {
  await installDependencies(bench);
  const { output, success } = await bench.run(
    [
      ...nodeCommand(major),
      "--test",
      "--test-reporter=spec",
      `--test-timeout=${NODE_FILE_LIMIT}`,
      ...atLeastOne(files),
    ],
    { ...env },
  );
  return tallyOfRun(output, success);
}

/** Puts our dependencies where Bun and Node look for them. */
export async function installDependencies(bench: Workbench): Promise<void> {
  const tools = "tasks/typescript.ts";
  await bench.run([
    Deno.execPath(),
    "install",
    "--quiet",
    "--entrypoint",
    tools,
  ]);
}

/** Runs the examples of the documentation, each as a test. */
export async function documentationSuite(bench: Workbench): Promise<Tally> {
  const { output, success } = await bench.run([
    Deno.execPath(),
    "test",
    "--doc",
    ...permissions(),
    "README.md",
    ...documents(),
    ...atLeastOne(await publishedModules()),
  ]);
  return tallyOfRun(output, success);
}

/** A runner that is given no file looks for some by itself. */
function atLeastOne(files: readonly string[]): readonly string[] {
  if (files.length === 0) throw new Error("There is no file to test.");
  return files;
}

/** How Bun is run. */
export function bunCommand(): readonly [string, ...string[]] {
  const folders = Deno.env.get("PATH")?.split(":") ?? [];
  return folders.some((folder) => isFile(`${folder}/bun`))
    ? ["bun"]
    : ["npx", "--yes", BUN_PACKAGE];
}

/** How a Node of that major version is run, so that it takes our files as they are. */
export function nodeCommand(major: number): readonly [string, ...string[]] {
  const loader = ["--import", "./tasks/node_loader.ts"] as const;
  return ["npx", "--yes", "-p", `node@${major}`, "node", ...loader];
}

/** The pages of the documentation. */
export function documents(): string[] {
  return [...Deno.readDirSync("docs")].map(({ name }) => `docs/${name}`)
    .sort();
}
