import { delay } from "@std/async";
import { TextLineStream } from "@std/streams";
import { type Client, UsageError } from "../../mod.ts";
import { type Command, type Context, EXIT } from "../command.ts";
import { unreadable } from "../connection_options.ts";
import { InFlight } from "../in_flight.ts";
import { bodyOfRecord, parseRecord } from "../message_record.ts";
import { counted, Progress } from "../progress.ts";
import { resendHeaders } from "../resend.ts";
import { wordsOf } from "../words.ts";

const USAGE = "send DEST [BODY | -]";

/** What is to be sent. */
export interface Outgoing {
  readonly destination: string;
  readonly body: string | Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends messages. */
export const send: Command = {
  name: "send",
  usage: "DEST [BODY | -]",
  summary: "send a message, or one a line of the standard input",
  description:
    "Messages are persistent and confirmed by the broker unless told otherwise.",
  connects: true,
  options: {
    header: {
      short: "H",
      value: "NAME:VALUE",
      isRepeated: true,
      help: "a header; may be repeated",
    },
    file: { value: "FILE", help: "take the body from a file" },
    "content-type": { value: "TYPE", help: "say what the body is" },
    lines: { help: "send each line of the standard input" },
    ndjson: { help: "send each line of JSON, as dump writes them" },
    count: { value: "N", help: "send it N times" },
    rate: { value: "N", help: "send at most N a second" },
    "no-persistent": { help: "let the broker forget it when it restarts" },
    "no-receipt": { help: "do not wait until the broker confirms" },
  },
  examples: [
    "stompest send /queue/orders '{\"id\":7}' --content-type application/json",
    "seq 1000 | stompest send /queue/numbers --lines --rate 100",
    "stompest send /queue/images --file picture.png --content-type image/png",
  ],
  async run(context) {
    const outgoing = await prepare(context);
    const { args, terminal } = context;
    await using client = await context.connect();
    return await sendAll(context, client, outgoing, {
      receipt: !args.isSet("no-receipt"),
      rate: args.rate("rate"),
      signal: terminal.interrupted,
    });
  },
};

/** Looks at everything that can be wrong before anything is connected. */
async function prepare(context: Context): Promise<AsyncIterable<Outgoing>> {
  const { args, terminal } = context;
  const [destination, word] = wordsOf(context, 1, 2, USAGE);
  const sources = [
    word !== undefined,
    args.text("file") !== undefined,
    args.isSet("lines"),
    args.isSet("ndjson"),
  ].filter(Boolean);
  if (sources.length > 1) {
    throw new UsageError("Choose one of BODY, --file, --lines and --ndjson.");
  }
  const headers = args.headers("header");
  if (!args.isSet("no-persistent")) headers["persistent"] ??= "true";
  const type = args.text("content-type");
  if (type !== undefined) headers["content-type"] = type;
  const count = args.count("count") ?? 1;
  if (args.isSet("lines") || args.isSet("ndjson")) {
    const lines = linesOf(terminal.input());
    return args.isSet("lines")
      ? each(lines, (body) => ({ destination: destination!, body, headers }))
      : records(lines, destination!, headers);
  }
  const body = await bodyOf(context, word);
  return repeat({ destination: destination!, body, headers }, count);
}

async function bodyOf(
  { args, terminal }: Context,
  word: string | undefined,
): Promise<string | Uint8Array> {
  const path = args.text("file");
  if (path !== undefined) {
    try {
      return await terminal.readFile(path);
    } catch (cause) {
      throw unreadable(path, "--file", cause);
    }
  }
  if (word !== undefined && word !== "-") return word;
  if (word === undefined && terminal.isInputTerminal) {
    throw new UsageError(
      "What is to be sent? Give a BODY, --file, or - for the standard input.",
    );
  }
  return new Uint8Array(await new Response(terminal.input()).arrayBuffer());
}

async function* repeat(outgoing: Outgoing, count: number) {
  for (let i = 0; i < count; i++) yield await Promise.resolve(outgoing);
}

async function* each(
  lines: AsyncIterable<string>,
  make: (line: string) => Outgoing,
) {
  for await (const line of lines) yield make(line);
}

async function* records(
  lines: AsyncIterable<string>,
  destination: string,
  headers: Readonly<Record<string, string>>,
) {
  for await (const { record } of recordsIn(lines)) {
    yield {
      destination,
      body: bodyOfRecord(record),
      headers: { ...resendHeaders(Object.entries(record.headers)), ...headers },
    };
  }
}

/** The records in lines of JSON; lines that are empty are passed over. */
export async function* recordsIn(lines: AsyncIterable<string>) {
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() !== "") yield { record: parseRecord(line, number), number };
  }
}

/** Octets as lines of text. */
export function linesOf(
  octets: ReadableStream<Uint8Array>,
): AsyncIterable<string> {
  return octets
    .pipeThrough(
      new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>,
    )
    .pipeThrough(new TextLineStream());
}

/** How messages are sent. */
export interface SendAllOptions {
  readonly receipt: boolean;
  /** How many a second at most. */
  readonly rate: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Sends messages, many of them at once, and says how many were confirmed, also
 * where it is interrupted or something is wrong half-way.
 */
export async function sendAll(
  context: Context,
  client: Client,
  messages: AsyncIterable<Outgoing>,
  { receipt, rate, signal }: SendAllOptions,
): Promise<number> {
  const { args, terminal } = context;
  const progress = new Progress(terminal, "messages sent", {
    isQuiet: args.isSet("quiet"),
  });
  const inFlight = new InFlight();
  const began = performance.now();
  let begun = 0;
  try {
    for await (const { destination, body, headers } of messages) {
      if (signal.aborted) break;
      if (rate !== undefined) {
        const due = began + begun / rate * 1000 - performance.now();
        if (due > 0) await delay(due, { signal }).catch(() => {});
        if (signal.aborted) break;
      }
      begun++;
      await inFlight.add(async () => {
        await client.send(destination, body, { headers, receipt });
        progress.done++;
      });
    }
    await inFlight.settled();
  } catch (error) {
    // What is under way is confirmed, or it is said that it is not.
    await inFlight.settled().catch(() => {});
    context.note(sent(progress.done, begun, receipt));
    throw error;
  } finally {
    progress.end();
  }
  if (context.isJson) {
    await context.output.line(
      JSON.stringify({ sent: progress.done, confirmed: receipt }),
    );
  } else context.note(sent(progress.done, begun, receipt));
  if (!signal.aborted) return EXIT.done;
  context.note("Interrupted: what is left of the input was not sent.");
  return EXIT.broker;
}

function sent(done: number, begun: number, receipt: boolean): string {
  const what = `${counted(done, "message")} sent${
    receipt ? " and confirmed" : ""
  }`;
  return done === begun
    ? `${what}.`
    : `${what}; ${begun - done} more may have arrived or not.`;
}
