import { type Command, EXIT } from "../command.ts";
import { unreadable } from "../connection_options.ts";
import { drain, IDLE } from "../draining.ts";
import { InFlight } from "../in_flight.ts";
import { recordOf } from "../message_record.ts";
import { counted, Progress } from "../progress.ts";
import { wordsOf } from "../words.ts";

/** How many can be looked at without being taken. */
const KEPT = 10_000;

/** Writes messages down. */
export const dump: Command = {
  name: "dump",
  usage: "DEST",
  summary: "write the messages of a queue as lines of JSON, and take them out",
  description:
    "A message is acknowledged once it is written. load brings them back, octets intact.",
  connects: true,
  options: {
    output: { short: "o", value: "FILE", help: "write to a file" },
    number: { short: "n", value: "N", help: "N messages at most" },
    idle: {
      value: "TIME",
      help: "how long nothing may come until the queue is empty; 2s",
    },
    keep: { help: "leave them in the queue" },
  },
  examples: [
    "stompest dump /queue/orders -o orders.ndjson",
    "stompest dump /queue/dead-letters --keep | jq .headers",
  ],
  async run(context) {
    const { args, output, terminal } = context;
    const [destination] = wordsOf(context, 1, 1, "dump DEST");
    const path = args.text("output");
    const isKept = args.isSet("keep");
    const inFlight = new InFlight();
    const options = {
      most: args.count("number"),
      idle: args.duration("idle") ?? IDLE,
      signal: AbortSignal.any([terminal.interrupted, inFlight.failed]),
      prefetch: isKept
        ? Math.min(args.count("number") ?? KEPT, KEPT)
        : undefined,
    };
    const file = path === undefined
      ? undefined
      : await terminal.createFile(path)
        .catch((cause) => {
          throw unreadable(path, "--output", cause);
        });
    const progress = new Progress(terminal, "messages written", {
      isQuiet: args.isSet("quiet"),
    });
    const client = await context.connect();
    try {
      for await (const message of drain(client, destination!, options)) {
        const line = JSON.stringify(recordOf(message));
        if (file !== undefined) await file.write(`${line}\n`);
        await inFlight.add(async () => {
          if (file === undefined) await output.line(line);
          if (!isKept) await message.ack();
          progress.done++;
        });
      }
      await inFlight.settled();
      if (!isKept) await client.close();
    } finally {
      // What is kept is given back with the connection.
      client.abort();
      await file?.close();
      progress.end();
      context.note(
        `${counted(progress.done, "message")} written${
          isKept ? ", and left in the queue" : " and taken out"
        }.`,
      );
    }
    return terminal.interrupted.aborted ? EXIT.broker : EXIT.done;
  },
};
