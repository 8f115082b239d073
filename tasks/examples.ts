/**
 * Runs the examples as users do, on both runtimes, and looks at what they print.
 *
 * @module
 */

import { serve } from "../broker/mod.ts";
import { connect } from "../mod.ts";
import { ProcessGroup } from "./process_group.ts";
import { bunCommand, installDependencies } from "./suites.ts";
import { oneIf, type Tally, total } from "./tally.ts";
import type { Workbench } from "./workbench.ts";

/** One example, and what it must have printed. */
interface Run {
  readonly name: string;
  readonly prints: string;
  /** Its argument, if that is no broker's URL. */
  readonly argument?: string;
  /** It goes on for ever: this is sent once it has printed that. */
  readonly signal?: "SIGINT" | "SIGTERM";
  /** What it says then before it ends by itself; left out: the signal ends it. */
  readonly goodBye?: string;
  /** Where a message that is no JSON goes in, and where it must have ended. */
  readonly poison?: readonly [queue: string, errors: string];
}

/** What a program ends with that the signal has ended. */
const INTERRUPTED = [130, 143];

/** In an order in which each finds what it needs. */
const WITH_BROKER: readonly Run[] = [
  { name: "producer", prints: "sent 10 messages" },
  {
    name: "transformer",
    prints: "9 -> 10",
    signal: "SIGINT",
    goodBye: "",
    poison: ["/queue/testIn", "/queue/testTransformerError"],
  },
  {
    name: "consumer",
    prints: "count: 10",
    signal: "SIGTERM",
    goodBye: "graceful: true",
    poison: ["/queue/testOut", "/queue/testConsumerError"],
  },
  {
    name: "watch",
    prints: "framesReceived",
    signal: "SIGTERM",
    goodBye: "disconnected",
  },
  { name: "sync_producer", prints: "sent test message 2" },
  {
    name: "sync_consumer",
    prints: "test message 2",
    signal: "SIGINT",
  },
  { name: "sync_request", prints: "5 squared is 25" },
];

const ALONE: readonly Run[] = [
  { name: "codec_pipeline", prints: "the same" },
  { name: "demo", prints: "broker: listening" },
  // A broker may be at the usual port already.
  {
    name: "broker",
    argument: "0",
    prints: "stomp://",
    signal: "SIGINT",
    goodBye: "",
  },
];

/** None takes as long, in ms. */
const LIMIT = 20_000;

async function runExample(
  bench: Workbench,
  command: readonly [string, ...string[]],
  { name, argument, prints, signal, goodBye, poison }: Run,
  url: string,
): Promise<Tally> {
  const [program, ...args] = command;
  if (poison !== undefined) await put(url, poison[0]);
  let output = "";
  const printed = Promise.withResolvers<void>();
  const decoder = new TextDecoder();
  await using running = new ProcessGroup(program, {
    args: [...args, `examples/${name}.ts`, argument ?? url].filter((word) =>
      word !== ""
    ),
    env: { NO_COLOR: "1" },
    onOutput: (chunk) => {
      output += decoder.decode(chunk, { stream: true });
      if (output.includes(prints)) printed.resolve();
    },
  });
  const timer = setTimeout(() => running.kill(), LIMIT);
  await Promise.race([printed.promise, running.ended]);
  // It may be behind what was waited for.
  const buried = poison === undefined || await isBuried(url, poison[1]);
  if (signal !== undefined) running.interrupt(signal);
  const status = await running.ended;
  clearTimeout(timer);
  const isInterrupted = signal !== undefined && goodBye === undefined;
  const isWell = buried && output.includes(prints) &&
    output.includes(goodBye ?? "") &&
    (isInterrupted ? INTERRUPTED.includes(status.code) : status.success);
  bench.say(
    `${isWell ? "ok" : "FAILED"}: ${program} … examples/${name}.ts` +
      (isWell ? "" : ` ended with ${status.code}:\n${output}`) +
      (buried ? "" : `\nThere is no copy with a reason in ${poison[1]}.`),
  );
  return oneIf(isWell);
}

const POISON = "no JSON";

async function put(url: string, queue: string): Promise<void> {
  await using client = await connect(url);
  await client.send(queue, POISON, { receipt: true });
}

/** Whether a queue has the message that is no JSON, with the reason; it is taken. */
async function isBuried(url: string, queue: string): Promise<boolean> {
  await using client = await connect(url);
  const subscription = client.subscribe(queue);
  const message = await subscription.receive({ timeout: 5000 });
  await message?.ack({ receipt: true });
  return message?.text() === POISON &&
    message.headers.get("failure-reason")?.includes("not JSON") === true;
}

/** The runtimes themselves: what has started them would take the signals. */
async function commands(): Promise<
  readonly (readonly [string, ...string[]])[]
> {
  const [program, ...args] = bunCommand();
  const { stdout } = await new Deno.Command(program, {
    args: [...args, "--print", "process.execPath"],
  }).output();
  const bun = new TextDecoder().decode(stdout).trim();
  const deno = [Deno.execPath(), "run", "--no-prompt", "--allow-net"] as const;
  return [deno, [bun, "run"]];
}

/** Runs the examples that need a broker at this URL. */
export async function examplesAt(
  bench: Workbench,
  url: string,
): Promise<Tally> {
  const tallies: Tally[] = [];
  for (const command of await commands()) {
    for (const run of WITH_BROKER) {
      tallies.push(await runExample(bench, command, run, url));
    }
  }
  return total(tallies);
}

/** Runs all examples, with the embedded broker where they need one. */
export async function examples(bench: Workbench): Promise<Tally> {
  await installDependencies(bench);
  await using broker = await serve({ credentials: { guest: "guest" } });
  const url = broker.url.replace("://", "://guest:guest@");
  const tallies = [await examplesAt(bench, url)];
  for (const command of await commands()) {
    for (const run of ALONE) {
      tallies.push(await runExample(bench, command, run, ""));
    }
  }
  return total(tallies);
}
