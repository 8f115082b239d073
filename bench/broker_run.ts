import { ProcessGroup } from "../tasks/process_group.ts";
import { rabbitMQ } from "../tasks/rabbitmq.ts";
import { BODY_SIZE } from "./client.ts";
import { Player } from "./player.ts";
import { median } from "./rounds.ts";
import type { Runtime } from "./runtimes.ts";
import { aligned } from "./table.ts";

const CASES = [
  "1 producer, 1 consumer",
  "10 producers, 10 consumers",
  "1 topic, 100 subscribers",
];
const ROUNDS = 5;
/** Messages that are delivered in a round; the first round does not count. */
const COUNT = 60_000;

/** A broker that is measured. */
interface Subject {
  readonly name: string;
  readonly url: string;
  /** The session that its processes are in. */
  readonly session: number;
}

/** What a broker did in one case. */
interface Figures {
  /** Messages a second. */
  readonly rate: number;
  /** Seconds of all processors that a million messages took the broker. */
  readonly cpu: number;
}

/** The embedded broker, in a process on a runtime. */
async function embedded(
  runtime: Runtime,
  resources: AsyncDisposableStack,
): Promise<Subject> {
  const [program, ...args] = runtime.command("broker_process.ts");
  const said = Promise.withResolvers<string>();
  let output = "";
  const running = resources.use(
    new ProcessGroup(program!, {
      args,
      cwd: new URL("..", import.meta.url).pathname,
      onOutput: (chunk) => {
        output += new TextDecoder().decode(chunk);
        const url = /stomp:\S+(?=\n)/.exec(output);
        if (url !== null) said.resolve(url[0]);
      },
    }),
  );
  return {
    name: runtime.name.split(" ")[0]!,
    url: await said.promise,
    session: running.pid,
  };
}

/** Seconds of all processors that the processes of a session have used. */
function cpuSeconds(session: number): number {
  let ticks = 0;
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = Deno.readTextFileSync(`/proc/${name}/stat`);
      // Behind the name, which may hold anything: state, parent, group, session …
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(fields[3]) !== session) continue;
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has just ended.
    }
  }
  return ticks / 100;
}

/** Measures the embedded broker beside RabbitMQ, with the same load from the same program. */
export async function measureBrokers(
  runtimes: readonly Runtime[],
): Promise<string> {
  if (!rabbitMQ.isInstalled()) return `\n${rabbitMQ.installHint}\n`;
  await using resources = new AsyncDisposableStack();
  const ours = runtimes.filter(({ isOurs }) => isOurs);
  const subjects = await Promise.all(
    ours.map((runtime) => embedded(runtime, resources)),
  );
  const rabbit = resources.use(await rabbitMQ.start());
  subjects.push({
    name: "RabbitMQ",
    url: rabbit.url,
    session: rabbit.nodes[0]!.pid,
  });
  const loader = ours.find(({ name }) => name.startsWith("Bun"))!;
  const players = subjects.map(({ name, url }) =>
    resources.use(new Player(name, loader.command("broker_player.ts", url)))
  );
  const rows = [["", ...subjects.map(({ name }) => name), "ratios"]];
  rows.push(rows[0]!.map(() => "---"));
  for (const caseName of CASES) {
    const all = subjects.map(() => [] as Figures[]);
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [i, { session }] of subjects.entries()) {
        const before = cpuSeconds(session);
        const { count, milliseconds } = await players[i]!.run({
          caseName,
          count: COUNT,
        });
        const cpu = (cpuSeconds(session) - before) * 1e6 / count;
        if (round > 0) all[i]!.push({ rate: 1000 * count / milliseconds, cpu });
      }
    }
    const rates = all.map((figures) => median(figures.map(({ rate }) => rate)));
    const cpus = all.map((figures) => median(figures.map(({ cpu }) => cpu)));
    const ratios = (values: number[], isLess: boolean) =>
      values.slice(0, -1).map((value) => {
        const ratio = isLess ? values.at(-1)! / value : value / values.at(-1)!;
        return `${ratio.toFixed(2)}${ratio > 1 ? "" : " (missed)"}`;
      }).join(", ");
    rows.push([
      `${caseName}: messages/s`,
      ...rates.map((rate) => Math.round(rate).toLocaleString()),
      ratios(rates, false),
    ]);
    rows.push([
      "… CPU s per million",
      ...cpus.map((cpu) => cpu.toFixed(1)),
      ratios(cpus, true),
    ]);
  }
  return `\n### Brokers, transient messages of ${BODY_SIZE} B\n\n${
    aligned(rows)
  }\n\nMessages are delivered ones, each acknowledged. The same program on ${loader.name} sends and takes them.\n`;
}
