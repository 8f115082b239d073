import { UsageError } from "../../mod.ts";
import { type Command, EXIT } from "../command.ts";
import { drain, IDLE } from "../draining.ts";
import { counted, Progress } from "../progress.ts";
import { wordsOf } from "../words.ts";

/** Empties a queue. */
export const purge: Command = {
  name: "purge",
  usage: "DEST",
  summary: "take all messages out of a queue, for good",
  connects: true,
  options: {
    yes: { short: "y", help: "do not ask" },
    idle: {
      value: "TIME",
      help: "how long nothing may come until the queue is empty; 2s",
    },
  },
  examples: ["stompest purge /queue/dead-letters --yes"],
  async run(context) {
    const { args, isJson, output, terminal } = context;
    const [destination] = wordsOf(context, 1, 1, "purge DEST");
    if (!args.isSet("yes")) {
      if (!terminal.isInputTerminal) {
        throw new UsageError(
          "There is nobody to ask: say --yes if all messages may go.",
        );
      }
      const answer = await terminal.ask(
        `Take all messages out of ${destination}, for good? Type yes: `,
      );
      if (answer.trim() !== "yes") {
        context.note("Nothing was done.");
        return EXIT.usage;
      }
    }
    const progress = new Progress(terminal, "messages taken out", {
      isQuiet: args.isSet("quiet"),
    });
    try {
      await using client = await context.connect();
      const options = {
        most: undefined,
        idle: args.duration("idle") ?? IDLE,
        signal: terminal.interrupted,
      };
      for await (const message of drain(client, destination!, options)) {
        if (await message.ack()) progress.done++;
      }
    } finally {
      progress.end();
      if (isJson) await output.line(JSON.stringify({ purged: progress.done }));
      else context.note(`${counted(progress.done, "message")} taken out.`);
    }
    return EXIT.done;
  },
};
