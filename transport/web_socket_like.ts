import type { WebSocketEnd } from "./web_socket_frames.ts";

/**
 * What we use of a WebSocket: a browser's, a runtime's, the package `ws`', or
 * something that behaves like one, such as SockJS.
 */
export interface WebSocketLike {
  /** 0: it is being opened, 1: it is open, 2: it is being closed, 3: it is closed. */
  readonly readyState: number;
  /** The subprotocol that the server has chosen; SockJS has none. */
  readonly protocol?: string;
  /** How many octets were not sent yet. */
  readonly bufferedAmount?: number;
  /** Set to `"arraybuffer"`. */
  binaryType?: string;
  /** Sends a message: a string, or octets. */
  send(message: string): void;
  /** Says good-bye; what was sent before arrives. */
  close(code?: number, reason?: string): void;
  /** Listens for `"open"`, `"message"`, `"error"` and `"close"`. */
  // deno-lint-ignore no-explicit-any -- every runtime has classes of its own for events
  addEventListener(type: string, listener: (event: any) => void): void;
}

/** Makes a WebSocket for a URL that offers these subprotocols. */
export type WebSocketFactory = (
  url: string,
  protocols: string[],
) => WebSocketLike;

/** What the codes mean that one meets (RFC 6455, section 7.4.1). */
const MEANINGS: Readonly<Record<number, string>> = {
  1000: "it is done",
  1001: "it goes away",
  1002: "it did not understand the protocol",
  1003: "it does not take such messages",
  1006: "without a good-bye",
  1007: "it found no UTF-8 in a text",
  1008: "its rules do not permit this",
  1009: "a message was too large for it",
  1011: "it has failed",
  1012: "it starts again",
  1013: "it is busy, so try again later",
};

/** An end in words, such as `code 1009 (a message was too large for it)`. */
export function showEnd(
  { code, reason }: Partial<WebSocketEnd>,
): string {
  // Deno says 0, and some say nothing at all, where the others say 1006.
  const known = code || 1006;
  const meaning = MEANINGS[known];
  return `code ${known}${meaning === undefined ? "" : ` (${meaning})`}${
    reason ? ` and the reason ${JSON.stringify(reason)}` : ""
  }`;
}
