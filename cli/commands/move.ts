import { delay } from "@std/async";
import { type Message, UsageError } from "../../mod.ts";
import { type Command, type Context, EXIT } from "../command.ts";
import { drain, IDLE } from "../draining.ts";
import { InFlight } from "../in_flight.ts";
import { recordOf } from "../message_record.ts";
import { counted, Progress } from "../progress.ts";
import { originOf, resendHeaders } from "../resend.ts";
import { wordsOf } from "../words.ts";

/** How many that do not match may be set aside. */
const SET_ASIDE = 10_000;

/** Moves messages to another queue. */
export const move: Command = {
  name: "move",
  usage: "FROM TO",
  summary: "move messages to another queue, such as dead letters back",
  description:
    "A message is acknowledged once its copy is confirmed: interrupted anywhere, nothing is lost.\n" +
    "What does not match stays where it is. With --original, TO is where goes what does not say where it came from.",
  connects: true,
  options: {
    number: { short: "n", value: "N", help: "move N messages at most" },
    idle: {
      value: "TIME",
      help: "how long nothing may come until the queue is empty; 2s",
    },
    match: {
      value: "NAME=VALUE",
      isRepeated: true,
      help: "only messages with this header; may be repeated",
    },
    original: { help: "to where each came from" },
    "dry-run": { help: "only say what would be moved" },
    rate: { value: "N", help: "move at most N a second" },
  },
  examples: [
    "stompest move /queue/dead-letters /queue/orders",
    "stompest move /queue/dead-letters /queue/unknown --original --match type=order --dry-run",
  ],
  async run(context) {
    const { args, terminal } = context;
    const isOriginal = args.isSet("original");
    const words = wordsOf(context, isOriginal ? 1 : 2, 2, "move FROM TO");
    const [from, to] = words;
    if (from === to) {
      throw new UsageError(`FROM and TO are both ${JSON.stringify(from)}.`);
    }
    const matches = matcher(args.texts("match"));
    const isDry = args.isSet("dry-run");
    const most = args.count("number") ?? Infinity;
    const rate = args.rate("rate");
    const progress = new Progress(terminal, "messages moved", {
      isQuiet: args.isSet("quiet"),
    });
    const client = await context.connect();
    const inFlight = new InFlight();
    const messages = drain(client, from!, {
      most: undefined,
      idle: args.duration("idle") ?? IDLE,
      signal: AbortSignal.any([terminal.interrupted, inFlight.failed]),
      prefetch: isDry || args.texts("match").length > 0 ? SET_ASIDE : undefined,
    });
    const began = performance.now();
    let begun = 0;
    let left = 0;
    let unclear = 0;
    const one = async (message: Message, destination: string) => {
      try {
        await client.send(destination, message.body, {
          headers: resendHeaders(message.headers),
          contentLength: message.headers.has("content-length"),
          receipt: true,
        });
      } catch (error) {
        unclear++;
        throw error;
      }
      if (await message.ack({ receipt: true })) progress.done++;
      else unclear++;
    };
    try {
      for await (const message of messages) {
        const destination = isOriginal ? originOf(message) ?? to : to;
        if (
          !matches(message) || destination === undefined || destination === from
        ) {
          left++;
          continue;
        }
        begun++;
        if (isDry) await say(context, message, destination);
        else {
          if (rate !== undefined) {
            const due = began + begun / rate * 1000 - performance.now();
            if (due > 0) await delay(due);
          }
          await inFlight.add(() => one(message, destination));
        }
        if (begun === most || terminal.interrupted.aborted) break;
      }
      await inFlight.settled();
      if (left === 0 && !isDry) await client.close();
    } finally {
      await inFlight.settled().catch(() => {});
      // What stays where it is is given back with the connection.
      client.abort();
      progress.end();
      await report(context, {
        isDry,
        begun,
        moved: progress.done,
        left,
        unclear,
      });
    }
    return terminal.interrupted.aborted ? EXIT.broker : EXIT.done;
  },
};

async function say(
  { isJson, output }: Context,
  message: Message,
  to: string,
): Promise<void> {
  await output.line(
    isJson
      ? JSON.stringify({ to, ...recordOf(message) })
      : `${message.id} from ${message.destination} to ${to}`,
  );
}

async function report(
  context: Context,
  { isDry, begun, moved, left, unclear }: {
    isDry: boolean;
    begun: number;
    moved: number;
    left: number;
    unclear: number;
  },
): Promise<void> {
  if (context.isJson && !isDry) {
    await context.output.line(JSON.stringify({ moved, left, unclear }));
  }
  context.note(
    isDry
      ? `${counted(begun, "message")} would be moved, ${left} left.`
      : `${counted(moved, "message")} moved, ${left} left.`,
  );
  if (unclear > 0) {
    context.note(
      `${
        counted(unclear, "message")
      } may be in both queues: the copy or its acknowledgement was not confirmed.`,
    );
  }
}

function matcher(conditions: readonly string[]): (message: Message) => boolean {
  const pairs = conditions.map((condition) => {
    const equals = condition.indexOf("=");
    if (equals < 1) {
      throw new UsageError(
        `--match is written NAME=VALUE, not ${JSON.stringify(condition)}.`,
      );
    }
    return [condition.slice(0, equals), condition.slice(equals + 1)] as const;
  });
  return ({ headers }) =>
    pairs.every(([name, value]) => headers.get(name) === value);
}
