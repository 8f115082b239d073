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
import { bunCommand, nodeCommand } from "./suites.ts";
import { oneIf, type Tally, total } from "./tally.ts";

const PROGRAM = "tests/sync/programs/careless.ts";

const SYNC = new URL("../sync.ts", import.meta.url);

/** A program that is still alive after so long, in ms, hangs. */
const LIMIT = 10_000;

/** How long an exit may take, in ms, whatever the brokers do: the clients wait for 1,000. */
const LONGEST_EXIT = 1900;

type Command = readonly [string, ...string[]];

interface Case {
  readonly how: string;
  /** The exit code. */
  readonly code: number;
  /** How many of its messages must arrive. */
  readonly messages: number;
  readonly says?: string;
}

const CASES: readonly Case[] = [
  { how: "forgets", code: 0, messages: 1000 },
  { how: "exits", code: 3, messages: 1000 },
  ...["throws", "rejects", "timer"].flatMap((how) => [
    { how, code: 1, messages: 1000 },
    { how: `${how}-large`, code: 1, messages: 1 },
  ]),
];

/** What ends a worker of the program's own. */
const IN_A_WORKER: readonly Case[] = ["throws", "rejects", "timer"].map((
  how,
) => ({ how: `worker-${how}`, code: 0, messages: 1000, says: "has ended" }));

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
  const arrived = await messagesIn(broker.url, `/queue/careless-${how}`);
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

async function messagesIn(url: string, queue: string): Promise<number> {
  await using client = await connect(url);
  const subscription = client.subscribe(queue, { ack: "auto" });
  await subscription.ready;
  const timer = setTimeout(() => client.close(), 500);
  let arrived = 0;
  for await (const message of subscription) {
    if (message.body.length > 0 && ++arrived === 1000) break;
  }
  clearTimeout(timer);
  return arrived;
}

/** How long a program takes to end whose brokers take nothing from it. */
async function runStalled(command: readonly string[]): Promise<Tally> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  void letIn(listener, connections);
  const url = `stomp://127.0.0.1:${listener.addr.port}`;
  const child = new Deno.Command(command[0]!, {
    args: [...command.slice(1), PROGRAM, "stalls", url],
    stdin: "null",
    stdout: "piped",
    signal: AbortSignal.timeout(3 * LIMIT),
  }).spawn();
  let done = 0;
  for await (const _ of child.stdout) done ||= performance.now();
  const { code } = await child.status;
  const took = Math.round(performance.now() - done);
  for (const connection of connections) connection.close();
  const isWell = code === 0 && took < LONGEST_EXIT;
  console.log(
    `${isWell ? "ok" : "FAILED"}: ${command.join(" ")} … stalls: exit code ` +
      `${code}, ${took} ms after it was done.`,
  );
  return oneIf(isWell);
}

/** Says CONNECTED, and reads no more. */
async function letIn(
  listener: Deno.Listener,
  connections: Deno.Conn[],
): Promise<void> {
  for await (const connection of listener) {
    connections.push(connection);
    await connection.read(new Uint8Array(1024));
    await connection.write(
      new TextEncoder().encode("CONNECTED\nversion:1.2\n\n\0"),
    );
  }
}

/** Runs all of them on Deno, on Bun and on Node. */
export async function carelessPrograms(): Promise<Tally> {
  const deno = [Deno.execPath(), "run", "--no-prompt", "--no-check"] as const;
  const repl = [Deno.execPath(), "repl", "--quiet", "--allow-all"];
  const tallies = [await run(deno, DENIED), await run(repl, TYPED)];
  const allowed = [...deno, "--allow-net=127.0.0.1"] as const;
  const bun = bunCommand();
  // A worker's file has to be read.
  const runtimes: readonly (readonly [Command, Command])[] = [
    [allowed, [...allowed, "--allow-read=."]],
    ...[bun, nodeCommand(22), nodeCommand(24)]
      .map((command) => [command, command] as const),
  ];
  for (const [command, reading] of runtimes) {
    for (const one of CASES) tallies.push(await run(command, one));
    for (const one of IN_A_WORKER) tallies.push(await run(reading, one));
    tallies.push(await runStalled(command));
  }
  return total(tallies);
}

if (import.meta.main) {
  const { failed } = await carelessPrograms();
  Deno.exit(failed === 0 ? 0 : 1);
}
