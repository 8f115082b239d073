/**
 * Runs programs that give up dialling a broker that does not answer, and looks
 * at what they leave behind: no socket, and no process.
 *
 * ```sh
 * deno run -A tasks/cancelled_dials.ts
 * ```
 *
 * @module
 */

import { bunCommand, nodeCommand } from "./suites.ts";
import { oneIf, type Tally, total } from "./tally.ts";

const PROGRAM = "tests/async/programs/gives_up.ts";

/** When to look for sockets after the program has given up, in ms. */
const LOOK_AFTER = 300;

/** When it must have ended, in ms. */
const LONGEST_LIFE = 1000;

/** A port that keeps whoever dials it waiting. */
interface Deaf extends Disposable {
  readonly what: string;
  readonly port: number;
}

/** Connects, and never says a word. */
function silent(): Deaf {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  void (async () => {
    for await (const connection of listener) connections.push(connection);
  })();
  return {
    what: "nothing is said",
    port: listener.addr.port,
    [Symbol.dispose]() {
      listener.close();
      for (const connection of connections) connection.close();
    },
  };
}

/** Does not even connect: others wait there already. */
async function unanswered(): Promise<Deaf> {
  const listener = Deno.listen({
    hostname: "127.0.0.1",
    port: 0,
    tcpBacklog: 1,
  });
  const { port } = listener.addr;
  const waiting: Deno.Conn[] = [];
  try {
    for (;;) {
      const signal = AbortSignal.timeout(300);
      waiting.push(await Deno.connect({ hostname: "127.0.0.1", port, signal }));
    }
  } catch {
    // No room is left.
  }
  return {
    what: "SYN is not answered",
    port,
    [Symbol.dispose]() {
      listener.close();
      for (const connection of waiting) connection.close();
    },
  };
}

/** The sockets that a process has to a port, whatever state they are in. */
async function socketsOf(pid: number, port: number): Promise<number> {
  const owned = new Set<string>();
  for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
    const link = await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (inode !== undefined) owned.add(inode);
  }
  const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = (await Deno.readTextFile("/proc/net/tcp")).split("\n");
  return rows.map((row) => row.trim().split(/\s+/)).filter((columns) =>
    columns[2]?.endsWith(remote) && owned.has(columns[9] ?? "")
  ).length;
}

async function run(
  command: readonly string[],
  scheme: string,
  { what, port }: Deaf,
): Promise<Tally> {
  const child = new Deno.Command(command[0]!, {
    args: [...command.slice(1), PROGRAM, `${scheme}://127.0.0.1:${port}`],
    stdin: "null",
    stdout: "piped",
    signal: AbortSignal.timeout(20_000),
  }).spawn();
  let gaveUp = 0;
  let sockets = NaN;
  for await (const _ of child.stdout) {
    if (gaveUp > 0) continue;
    gaveUp = performance.now();
    await new Promise((resolve) => setTimeout(resolve, LOOK_AFTER));
    sockets = await socketsOf(child.pid, port).catch(() => NaN);
  }
  const { code } = await child.status;
  const took = Math.round(performance.now() - gaveUp);
  const isWell = code === 0 && sockets === 0 && took < LONGEST_LIFE;
  console.log(
    `${isWell ? "ok" : "FAILED"}: ${command.join(" ")} … ${scheme}://, where ` +
      `${what}: exit code ${code}, ${sockets} sockets, ended after ${took} ms.`,
  );
  return oneIf(isWell);
}

/** Runs them on Deno, on Bun and on Node, in clear text and by TLS. */
export async function cancelledDials(): Promise<Tally> {
  const deno = [Deno.execPath(), "run", "--no-prompt", "--no-check"];
  const commands = [
    [...deno, "--allow-net=127.0.0.1"],
    bunCommand(),
    nodeCommand(22),
    nodeCommand(24),
  ];
  const tallies: Tally[] = [];
  for (const make of [silent, unanswered]) {
    using deaf = await make();
    for (const command of commands) {
      for (const scheme of ["stomp", "stomps"]) {
        tallies.push(await run(command, scheme, deaf));
      }
    }
  }
  return total(tallies);
}

if (import.meta.main) {
  const { failed } = await cancelledDials();
  Deno.exit(failed === 0 ? 0 : 1);
}
