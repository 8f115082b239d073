import { hasContentLength } from "../session/dialects.ts";
import type { Connection } from "./connection.ts";
import type { SendOptions } from "./options.ts";

const TEXT: Readonly<Record<string, string>> = {
  "content-type": "text/plain;charset=utf-8",
};

/**
 * Puts a SEND on its way. The promise is that of its receipt, or of there being
 * room for more; there is none where nothing is to be waited for.
 *
 * @throws {UsageError} if it cannot be sent, {ConnectionError} if the connection
 * is gone.
 */
export function putSend(
  connection: Connection,
  destination: string,
  body: string | Uint8Array,
  options: SendOptions & { readonly transaction?: string | undefined },
): Promise<void> | undefined {
  const { session } = connection;
  const { transaction, timeout, signal } = options;
  const receipt = options.receipt ? session.newReceipt() : undefined;
  const headers = typeof body === "string" && body !== ""
    ? options.headers === undefined ? TEXT : { ...TEXT, ...options.headers }
    : options.headers;
  const extras = { headers, receipt, transaction };
  const frame = session.send(destination, body, extras);
  const contentLength = options.contentLength ??
    hasContentLength(session.dialect, body);
  if (receipt === undefined) {
    connection.write(frame, contentLength);
    return connection.room(signal);
  }
  return connection.request(frame, `the SEND to ${destination}`, {
    receipt,
    timeout,
    signal,
    contentLength,
  });
}
