import {
  type AckMode,
  type Message,
  type Subscription,
  UsageError,
} from "../../mod.ts";
import { type Command, type Context, EXIT } from "../command.ts";
import { InFlight } from "../in_flight.ts";
import { recordOf, showMessage } from "../message_record.ts";
import { counted } from "../progress.ts";

/** How far a look may be ahead: nothing is acknowledged, so that this is all there is. */
const PEEKED = 1000;

/** Prints messages. */
export const listen: Command = {
  name: "listen",
  usage: "DEST…",
  summary: "print messages as they come",
  description:
    "A message is acknowledged once it is printed, so that none is lost.",
  connects: true,
  options: {
    number: { short: "n", value: "N", help: "end after N messages" },
    idle: { value: "TIME", help: "end when nothing has come for so long" },
    peek: { help: "acknowledge nothing: the broker keeps them" },
    ack: { value: "MODE", help: "auto, client or client-individual" },
    prefetch: { value: "N", help: "how many the broker may send ahead" },
    durable: { value: "NAME", help: "a durable subscription of this name" },
    selector: { value: "TEXT", help: "only what the broker says fits" },
    headers: { help: "print the headers alone" },
    body: { help: "print the body alone" },
  },
  examples: [
    "stompest listen /queue/orders",
    "stompest listen /queue/dead-letters --peek -n 10 --json",
    "stompest listen /topic/prices /topic/news --body --idle 30s",
  ],
  async run(context) {
    const { args, terminal } = context;
    if (args.words.length === 0) {
      throw new UsageError('Which destination? It is "stompest listen DEST…".');
    }
    const most = args.count("number") ?? Infinity;
    const isPeek = args.isSet("peek");
    const selector = args.text("selector");
    const ack = args.text("ack") as AckMode | undefined;
    if (isPeek && ack === "auto") {
      throw new UsageError(
        "--peek acknowledges nothing, but with --ack auto the broker does: leave one of them out.",
      );
    }
    const idle = args.duration("idle");
    const prefetch = args.count("prefetch") ??
      (isPeek ? Math.min(most, PEEKED) : undefined);
    const print = printer(context);
    const ended = new AbortController();
    const inFlight = new InFlight();
    const signal = AbortSignal.any([
      ended.signal,
      terminal.interrupted,
      inFlight.failed,
    ]);
    const client = await context.connect({ reconnect: true });
    const subscriptions = args.words.map((destination) =>
      client.subscribe(destination, {
        ack,
        manualAck: true,
        prefetch: ack === "auto" ? undefined : prefetch,
        durable: args.text("durable"),
        headers: selector === undefined ? undefined : { selector },
      })
    );
    let printed = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const waitAnew = () => {
      clearTimeout(timer);
      if (idle !== undefined) timer = setTimeout(() => ended.abort(), idle);
    };
    const take = async (subscription: Subscription) => {
      for (;;) {
        const message = await received(subscription, signal);
        if (message === null || printed === most) return;
        printed++;
        waitAnew();
        await inFlight.add(async () => {
          await print(message);
          if (!isPeek && ack !== "auto") await message.ack();
        });
        if (printed === most) ended.abort();
      }
    };
    waitAnew();
    try {
      await Promise.all(subscriptions.map(take));
      await inFlight.settled();
      // What is only looked at is given back with the connection.
      if (!isPeek) await client.close();
    } finally {
      clearTimeout(timer);
      client.abort();
    }
    const { unfinished } = await client.closed;
    if (isPeek) {
      context.note(
        `${counted(printed, "message")} looked at, none acknowledged.`,
      );
    } else if (unfinished > 0) {
      context.note(
        `${
          counted(unfinished, "message")
        } not acknowledged: the broker delivers again.`,
      );
    }
    return EXIT.done;
  },
};

async function received(
  subscription: Subscription,
  signal: AbortSignal,
): Promise<Message | null> {
  try {
    return await subscription.receive({ signal });
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}

function printer({ args, isJson, output, terminal }: Context) {
  const parts = {
    headers: !args.isSet("body") || args.isSet("headers"),
    body: !args.isSet("headers") || args.isSet("body"),
    isForTerminal: terminal.isOutputTerminal,
  };
  return async (message: Message) => {
    await output.line(
      isJson ? JSON.stringify(recordOf(message)) : showMessage(message, parts),
    );
  };
}
