/**
 * What clients may try to bring the embedded broker down, in full size, on both
 * runtimes: what they are told, how much memory it takes, and how long another
 * client waits for a receipt meanwhile. `--scale 0.1` makes it smaller, a word
 * chooses attacks whose names hold it.
 *
 * ```sh
 * deno task test:hostile
 * ```
 *
 * @module
 */

import { parseArgs } from "node:util";
import { aligned } from "../bench/table.ts";
import { type Attack, ATTACKS } from "../tests/hostile/attacks.ts";
import { RawPeer } from "../tests/support/raw_peer.ts";
import { runtimeTransport } from "../transport/runtime.ts";

/** A receipt takes no longer than this while others do what they like, in ms. */
const SLOWEST = 50;
/** What the limits do not count: the runtime's own, and what it has not given back. */
const MOST_MIB = 200;

const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  Deno: ["deno", "run", "-A"],
  Bun: ["bun", "run"],
};

interface Started extends AsyncDisposable {
  readonly process: Deno.ChildProcess;
  /** The next line that it says. */
  line(): Promise<string>;
}

function start([program, ...args]: readonly string[]): Started {
  const process = new Deno.Command(program!, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    cwd: new URL("..", import.meta.url).pathname,
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream())
    .getReader();
  let said = "";
  return {
    process,
    line: async () => {
      while (!said.includes("\n")) {
        const { value, done } = await reader.read();
        if (done) throw new Error("It has ended without a word.");
        said += value;
      }
      const [line] = said.split("\n", 1);
      said = said.slice(line!.length + 1);
      return line!;
    },
    [Symbol.asyncDispose]: async () => {
      try {
        process.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await reader.cancel();
      await process.stdin.close().catch(() => {});
      await process.status;
    },
  };
}

/** How much memory a process has, and has had at the most, in MiB. */
function memoryOf(pid: number): { now: number; most: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const mib = (name: string) =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1024;
  return { now: mib("VmRSS"), most: mib("VmHWM") };
}

async function attempt(
  { options, run, told }: Attack,
  runtime: readonly string[],
  scale: number,
) {
  const json = JSON.stringify(options?.(scale) ?? {});
  await using broker = start([
    ...runtime,
    "tests/hostile/broker_process.ts",
    json,
  ]);
  const url = await broker.line();
  await using onlooker = start([
    ...RUNTIMES["Deno"]!,
    "tests/hostile/onlooker.ts",
    url,
  ]);
  await onlooker.line();
  await using peers = new AsyncDisposableStack();
  const transport = await runtimeTransport();
  const { now: before } = memoryOf(broker.process.pid);
  const answer = await run({
    scale,
    dial: async () => peers.use(await RawPeer.dial(transport, url)),
  });
  const { most } = memoryOf(broker.process.pid);
  const writer = onlooker.process.stdin.getWriter();
  await writer.write(new Uint8Array(1));
  writer.releaseLock();
  const slowest = Number(await onlooker.line());
  return {
    answer,
    isTold: told.test(answer),
    grown: Math.max(0, most - before),
    slowest,
  };
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    options: { scale: { type: "string", default: "1" } },
    allowPositionals: true,
  });
  const rows = [["attack", "on", "the client is told", "MiB", "slowest ms"]];
  rows.push(rows[0]!.map(() => "---"));
  let failed = 0;
  for (const attack of ATTACKS) {
    if (!positionals.every((word) => attack.name.includes(word))) continue;
    for (const [name, runtime] of Object.entries(RUNTIMES)) {
      const { answer, isTold, grown, slowest } = await attempt(
        attack,
        runtime,
        Number(values.scale),
      );
      const isWell = isTold && grown < MOST_MIB && slowest < SLOWEST;
      if (!isWell) failed++;
      const row = [
        attack.name,
        name,
        answer === "" ? "nothing" : answer,
        `${grown.toFixed(0)}${grown < MOST_MIB ? "" : " (missed)"}`,
        `${slowest.toFixed(1)}${slowest < SLOWEST ? "" : " (missed)"}`,
      ];
      console.error(row.join(" | "));
      rows.push(row);
    }
  }
  console.log(aligned(rows));
  console.log(`\n${rows.length - 2 - failed} passed, ${failed} failed`);
  Deno.exit(failed === 0 ? 0 : 1);
}
