import { quoted, UsageError } from "../errors.ts";
import { hasContentLength } from "../session/dialects.ts";
import { checkOptions } from "../session/option_checks.ts";
import type { Clock } from "../transport/clock.ts";
import type { Answers } from "./requests.ts";
import { type Connection, LARGE } from "./connection.ts";
import type { Message } from "./message.ts";
import {
  REQUEST_CHECKS,
  type RequestOptions,
  type SendOptions,
} from "./options.ts";
import { within } from "./time_limit.ts";

/** A SEND that is on its way. */
export interface Sent {
  readonly connection: Connection;
  readonly receipt: string | undefined;
  readonly destination: string;
  /** Whether the body is not copied. */
  readonly isLarge: boolean;
}

const TEXT: Readonly<Record<string, string>> = {
  "content-type": "text/plain;charset=utf-8",
};

/**
 * Puts a SEND on its way.
 *
 * @throws {UsageError} if it cannot be sent, {ConnectionError} if the connection
 * is gone.
 */
export function putSend(
  connection: Connection,
  destination: string,
  body: string | Uint8Array,
  options: SendOptions & { transaction?: string },
): Sent {
  const { session } = connection;
  const { transaction } = options;
  const receipt = options.receipt ? session.newReceipt() : undefined;
  const headers = typeof body === "string" && body !== ""
    ? { ...TEXT, ...options.headers }
    : options.headers;
  connection.append(
    session.send(destination, body, { headers, receipt, transaction }),
    {
      receipt,
      contentLength: options.contentLength ??
        hasContentLength(session.dialect, body),
    },
  );
  const isLarge = typeof body !== "string" && body.length >= LARGE;
  return { connection, receipt, destination, isLarge };
}

/** Waits for what a SEND is to wait for. */
export async function untilSent(
  { connection, receipt, destination, isLarge }: Sent,
  options: SendOptions,
): Promise<void> {
  if (receipt === undefined) {
    // A large body is written from where it is: it must not change before.
    await (isLarge
      ? connection.flushed(options.signal)
      : connection.room(options.signal));
  } else {
    const operation = `the SEND to ${destination}`;
    await connection.confirmed(receipt, operation, options);
  }
}

/** What a request needs of the client. */
export interface RequestHost {
  readonly clock: Clock;
  readonly answers: Answers;
  /** How long an answer may take where nothing is said, in ms. */
  readonly receiptTimeout: number;
  /** Does something with the connection as soon as there is one. */
  use<T>(
    signal: AbortSignal,
    work: (connection: Connection) => T,
  ): T | Promise<T>;
}

/** Sends a request, and waits for its answer. */
export async function request(
  host: RequestHost,
  destination: string,
  body: string | Uint8Array,
  options: RequestOptions,
): Promise<Message> {
  checkOptions("request()", options, REQUEST_CHECKS);
  const { timeout = host.receiptTimeout, signal, headers, ...how } = options;
  for (const name of ["reply-to", "correlation-id"]) {
    if (headers?.[name] === undefined) continue;
    throw new UsageError(
      `The header ${quoted(name)} of a request cannot be given in "headers": ` +
        "request() sets it, to find the answer.",
    );
  }
  const question = host.answers.expect();
  const ask = async (signal: AbortSignal): Promise<Message> => {
    const asked = { ...how, signal, timeout, receipt: true };
    const sent = await host.use(
      signal,
      (connection) =>
        putSend(connection, destination, body, {
          ...asked,
          headers: { ...headers, ...question.headersOn(connection) },
        }),
    );
    // A receipt alone is no answer, but a refusal is.
    const refused = untilSent(sent, asked).then(() => question.answer);
    return await Promise.race([question.answer, refused]);
  };
  const operation = `The answer from ${destination}`;
  try {
    return await within(host.clock, timeout, operation, signal, ask);
  } finally {
    question.forget();
  }
}
