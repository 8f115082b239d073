import { type Command, EXIT } from "../command.ts";
import { counted } from "../progress.ts";
import { wordsOf } from "../words.ts";

/** Is a service. */
export const reply: Command = {
  name: "reply",
  usage: "DEST",
  summary:
    "answer requests with what they say, or with what a command makes of it",
  connects: true,
  options: {
    exec: {
      value: "COMMAND",
      help: "a shell command: the body comes in, what comes out is the answer",
    },
    concurrency: {
      value: "N",
      help: "answer N requests at the same time; 1 by default",
    },
    "error-destination": {
      value: "DEST",
      help: "where a request goes whose command fails",
    },
  },
  examples: [
    "stompest reply /queue/echo",
    "stompest reply /queue/shout --exec 'tr a-z A-Z' --error-destination /queue/failed",
  ],
  async run(context) {
    const { args, terminal } = context;
    const [destination] = wordsOf(context, 1, 1, "reply DEST");
    const command = args.text("exec");
    const concurrency = args.count("concurrency") ?? 1;
    await using client = await context.connect({ reconnect: true });
    let answered = 0;
    const service = client.consume(
      destination!,
      async (message, { signal }) => {
        const body = command === undefined
          ? message.body
          : await terminal.runShell(command, message.body, signal);
        const to = message.headers.get("reply-to");
        if (to === undefined) return;
        const id = message.headers.get("correlation-id");
        await client.send(to, body, {
          headers: id === undefined ? {} : { "correlation-id": id },
        });
        answered++;
      },
      {
        concurrency,
        errorDestination: args.text("error-destination"),
        signal: terminal.interrupted,
      },
    );
    context.note(`Answering at ${destination}.`);
    try {
      await service.done;
    } finally {
      context.note(`${counted(answered, "request")} answered.`);
    }
    return EXIT.done;
  },
};
