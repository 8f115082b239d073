import { BROKERS } from "./brokers.ts";
import { carelessPrograms } from "./careless.ts";
import { javaReadsOurTexts } from "./jms.ts";
import { entryPoints, liveTestFiles, testFiles } from "./project.ts";
import type { BrokerKind } from "./running_broker.ts";
import { bunSuite, denoSuite, documentationSuite } from "./suites.ts";
import { NOTHING, oneIf, type Tally, total } from "./tally.ts";
import type { Workbench } from "./workbench.ts";

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
  { name: "deno", run: (bench) => denoSuite(bench, testFiles()) },
  { name: "bun", run: (bench) => bunSuite(bench, testFiles()) },
  { name: "doctest", run: documentationSuite },
  { name: "careless", run: carelessPrograms },
  ...BROKERS.map(liveStep),
];

function denoStep(name: string, ...args: readonly string[]): Step {
  return {
    name,
    run: async (bench) =>
      oneIf((await bench.run([Deno.execPath(), ...args])).success),
  };
}

function liveStep(kind: BrokerKind): Step {
  return { name: kind.name, run: (bench) => liveSuite(bench, kind) };
}

/** Runs the tests against a real broker on both runtimes, or tells how to get the broker. */
async function liveSuite(bench: Workbench, kind: BrokerKind): Promise<Tally> {
  if (!kind.isInstalled()) {
    bench.say(`${kind.name} is not installed: ${kind.installHint}`);
    const isRequired = Deno.env.get("STOMPEST_REQUIRE_BROKERS") === "1";
    return isRequired ? oneIf(false) : NOTHING;
  }
  await using broker = await kind.start({ signal: bench.signal });
  bench.say(`${broker.name} serves at ${broker.url}`);
  const env = {
    STOMPEST_BROKER_URL: broker.url,
    STOMPEST_BROKER: broker.name,
    STOMPEST_BROKER_TLS: broker.tls === undefined
      ? ""
      : JSON.stringify(broker.tls),
  };
  return total([
    await denoSuite(bench, liveTestFiles(), env),
    await bunSuite(bench, liveTestFiles(), env),
    broker.jms === undefined
      ? NOTHING
      : oneIf(await javaReadsOurTexts(bench, { ...broker, jms: broker.jms })),
  ]);
}
