import type { Frame } from "../codec/mod.ts";
import type { ClientSession } from "../session/client_session.ts";
import type { Connection } from "./connection.ts";

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
