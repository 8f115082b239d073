import type { Frame, Version } from "../codec/mod.ts";
import { ProtocolError, quoted, UsageError } from "../errors.ts";

/** Headers that may be added to a frame, and the receipt it asks for. */
export interface FrameExtras {
  /** More headers. Those that the session itself sets are refused. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** An id from {@linkcode ClientSession.newReceipt}. */
  receipt?: string | undefined;
  /** The transaction that the frame belongs to. */
  transaction?: string | undefined;
}

/** Headers that the session sets and a caller cannot, by command. */
const RESERVED: Readonly<Record<string, readonly string[]>> = {
  // deno-fmt-ignore
  CONNECT: ["accept-version", "host", "login", "passcode", "heart-beat", "receipt"],
  SEND: ["destination", "receipt", "transaction"],
  SUBSCRIBE: ["destination", "id", "ack", "receipt"],
  UNSUBSCRIBE: ["destination", "id", "receipt"],
  ACK: ["id", "message-id", "subscription", "receipt", "transaction"],
  NACK: ["id", "message-id", "subscription", "receipt", "transaction"],
  BEGIN: ["receipt", "transaction"],
  COMMIT: ["receipt", "transaction"],
  ABORT: ["receipt", "transaction"],
  DISCONNECT: ["receipt"],
};

/**
 * What is added to a frame's own headers.
 *
 * @throws {UsageError} if one of them is the session's to set.
 */
export function extraHeaders(
  command: string,
  { transaction, receipt, headers = {} }: FrameExtras,
): [string, string][] {
  const extra: [string, string][] = [];
  if (transaction !== undefined) extra.push(["transaction", transaction]);
  if (receipt !== undefined) extra.push(["receipt", receipt]);
  for (const [name, value] of Object.entries(headers)) {
    if (RESERVED[command]?.includes(name)) {
      throw new UsageError(
        `The header ${quoted(name)} of a ${command} frame cannot be given ` +
          `in "headers": it has an option or an argument of its own.`,
      );
    }
    extra.push([name, value]);
  }
  return extra;
}

/**
 * How a version names the message that is acknowledged.
 *
 * @throws {ProtocolError} if the message lacks what that takes.
 */
export function ackHeaders(
  version: Version | undefined,
  message: Frame,
): [string, string][] {
  const header = (name: string): string => {
    const value = message.headers.get(name);
    if (value !== undefined) return value;
    throw new ProtocolError(
      `The broker's MESSAGE cannot be acknowledged: STOMP ${version} ` +
        `wants its ${quoted(name)} header, and it has none.`,
    );
  };
  switch (version) {
    case "1.0":
      return [["message-id", header("message-id")]];
    case "1.1":
      return [
        ["message-id", header("message-id")],
        ["subscription", header("subscription")],
      ];
    default:
      return [["id", header("ack")]];
  }
}

/** @throws {UsageError} if it is none. */
export function requireDestination(destination: string): void {
  if (typeof destination !== "string" || destination === "") {
    throw new UsageError(
      `A destination must be a string that is not empty, such as "/queue/a", ` +
        `not ${quoted(destination)}.`,
    );
  }
}
