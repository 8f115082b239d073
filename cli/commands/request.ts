import { type Command, EXIT } from "../command.ts";
import { recordOf, showMessage } from "../message_record.ts";
import { wordsOf } from "../words.ts";

/** Asks a service. */
export const request: Command = {
  name: "request",
  usage: "DEST BODY",
  summary: "ask a service and print its answer",
  connects: true,
  options: {
    header: {
      short: "H",
      value: "NAME:VALUE",
      isRepeated: true,
      help: "a header; may be repeated",
    },
    headers: { help: "print the headers of the answer, too" },
  },
  examples: ["stompest request /queue/double 21 --timeout 5s"],
  async run(context) {
    const { args, isJson, output, terminal, timeout } = context;
    const [destination, body] = wordsOf(context, 2, 2, "request DEST BODY");
    const headers = args.headers("header");
    await using client = await context.connect();
    const answer = await client.request(destination!, body, {
      headers,
      timeout,
      signal: terminal.interrupted,
    });
    const parts = {
      headers: args.isSet("headers"),
      body: true,
      isForTerminal: terminal.isOutputTerminal,
    };
    await output.line(
      isJson ? JSON.stringify(recordOf(answer)) : showMessage(answer, parts),
    );
    return EXIT.done;
  },
};
