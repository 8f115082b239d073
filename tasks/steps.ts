import { activeMQ, activeMQ6 } from "./activemq.ts";
import { browserPage } from "./browser.ts";
import { npmInstalls } from "./npm_installs.ts";
import { cancelledDials } from "./cancelled_dials.ts";
import { carelessPrograms } from "./careless.ts";
import { changedTestFiles } from "./changed.ts";
import { listenForOrders } from "./control.ts";
import { examples, examplesAt } from "./examples.ts";
import { javaReadsOurTexts } from "./jms.ts";
import { pumpIsFresh } from "./pump.ts";
import {
  crashTestFiles,
  entryPoints,
  liveTestFiles,
  quickTestFiles,
  testFiles,
} from "./project.ts";
import { rabbitMQ, rabbitMQ4, startRabbitMQCluster } from "./rabbitmq.ts";
import type {
  BrokerKind,
  RunningBroker,
  StartOptions,
} from "./running_broker.ts";
import { snippetsOnBun } from "./snippets.ts";
import { strangers } from "./strangers.ts";
import {
  bunSuite,
  denoSuite,
  documentationSuite,
  nodeSuite,
  quickSuite,
} from "./suites.ts";
import { NOTHING, oneIf, type Tally, total } from "./tally.ts";
import type { Workbench } from "./workbench.ts";

/** The brokers that the whole table of behaviours is tried on. */
const TRIED: readonly BrokerKind[] = [rabbitMQ, rabbitMQ4, activeMQ, activeMQ6];

/** One thing that the gate does. */
export interface Step {
  readonly name: string;
  run(bench: Workbench): Promise<Tally>;
}

/** Everything that has to be well, what is quickest to tell first. */
export const STEPS: readonly Step[] = [
  denoStep("fmt", "fmt", "--check"),
  denoStep("lint", "lint"),
  denoStep("check", "check"),
  denoStep("doc", "doc", "--lint", ...entryPoints()),
  denoStep("publish", "publish", "--dry-run", "--allow-dirty"),
  { name: "pump", run: async () => oneIf(await pumpIsFresh()) },
  { name: "deno", run: (bench) => denoSuite(bench, testFiles()) },
  { name: "bun", run: (bench) => bunSuite(bench, testFiles()) },
  ...[22, 24].map(nodeStep),
  { name: "doctest", run: documentationSuite },
  { name: "snippets", run: snippetsOnBun },
  { name: "careless", run: carelessPrograms },
  { name: "dials", run: cancelledDials },
  { name: "examples", run: examples },
  { name: "strangers", run: strangers },
  { name: "browser", run: browserPage },
  { name: "npm", run: npmInstalls },
  ...TRIED.map(liveStep),
  ...[rabbitMQ, activeMQ].map((kind) =>
    crashStep(
      `${kind.name}-crashes`,
      kind,
      (options) => kind.start({ ...options, isPersistent: true }),
    )
  ),
  crashStep(
    "cluster-crashes",
    rabbitMQ,
    (options) => startRabbitMQCluster(3, options),
  ),
];

/** What is run between two edits, on Deno alone; it is no part of the gate, which runs all of that. */
export const SHORTCUTS: Readonly<Record<string, readonly Step[]>> = {
  quick: shortcut("quick", (bench) => quickSuite(bench, quickTestFiles())),
  changed: shortcut("changed", async (bench) => {
    const files = await changedTestFiles();
    return files.length === 0 ? NOTHING : await denoSuite(bench, files);
  }),
};

function shortcut(name: string, run: Step["run"]): readonly Step[] {
  const before = STEPS.filter((step) =>
    ["fmt", "lint", "check"].includes(step.name)
  );
  return [...before, { name, run }];
}

function denoStep(name: string, ...args: readonly string[]): Step {
  return {
    name,
    run: async (bench) =>
      oneIf((await bench.run([Deno.execPath(), ...args])).success),
  };
}

function nodeStep(major: number): Step {
  return {
    name: `node${major}`,
    run: (bench) => nodeSuite(bench, major, testFiles()),
  };
}

function liveStep(kind: BrokerKind): Step {
  return { name: kind.name, run: (bench) => liveSuite(bench, kind) };
}

/** A step that kills what it starts. */
function crashStep(
  name: string,
  kind: BrokerKind,
  start: (options: StartOptions) => Promise<RunningBroker>,
): Step {
  return { name, run: (bench) => crashSuite(bench, kind, start) };
}

/** What is to be said of a broker that is not installed; `undefined` if it is. */
function missing(bench: Workbench, kind: BrokerKind): Tally | undefined {
  if (kind.isInstalled()) return undefined;
  bench.say(`${kind.name} is not installed: ${kind.installHint}`);
  const isRequired = Deno.env.get("STOMPEST_REQUIRE_BROKERS") === "1";
  return isRequired ? oneIf(false) : NOTHING;
}

/** Runs the tests that make a broker of their own suffer, on both runtimes. */
async function crashSuite(
  bench: Workbench,
  kind: BrokerKind,
  start: (options: StartOptions) => Promise<RunningBroker>,
): Promise<Tally> {
  const isMissing = missing(bench, kind);
  if (isMissing !== undefined) return isMissing;
  await using broker = await start({ signal: bench.signal });
  await using control = listenForOrders(broker.nodes);
  bench.say(`${broker.name} serves at ${broker.url}`);
  const env = {
    STOMPEST_BROKER_URL: broker.url,
    STOMPEST_BROKER: broker.name,
    STOMPEST_BROKER_TLS: "",
    STOMPEST_BROKER_WEB_SOCKET: "",
    STOMPEST_CONTROL: String(control.port),
    STOMPEST_NODES: String(broker.nodes.length),
  };
  return total([
    await denoSuite(bench, crashTestFiles(), env),
    await bunSuite(bench, crashTestFiles(), env),
  ]);
}

/** Runs the tests against a real broker on both runtimes, or tells how to get the broker. */
async function liveSuite(bench: Workbench, kind: BrokerKind): Promise<Tally> {
  const isMissing = missing(bench, kind);
  if (isMissing !== undefined) return isMissing;
  await using broker = await kind.start({ signal: bench.signal });
  bench.say(`${broker.name} serves at ${broker.url}`);
  const env = {
    STOMPEST_BROKER_URL: broker.url,
    STOMPEST_BROKER: broker.name,
    STOMPEST_BROKER_TLS: broker.tls === undefined
      ? ""
      : JSON.stringify(broker.tls),
    STOMPEST_BROKER_WEB_SOCKET: broker.webSocket ?? "",
  };
  return total([
    await denoSuite(bench, liveTestFiles(), env),
    await bunSuite(bench, liveTestFiles(), env),
    await examplesAt(bench, broker.url),
    broker.jms === undefined
      ? NOTHING
      : oneIf(await javaReadsOurTexts(bench, { ...broker, jms: broker.jms })),
  ]);
}
