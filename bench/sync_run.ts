/**
 * Measures the blocking client beside Perl's Net::Stomp and Python's stomp.py,
 * on the sink, RabbitMQ and ActiveMQ, as far as they are installed:
 *
 * ```sh
 * deno run -A bench/sync_run.ts [PLACE...]
 * ```
 *
 * @module
 */

import { BROKERS } from "../tasks/brokers.ts";
import { BODY_SIZE } from "./client.ts";
import { Player } from "./player.ts";
import { type Effort, rates } from "./rounds.ts";
import { findRuntimes, outputOf } from "./runtimes.ts";
import { startSink } from "./sink_process.ts";
import { aligned } from "./table.ts";

const CASES = ["send", "receive and ack", "receipt round trip"];

/** What the rates of two players must be in proportion. */
interface Target {
  readonly ours: string;
  readonly theirs: string;
  readonly atLeast: number;
}

function targetsOf(caseName: string): readonly Target[] {
  return ["Deno", "Bun"].map((runtime) => ({
    ours: `${runtime} sync`,
    ...caseName === "receipt round trip"
      ? { theirs: `${runtime} async`, atLeast: 1 / 1.5 }
      : { theirs: "Net::Stomp", atLeast: 1 },
  }));
}

const EFFORT: Effort = { warmUp: 500, round: 400, rounds: 7 };

const HERE = new URL("./sync_peers/", import.meta.url).pathname;

/** Who plays at a place, by the command to start it. */
async function playersAt(url: URL): Promise<Map<string, readonly string[]>> {
  const commands = new Map<string, readonly string[]>();
  for (const runtime of await findRuntimes()) {
    if (!runtime.isOurs) continue;
    const name = runtime.name.split(" ")[0]!;
    for (const client of ["sync", "async"]) {
      const command = runtime.command("sync_player.ts", client, url.href);
      commands.set(`${name} ${client}`, command);
    }
  }
  const where = [url.hostname, url.port];
  // Debian's packages are those of Debian's own interpreters.
  const peers: readonly (readonly [string, string, string, string])[] = [
    ["Net::Stomp", "/usr/bin/perl", "-MNet::Stomp -e 1", "net_stomp.pl"],
    ["stomp.py", "/usr/bin/python3", "-c import_stomp", "stomp_py.py"],
  ];
  for (const [name, program, trial, script] of peers) {
    const question = trial.split(" ").map((word) => word.replace("_", " "));
    const isThere = await outputOf([program, ...question])
      .then(() => true, () => false);
    if (isThere) commands.set(name, [program, HERE + script, ...where]);
    else console.error(`${name} is not installed.`);
  }
  return commands;
}

async function measure(place: string, url: string): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const commands = await playersAt(new URL(url));
  const players = [...commands].map(([name, command]) =>
    stack.use(new Player(name, command))
  );
  const names = players.map(({ name }) => name);
  const rows = [["a second", ...names, "ratios"]];
  rows.push(rows[0]!.map(() => "---"));
  for (const caseName of CASES) {
    const figures = await rates(players, caseName, EFFORT);
    rows.push([
      caseName,
      ...names.map((name) => Math.round(figures.get(name)!).toLocaleString()),
      verdict(caseName, figures),
    ]);
  }
  console.log(`\n### ${place}, bodies of ${BODY_SIZE} B\n\n${aligned(rows)}\n`);
}

function verdict(
  caseName: string,
  figures: ReadonlyMap<string, number>,
): string {
  return targetsOf(caseName).map(({ ours, theirs, atLeast }) => {
    const base = figures.get(theirs);
    if (base === undefined) return `${ours}: nobody to compare with`;
    const ratio = figures.get(ours)! / base;
    const isMet = ratio >= atLeast ? "met" : "missed";
    return `${ours}: ${ratio.toFixed(2)} of ${theirs} (${isMet})`;
  }).join(", ");
}

if (import.meta.main) {
  const isChosen = (place: string) =>
    Deno.args.length === 0 || Deno.args.includes(place);
  if (isChosen("sink")) {
    const bun = (await findRuntimes()).find(({ name }) => name.includes("Bun"));
    await using sink = await startSink(bun!.command("sink.ts"));
    await measure("sink", `stomp://127.0.0.1:${sink.port}`);
  }
  for (const broker of BROKERS.filter(({ name }) => isChosen(name))) {
    if (!broker.isInstalled()) {
      console.log(`${broker.name} is not installed: ${broker.installHint}`);
      continue;
    }
    await using running = await broker.start();
    await measure(broker.name, running.url);
  }
  Deno.exit();
}
