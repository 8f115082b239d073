import type { Client, StatusEvent } from "../../mod.ts";
import { type Command, type Context, EXIT } from "../command.ts";
import { duration } from "../progress.ts";

const PERIOD = 1000;

/** Shows a client at work. */
export const watch: Command = {
  name: "watch",
  usage: "[DEST…]",
  summary: "show what happens to the connection, and rates, as it happens",
  description:
    "With destinations it looks at their messages without taking them.",
  connects: true,
  options: {},
  examples: ["stompest watch", "stompest watch /topic/prices --json"],
  async run(context) {
    const { args, terminal } = context;
    await using client = await context.connect({
      reconnect: true,
      signal: terminal.interrupted,
    });
    for (const destination of args.words) {
      const isTopic = !destination.startsWith("/queue/");
      void look(client, destination, isTopic);
    }
    let before = client.stats();
    const counting = setInterval(() => {
      const stats = client.stats();
      void show(
        context,
        { type: "stats", ...stats },
        [
          `in ${stats.framesReceived - before.framesReceived}/s`,
          `out ${stats.framesSent - before.framesSent}/s`,
          `waiting ${stats.waiting}`,
          `in hand ${stats.inHand}`,
          `silence ${duration(stats.silence)}`,
          `reconnects ${stats.reconnects}`,
        ].join(", "),
      );
      before = stats;
    }, PERIOD);
    try {
      for await (const event of client.status()) {
        await show(
          context,
          plain(event),
          `${event.type} ${details(event)}`,
          true,
        );
      }
    } finally {
      clearInterval(counting);
    }
    const { cause } = await client.closed;
    if (cause !== undefined) throw cause;
    return EXIT.done;
  },
};

async function look(
  client: Client,
  destination: string,
  isTopic: boolean,
): Promise<void> {
  const subscription = client.subscribe(destination, {
    manualAck: true,
    ack: isTopic ? "auto" : "client-individual",
  });
  for await (const _ of subscription);
}

/** On a terminal the counts stay in one line, and events stand above it. */
async function show(
  { isJson, output, terminal }: Context,
  record: object,
  text: string,
  isEvent = false,
): Promise<void> {
  if (isJson) {
    return await output.line(
      JSON.stringify({ at: new Date().toISOString(), ...record }),
    );
  }
  if (!terminal.isOutputTerminal) return await output.line(text);
  await terminal.write(`\r\x1b[K${text}${isEvent ? "\n" : ""}`);
}

function plain(event: StatusEvent): object {
  return "cause" in event ? { ...event, cause: said(event.cause) } : event;
}

function details({ type: _, ...rest }: StatusEvent): string {
  return Object.entries(rest)
    .map(([name, value]) => `${name}=${name === "cause" ? said(value) : value}`)
    .join(" ");
}

function said(cause: unknown): string | undefined {
  return cause instanceof Error
    ? cause.message
    : cause === undefined
    ? undefined
    : String(cause);
}
