import { type Client, UsageError } from "../../mod.ts";
import { type Command, EXIT } from "../command.ts";
import { InFlight } from "../in_flight.ts";
import { duration, Progress } from "../progress.ts";
import { wordsOf } from "../words.ts";

/** The header that says when a message was sent. */
const SENT_AT = "bench-sent-at";

/** Measures a broker. */
export const bench: Command = {
  name: "bench",
  usage: "DEST",
  summary: "measure messages a second and latencies",
  connects: true,
  options: {
    producers: { value: "N", help: "clients that send; 1 by default" },
    consumers: {
      value: "N",
      help: "clients that receive and acknowledge; 1 by default, 0 for none",
    },
    size: { value: "N", help: "octets of a body; 256 by default" },
    count: { value: "N", help: "messages in all; 10000 by default" },
    receipts: { help: "wait for receipts, 500 at once for each producer" },
  },
  examples: ["stompest bench /queue/bench --count 100000 --receipts"],
  async run(context) {
    const { args, isJson, output, terminal } = context;
    const [destination] = wordsOf(context, 1, 1, "bench DEST");
    const producers = args.count("producers") ?? 1;
    const consumers = args.count("consumers", 0) ?? 1;
    const size = args.count("size", 0) ?? 256;
    const count = args.count("count") ?? 10_000;
    if (count < producers) {
      throw new UsageError(
        `${producers} producers cannot share ${count} messages: raise --count.`,
      );
    }
    const body = new Uint8Array(size).fill(0x78);
    const progress = new Progress(terminal, "messages", {
      total: count,
      isQuiet: args.isSet("quiet"),
    });
    const clients: Client[] = [];
    try {
      for (let i = 0; i < producers + consumers; i++) {
        clients.push(await context.connect());
      }
      const { latencies, received } = receiveAll(
        clients.slice(producers),
        destination!,
        count,
        terminal.interrupted,
        progress,
      );
      const began = performance.now();
      await Promise.all(
        clients.slice(0, producers).map((client, i) => {
          const share = Math.floor(count / producers) +
            (i < count % producers ? 1 : 0);
          return produce(client, destination!, body, share, {
            receipt: args.isSet("receipts"),
            signal: terminal.interrupted,
          });
        }),
      );
      const sentIn = performance.now() - began;
      if (consumers > 0) await received;
      const took = performance.now() - began;
      progress.end();
      const result = resultOf(count, size, sentIn, took, latencies);
      await output.line(
        isJson ? JSON.stringify(result) : show(result, latencies),
      );
    } finally {
      progress.end();
      await Promise.all(clients.map((client) => client.close()));
    }
    return terminal.interrupted.aborted ? EXIT.broker : EXIT.done;
  },
};

async function produce(
  client: Client,
  destination: string,
  body: Uint8Array,
  count: number,
  { receipt, signal }: { receipt: boolean; signal: AbortSignal },
): Promise<void> {
  const inFlight = new InFlight();
  for (let i = 0; i < count && !signal.aborted; i++) {
    const headers = {
      [SENT_AT]: String(performance.now()),
      persistent: "true",
    };
    const send = () => client.send(destination, body, { headers, receipt });
    if (receipt) await inFlight.add(send);
    else await send();
  }
  await inFlight.settled();
}

/** Receives what was sent by this run; what was there before is passed over. */
function receiveAll(
  clients: readonly Client[],
  destination: string,
  count: number,
  signal: AbortSignal,
  progress: Progress,
): { latencies: number[]; received: Promise<void> } {
  const latencies: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve());
  for (const client of clients) {
    const subscription = client.subscribe(destination, { prefetch: 1000 });
    void (async () => {
      for await (const message of subscription) {
        const sent = message.headers.get(SENT_AT);
        if (sent === undefined) continue;
        latencies.push(performance.now() - Number(sent));
        progress.done++;
        if (latencies.length === count) resolve();
      }
    })();
  }
  return { latencies, received: promise };
}

interface Result {
  readonly count: number;
  readonly size: number;
  readonly sentPerSecond: number;
  readonly receivedPerSecond: number | undefined;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly p999Ms: number | undefined;
}

function resultOf(
  count: number,
  size: number,
  sentIn: number,
  took: number,
  latencies: number[],
): Result {
  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[
      Math.min(latencies.length - 1, Math.floor(latencies.length * share))
    ];
  return {
    count,
    size,
    sentPerSecond: count / sentIn * 1000,
    receivedPerSecond: latencies.length === 0
      ? undefined
      : latencies.length / took * 1000,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
  };
}

const BARS = 10;
const WIDEST = 40;

function show(result: Result, latencies: readonly number[]): string {
  const {
    count,
    size,
    sentPerSecond,
    receivedPerSecond,
    p50Ms,
    p99Ms,
    p999Ms,
  } = result;
  const lines = [
    `${count} messages of ${size} octets`,
    `sent      ${sentPerSecond.toFixed(0)}/s`,
  ];
  if (receivedPerSecond === undefined) return lines.join("\n");
  lines.push(
    `received  ${receivedPerSecond.toFixed(0)}/s`,
    `latency   p50 ${duration(p50Ms!)}, p99 ${duration(p99Ms!)}, p99.9 ${
      duration(p999Ms!)
    }`,
    ...histogram(latencies),
  );
  return lines.join("\n");
}

/** Latencies in steps that double. */
function histogram(sorted: readonly number[]): string[] {
  const most = sorted.at(-1)!;
  const rows: { bound: number; count: number }[] = [];
  let begin = 0;
  for (let i = BARS - 1; i >= 0; i--) {
    const bound = most / 2 ** i;
    let end = begin;
    while (end < sorted.length && sorted[end]! <= bound) end++;
    rows.push({ bound, count: end - begin });
    begin = end;
  }
  const highest = Math.max(...rows.map(({ count }) => count));
  return rows.map(({ bound, count }) =>
    `${`up to ${duration(bound)}`.padStart(16)} ${
      "█".repeat(Math.ceil(count / highest * WIDEST))
    } ${count}`
  );
}
