/**
 * Tries the embedded broker with clients of other makers, each as it is installed:
 *
 * ```sh
 * deno task test strangers
 * ```
 *
 * @module
 */

import { ProcessGroup } from "./process_group.ts";
import { bunCommand, installDependencies } from "./suites.ts";
import { NOTHING, oneIf, type Tally, total } from "./tally.ts";
import type { Workbench } from "./workbench.ts";

/** A client of somebody else. */
interface Stranger {
  readonly name: string;
  /** The program that runs its script. */
  readonly program: string;
  readonly script: string;
  /** What fails where it is not installed, and how to install it. */
  readonly trial: readonly string[];
  readonly installHint: string;
  readonly isWeb?: boolean;
}

const FOLDER = "tests/strangers";

// Debian's packages are those of Debian's own interpreters.
const STRANGERS: readonly Stranger[] = [
  {
    name: "Net::Stomp",
    program: "/usr/bin/perl",
    script: "net_stomp.pl",
    trial: ["-MNet::Stomp", "-e", "1"],
    installHint: "apt-get install -y --no-install-recommends libnet-stomp-perl",
  },
  {
    name: "stomp.py",
    program: "/usr/bin/python3",
    script: "stomp_py.py",
    trial: ["-c", "import stomp"],
    installHint: "apt-get install -y --no-install-recommends python3-stomp",
  },
  {
    name: "stomp gem",
    program: "/usr/bin/ruby",
    script: "ruby_stomp.rb",
    trial: ["-e", "require 'stomp'"],
    installHint: "apt-get install -y --no-install-recommends ruby-stomp",
  },
  ...[
    { name: "stompit", script: "stompit.mjs" },
    { name: "stompjs over TCP", script: "stompjs.mjs" },
    { name: "stompjs over WebSocket", script: "stompjs.mjs", isWeb: true },
    {
      name: "stompjs's conversations",
      script: "stompjs_conversations.mjs",
      isWeb: true,
    },
    { name: "rx-stomp", script: "rx_stomp.mjs", isWeb: true },
    { name: "webstomp-client", script: "webstomp.mjs", isWeb: true },
  ].map((stranger): Stranger => ({
    ...stranger,
    program: "node",
    trial: ["--version"],
    installHint: "apt-get install -y nodejs npm",
  })),
];

async function isInstalled({ program, trial }: Stranger): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, { args: [...trial] })
      .output();
    return success;
  } catch {
    return false;
  }
}

/** Where the embedded broker listens. */
interface Access {
  readonly host: string;
  readonly port: string;
  readonly webSocket: string;
}

/** Starts the embedded broker with a runtime. */
async function startBroker(
  [program, ...args]: readonly [string, ...string[]],
  resources: AsyncDisposableStack,
): Promise<Access> {
  const said = Promise.withResolvers<Access>();
  let output = "";
  const running = resources.use(
    new ProcessGroup(program, {
      args: [...args, `${FOLDER}/broker.ts`],
      onOutput: (chunk) => {
        output += new TextDecoder().decode(chunk);
        const match = /stomp:\/\/(.*):(\d+) (ws:\S+)\n/.exec(output);
        if (match === null) return;
        const [, host, port, webSocket] = match as unknown as string[];
        said.resolve({ host: host!, port: port!, webSocket: webSocket! });
      },
    }),
  );
  const died = running.ended.then(() => {
    throw new Error(output);
  });
  return await Promise.race([said.promise, died]);
}

/** Runs all of them with the broker on either runtime; each counts as a test. */
export async function strangers(bench: Workbench): Promise<Tally> {
  await installDependencies(bench);
  await bench.run([
    "npm",
    "install",
    "--no-audit",
    "--no-fund",
    "--no-package-lock",
    "--prefix",
    FOLDER,
  ]);
  const tallies: Tally[] = [];
  const runtimes = [
    [Deno.execPath(), "run", "--no-prompt", "--allow-net"] as const,
    [...bunCommand(), "run"] as const,
  ];
  for (const runtime of runtimes) {
    await using resources = new AsyncDisposableStack();
    const access = await startBroker(runtime, resources);
    for (const stranger of STRANGERS) {
      bench.say(`--- ${stranger.name}, broker by ${runtime[0]}`);
      tallies.push(await tryStranger(bench, stranger, access));
    }
  }
  return total(tallies);
}

async function tryStranger(
  bench: Workbench,
  stranger: Stranger,
  { host, port, webSocket }: Access,
): Promise<Tally> {
  const { name, program, script, installHint, isWeb } = stranger;
  if (!await isInstalled(stranger)) {
    bench.say(`${name} is not installed: ${installHint}`);
    const isRequired = Deno.env.get("STOMPEST_REQUIRE_BROKERS") === "1";
    return isRequired ? oneIf(false) : NOTHING;
  }
  const { success, output } = await bench.run([
    program,
    `${FOLDER}/${script}`,
    ...isWeb ? [webSocket] : [host, port],
  ]);
  return oneIf(success && output.includes("ok done"));
}
