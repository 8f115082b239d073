import { UsageError } from "../../mod.ts";
import { type Command, EXIT } from "../command.ts";
import { unreadable } from "../connection_options.ts";
import { bodyOfRecord } from "../message_record.ts";
import { resendHeaders } from "../resend.ts";
import { wordsOf } from "../words.ts";
import { linesOf, type Outgoing, recordsIn, sendAll } from "./send.ts";

/** Sends what was written down. */
export const load: Command = {
  name: "load",
  usage: "FILE [DEST]",
  summary: "send what dump has written; - reads the standard input",
  description: "Each goes to where it came from, or all of them to DEST.",
  connects: true,
  options: { rate: { value: "N", help: "send at most N a second" } },
  examples: [
    "stompest load orders.ndjson",
    "stompest load orders.ndjson /queue/again --rate 50",
  ],
  async run(context) {
    const { args, terminal } = context;
    const [path, destination] = wordsOf(context, 1, 2, "load FILE [DEST]");
    const rate = args.rate("rate");
    const octets = path === "-"
      ? terminal.input()
      : await terminal.openFile(path!)
        .catch((cause) => {
          throw unreadable(path!, "load", cause);
        });
    await using client = await context.connect();
    const code = await sendAll(context, client, outgoing(octets, destination), {
      receipt: true,
      rate,
      signal: terminal.interrupted,
    });
    return code ?? EXIT.done;
  },
};

async function* outgoing(
  octets: ReadableStream<Uint8Array>,
  to: string | undefined,
): AsyncGenerator<Outgoing> {
  for await (const { record, number } of recordsIn(linesOf(octets))) {
    const destination = to ?? record.destination;
    if (destination === "") {
      throw new UsageError(
        `Line ${number} has no destination, and none is given.`,
      );
    }
    yield {
      destination,
      body: bodyOfRecord(record),
      headers: resendHeaders(Object.entries(record.headers)),
    };
  }
}
