import {
  OFFERED,
  PER_MESSAGE,
  SAMPLE_EVERY,
  SECONDS,
  SETTLED_AFTER,
  TOLERANCE,
} from "./memory_run.ts";
import type { Runtime } from "./runtimes.ts";
import { started } from "./started.ts";
import { median } from "./rounds.ts";
import { aligned } from "./table.ts";

interface Sample {
  readonly resident: number;
  readonly taken: number;
}

const HEADING = [
  `MiB after s`,
  "1",
  `${SETTLED_AFTER}`,
  `${SECONDS / 2}`,
  `${SECONDS}`,
  "peak",
  "growth",
  "taken",
  "",
];

/**
 * Has slow consumers on each runtime, one of the embedded broker and one of a
 * source that ignores credit, and shows what memory they have resident. They
 * run at the same time: what they do is mostly waiting.
 */
export async function measureMemory(
  runtimes: readonly Runtime[],
  sinkCommand: readonly string[],
): Promise<string> {
  await using processes = new AsyncDisposableStack();
  const broker = processes.use(
    started(runtimes[0]!.command("memory_broker.ts")),
  );
  const source = processes.use(started(sinkCommand));
  const sources = {
    "embedded broker, prefetch 100": (await broker.lines.read()).value!,
    "source that ignores credit": `stomp://127.0.0.1:${
      (await source.lines.read()).value
    }`,
  };
  const rows = await Promise.all(
    runtimes.flatMap((runtime) =>
      Object.entries(sources).map(async ([name, url]) => [
        `${runtime.name}, ${name}`,
        ...shown(await samplesOf(runtime, url)),
      ])
    ),
  );
  return `\n### Memory of a consumer that takes ${PER_MESSAGE} ms for each of ${
    OFFERED.toLocaleString("en")
  } messages\n\n${
    aligned([HEADING, HEADING.map(() => "---"), ...rows])
  }\n\nGrowth is between the medians of the second and the last ${SETTLED_AFTER} s; up to ${
    mebibytes(TOLERANCE)
  } MiB is flat.\n`;
}

async function samplesOf(runtime: Runtime, url: string): Promise<Sample[]> {
  await using consumer = started(
    runtime.command("memory_consumer.ts", url, String(SECONDS + 1)),
  );
  const samples: Sample[] = [];
  for (;;) {
    const { done, value } = await consumer.lines.read();
    if (done) return samples;
    samples.push(JSON.parse(value));
  }
}

function shown(samples: readonly Sample[]): string[] {
  const resident = samples.map(({ resident }) => resident);
  const indexOf = (second: number) => Math.floor(1000 * second / SAMPLE_EVERY);
  const between = (from: number, to: number) =>
    resident.slice(indexOf(from), indexOf(to));
  const growth = median(between(SECONDS - SETTLED_AFTER, SECONDS)) -
    median(between(SETTLED_AFTER, 2 * SETTLED_AFTER));
  return [
    ...[1, SETTLED_AFTER, SECONDS / 2, SECONDS].map((second) =>
      mebibytes(resident[indexOf(second) - 1]!)
    ),
    mebibytes(Math.max(...resident)),
    mebibytes(growth),
    `${samples.at(-1)!.taken}`,
    growth <= TOLERANCE ? "flat" : "grows",
  ];
}

function mebibytes(octets: number): string {
  return (octets / 1024 / 1024).toFixed(0);
}
