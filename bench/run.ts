/**
 * Measures us beside the other clients for JavaScript, on each runtime. Names
 * of groups may be given to measure only those:
 *
 * ```sh
 * deno task bench decode encode
 * ```
 *
 * @module
 */

import { measureDepth } from "./broker_depth.ts";
import { measureBrokers } from "./broker_run.ts";
import { type Group, GROUPS, OURS, PEERS } from "./groups.ts";
import { measureMemory } from "./memory.ts";
import { Player } from "./player.ts";
import { rates } from "./rounds.ts";
import { findRuntimes, outputOf, type Runtime } from "./runtimes.ts";
import { startSink } from "./sink_process.ts";
import { type Row, table } from "./table.ts";

const MEMORY = "memory";
const BROKER = "broker";

function chosenGroups(names: readonly string[]): readonly string[] {
  const known = [...GROUPS.map(({ name }) => name), MEMORY, BROKER];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(
      `Unknown group: ${unknown.join(", ")}. Known are ${known.join(", ")}.`,
    );
  }
  return names.length === 0 ? known : names;
}

/** Installs the peers, unless they are there. */
async function installPeers(): Promise<void> {
  const folder = new URL("./peers/", import.meta.url).pathname;
  await Deno.stat(`${folder}node_modules/stompit`).catch(() =>
    outputOf(["npm", "install", "--prefix", folder, "--no-package-lock"])
  );
}

/** On Bun the sink takes three times as many frames a second as on Node, ten times as many as on Deno. */
function fastestSink(runtimes: readonly Runtime[]): readonly string[] {
  const bun = runtimes.find(({ name }) => name.startsWith("Bun"));
  return bun!.command("sink.ts");
}

async function measure(
  group: Group,
  runtime: Runtime,
  sinkCommand: readonly string[],
): Promise<Row[]> {
  await using processes = new AsyncDisposableStack();
  const where: string[] = [];
  if (group.name === "client") {
    const sink = processes.use(await startSink(sinkCommand));
    where.push(String(sink.port));
  }
  const players = new Map<string, Player>();
  const playerOf = (name: string): Player => {
    const command = runtime.command("worker.ts", group.name, name, ...where);
    const player = players.get(name) ??
      processes.use(new Player(name, command));
    players.set(name, player);
    return player;
  };
  const names = group.isOursEverywhere || runtime.isOurs
    ? [OURS, ...PEERS]
    : PEERS;
  const rows = [];
  for (const measured of group.cases) {
    const subjects = [...names, ...measured.extras ?? []].map(playerOf);
    const effort = measured.effort ?? group.effort;
    const figures = await rates(subjects, measured.name, effort);
    rows.push({ case: measured, figures });
  }
  return rows;
}

if (import.meta.main) {
  const names = chosenGroups(Deno.args);
  await installPeers();
  const runtimes = await findRuntimes();
  const sinkCommand = fastestSink(runtimes);
  for (const group of GROUPS.filter(({ name }) => names.includes(name))) {
    for (const runtime of runtimes) {
      const rows = await measure(group, runtime, sinkCommand);
      console.log(table(group, runtime, rows));
    }
    console.log(group.note);
  }
  if (names.includes(BROKER)) {
    console.log(await measureBrokers(runtimes));
    console.log(measureDepth());
  }
  if (names.includes(MEMORY)) {
    console.log(
      await measureMemory(runtimes.filter(({ isOurs }) => isOurs), sinkCommand),
    );
  }
}
