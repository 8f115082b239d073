import type { Frame } from "../codec/mod.ts";
import type { ClientSession } from "../session/client_session.ts";
import type { Connection } from "./connection.ts";
import type { Operation } from "./receipts.ts";

/** One frame that the client wants to be sent. */
export interface Request {
  /** What the caller does, for messages: cannot … */
  readonly verb: string;
  /** What was sent, for messages. */
  readonly name: string;
  /** Whether to wait for the broker's confirmation. */
  readonly receipt: boolean | undefined;
  /** How long it may take, in ms. */
  readonly timeout: number | undefined;
  /** What it subscribes to, by its id. */
  readonly subscription?: string;
  /** Throws if it cannot be done; asked before and after a reconnect. */
  check?(): void;
  /** Whether the frames have a content-length. @default {true} */
  contentLength?(session: ClientSession): boolean;
  /** Makes the frames; the last one asks for the receipt. */
  frames(session: ClientSession, receipt: string | undefined): Frame[];
  /** It is on its way. */
  written?(connection: Connection): void;
}

/** Writes what a request is, and returns the receipt that it has asked for. */
export function writeRequest(
  connection: Connection,
  request: Request,
  operation: Operation,
): string | undefined {
  const { session } = connection;
  const receipt = request.receipt ? session.newReceipt() : undefined;
  const contentLength = request.contentLength?.(session);
  const frames = request.frames(session, receipt);
  if (receipt !== undefined) connection.catchUp();
  for (const frame of frames) {
    connection.write(frame, operation, contentLength);
  }
  request.written?.(connection);
  return receipt;
}
