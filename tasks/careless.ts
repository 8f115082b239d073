/**
 * Runs programs that use the blocking client without taking leave, each with exactly the permissions that it needs (a REPL gets all):
 *
 * ```sh
 * deno run -A tasks/careless.ts
 * ```
 *
 * @module
 */

import { serve } from "../broker/mod.ts";
import { connect } from "../async.ts";
import { bunCommand } from "./suites.ts";
import { oneIf, type Tally, total } from "./tally.ts";

const PROGRAM = "tests/sync/programs/careless.ts";

const SYNC = new URL("../sync.ts", import.meta.url);

/** A program that is still alive after so long, in ms, hangs. */
const LIMIT = 10_000;

interface Case {
  readonly how: "forgets" | "throws" | "exits" | "denied" | "types";
  /** The exit code. */
  readonly code: number;
  /** How many of its 1,000 messages must arrive at least. */
  readonly messages: number;
  readonly says?: string;
}

const CASES: readonly Case[] = [
  { how: "forgets", code: 0, messages: 1000 },
  { how: "exits", code: 3, messages: 1000 },
  { how: "throws", code: 1, messages: 0 },
];

/** Without `--allow-net`; Bun has no permissions. */
const DENIED: Case = {
  how: "denied",
  code: 0,
  messages: 0,
  says: "ConnectionError after less than 1 s",
};

/** Who types it into the REPL, where Deno's workers take a second to start. */
const TYPED: Case = { how: "types", code: 0, messages: 1000 };

/** What is typed. */
function typed(queue: string, url: string): string {
  return [
    `const { connectSync } = await import("${SYNC}");`,
    `const client = connectSync("${url}");`,
    `for (let i = 0; i < 1000; i++) client.send("${queue}", "message " + i);`,
    // The REPL ends without telling anybody.
    "client.disconnect();",
    "",
  ].join("\n");
}

async function run(
  command: readonly string[],
  { how, code, messages, says = "" }: Case,
): Promise<Tally> {
  await using broker = await serve();
  const isTyped = how === "types";
  const child = new Deno.Command(command[0]!, {
    args: [...command.slice(1), ...isTyped ? [] : [PROGRAM, how, broker.url]],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(LIMIT),
  }).spawn();
  const stdin = new Blob(
    isTyped ? [typed(`/queue/careless-${how}`, broker.url)] : [],
  );
  await stdin.stream().pipeTo(child.stdin);
  const outcome = await child.output();
  await using client = await connect(broker.url);
  let arrived = 0;
  const subscription = client.subscribe(`/queue/careless-${how}`, {
    ack: "auto",
  });
  await subscription.ready;
  const timer = setTimeout(() => client.close(), 500);
  for await (const message of subscription) {
    if (message.body.length > 0 && ++arrived === 1000) break;
  }
  clearTimeout(timer);
  const said = new TextDecoder().decode(outcome.stdout);
  const isWell = outcome.code === code && arrived >= messages &&
    said.includes(says);
  console.log(
    `${isWell ? "ok" : "FAILED"}: ${
      command.join(" ")
    } … ${how}: exit code ${outcome.code}, ` +
      `${arrived} messages arrived. ${said}${
        isWell ? "" : new TextDecoder().decode(outcome.stderr)
      }`,
  );
  return oneIf(isWell);
}

/** Runs all of them on Deno and on Bun. */
export async function carelessPrograms(): Promise<Tally> {
  const deno = [Deno.execPath(), "run", "--no-prompt", "--no-check"];
  const repl = [Deno.execPath(), "repl", "--quiet", "--allow-all"];
  const tallies = [await run(deno, DENIED), await run(repl, TYPED)];
  for (const command of [[...deno, "--allow-net=127.0.0.1"], bunCommand()]) {
    for (const one of CASES) tallies.push(await run(command, one));
  }
  return total(tallies);
}

if (import.meta.main) {
  const { failed } = await carelessPrograms();
  Deno.exit(failed === 0 ? 0 : 1);
}
