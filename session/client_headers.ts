import { Frame, type Version } from "../codec/mod.ts";
import { ProtocolError, quoted, UsageError, withArticle } from "../errors.ts";
import {
  boolean,
  type Check,
  checkOptions,
  headerRecord,
  isRecord,
  nonEmptyText,
} from "./option_checks.ts";

/** Headers that may be added to a frame, and the receipt it asks for. */
export interface FrameExtras {
  /** More headers. Those that the session itself sets are refused. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** An id from {@linkcode ClientSession.newReceipt}. */
  receipt?: string | undefined;
  /**
   * The transaction that a SEND, ACK or NACK belongs to, and the name of one that
   * is begun.
   */
  transaction?: string | undefined;
}

/** What is added to a NACK. */
export interface NackExtras extends FrameExtras {
  /** Whether the message is delivered again, where the broker leaves the choice. */
  requeue?: boolean | undefined;
}

/** What {@linkcode FrameExtras} may be. */
export const EXTRAS_CHECKS: Readonly<Record<keyof FrameExtras, Check>> = {
  headers: headerRecord,
  receipt: nonEmptyText,
  transaction: nonEmptyText,
};

/** The same at the end of a transaction: which one that is has been said. */
export const ENDING_CHECKS: Readonly<Record<"headers" | "receipt", Check>> = {
  headers: EXTRAS_CHECKS.headers,
  receipt: EXTRAS_CHECKS.receipt,
};

/** What {@linkcode NackExtras} may be. */
export const NACK_CHECKS: Readonly<Record<keyof NackExtras, Check>> = {
  ...EXTRAS_CHECKS,
  requeue: boolean,
};

/**
 * Refuses extras that are wrong. What is right is seen at a glance, because this
 * is done for each message.
 *
 * @throws {UsageError} that names the option, its value and what it may be.
 */
export function checkExtras(where: string, extras: FrameExtras): void {
  if (!areExtras(extras)) checkOptions(where, extras, EXTRAS_CHECKS);
}

function areExtras(extras: FrameExtras): boolean {
  if (typeof extras !== "object" || extras === null) return false;
  for (const name in extras) {
    switch (name) {
      case "headers":
        if (extras.headers !== undefined && !isRecord(extras.headers)) {
          return false;
        }
        break;
      case "receipt":
      case "transaction":
        if (extras[name] !== undefined && !isId(extras[name])) return false;
        break;
      default:
        // One verb's options may be handed on to another's.
        if ((extras as Record<string, unknown>)[name] !== undefined) {
          return false;
        }
    }
  }
  return !Array.isArray(extras);
}

function isId(value: unknown): boolean {
  return typeof value === "string" && value !== "";
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
 * Adds a caller's headers to a frame's own.
 *
 * @throws {UsageError} if one of them is the session's to set.
 */
export function addExtras(
  own: [string, string][],
  command: string,
  { transaction, receipt, headers }: FrameExtras,
): void {
  if (transaction !== undefined) own.push(["transaction", transaction]);
  if (receipt !== undefined) own.push(["receipt", receipt]);
  if (headers === undefined) return;
  const reserved = RESERVED[command];
  for (const name of Object.keys(headers)) {
    if (reserved?.includes(name)) {
      throw new UsageError(
        `The header ${quoted(name)} of ${
          withArticle(`${command} frame`)
        } cannot be given in "headers": it has an option or an argument of its own.`,
      );
    }
    own.push([name, headers[name]!]);
  }
}

/**
 * How a version names the message that is acknowledged.
 *
 * @throws {UsageError} if it is no message, {ProtocolError} if it lacks what
 * that takes.
 */
export function ackHeaders(
  command: "ACK" | "NACK",
  version: Version | undefined,
  message: Frame,
): [string, string][] {
  if (!(message instanceof Frame) || message.command !== "MESSAGE") {
    throw new UsageError(
      `${command} is for a MESSAGE frame as it was received, not for ${
        message instanceof Frame
          ? withArticle(`${message.command} frame`)
          : quoted(message)
      }.`,
    );
  }
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

/** @throws {UsageError} if the version has no NACK. */
export function requireNack(version: Version | undefined): void {
  if (version !== "1.0") return;
  throw new UsageError(
    "STOMP 1.0 has no NACK: leave the message unacknowledged, or connect " +
      "with a later version.",
  );
}
