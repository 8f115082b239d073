import type { Run, Timing } from "./timing.ts";

/** How large the bodies are that clients are measured with. */
export const BODY_SIZE = 256;

/** The source sends multiples of so many messages. */
export const SOURCE_BLOCK = 128;

/** Where messages are sent to. */
export const DESTINATION = "/queue/orders";

/** How many receipts are outstanding at a time. */
const IN_FLIGHT = 1000;

/** A connected client, made to do what all of them are measured by. */
export interface BenchClient {
  /** Sends without receipts, as fast as it lets a program that waits for it. */
  send(body: string, count: number): Promise<void>;
  /** Sends one message and calls back on its receipt. */
  confirm(body: string, confirmed: () => void): void;
  /** Subscribes with the id `bench`; acknowledges each of so many messages. */
  consume(headers: Record<string, string>, count: number): Promise<void>;
  close(): Promise<void>;
}

/** Connects to the sink. */
export type Connect = (port: number) => Promise<BenchClient>;

/** What a client is to do, by the name of the case. */
export function clientRun(
  connect: Connect,
  port: number,
  caseName: string,
  body: string,
): Run {
  switch (caseName) {
    case "send":
      return timed(connect, port, (client, count) => client.send(body, count));
    case "send, 1,000 receipts in flight":
      return timed(
        connect,
        port,
        (client, count) => confirmMany(client, body, count),
      );
    default: {
      const run = timed(
        connect,
        port,
        (client, count) => client.consume({ count: String(count) }, count),
      );
      return (count) => run(Math.ceil(count / SOURCE_BLOCK) * SOURCE_BLOCK);
    }
  }
}

/** Times what a new connection does, until the other end has all of it. */
function timed(
  connect: Connect,
  port: number,
  work: (client: BenchClient, count: number) => Promise<void>,
): Run {
  return async (count): Promise<Timing> => {
    const client = await connect(port);
    const start = performance.now();
    await work(client, count);
    await new Promise<void>((resolve) => client.confirm("", resolve));
    const milliseconds = performance.now() - start;
    await client.close();
    return { count, milliseconds };
  };
}

function confirmMany(
  client: BenchClient,
  body: string,
  count: number,
): Promise<void> {
  return new Promise((resolve) => {
    let unsent = count;
    let unconfirmed = count;
    const confirmed = () => {
      if (--unconfirmed === 0) resolve();
      else sendOne();
    };
    const sendOne = () => {
      if (unsent-- > 0) client.confirm(body, confirmed);
    };
    for (let left = IN_FLIGHT; left > 0; left--) sendOne();
  });
}
