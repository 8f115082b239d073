/**
 * The whole error tree. A caller can tell whose fault it was by class alone:
 *
 * ```text
 * Error
 * └─ StompError
 *    ├─ UsageError          the caller's mistake: nothing was written
 *    ├─ ProtocolError       the peer broke the protocol
 *    │  └─ FrameError       … with bytes that are not a STOMP frame
 *    ├─ BrokerError         the broker answered ERROR; carries the frame
 *    ├─ ConnectionError     no connection, or no longer; `cause` says why
 *    └─ TimeoutError        something did not come in time: which, how long
 * ```
 *
 * @module
 */

/** The root of every error that this package raises on its own account. */
export class StompError extends Error {
  /** The class name, so that logs and `instanceof`-less code can tell. */
  override readonly name: string = "StompError";
}

/**
 * The caller asked for something that cannot be done: a malformed URL, an
 * unknown option value, a header that cannot be sent, a closed client. Raised
 * before anything is written. The message names the value and the remedy.
 */
export class UsageError extends StompError {
  /** The class name. */
  override readonly name = "UsageError";
}

/**
 * The peer sent a well-formed frame that has no place in the protocol, such as
 * a MESSAGE before CONNECTED or a version that was not offered.
 */
export class ProtocolError extends StompError {
  /** The class name. */
  override readonly name: string = "ProtocolError";
}

/**
 * Bytes that are not a STOMP frame. The stream that held them is dead: STOMP
 * has no way to find the next frame after a malformed one.
 */
export class FrameError extends ProtocolError {
  /** The class name. */
  override readonly name = "FrameError";
}

/** What a {@linkcode BrokerError} needs to know of the ERROR frame. */
export interface ErrorFrame {
  /** Always `"ERROR"`. */
  readonly command: string;
  /** The headers of the frame, `message` and `receipt-id` among them. */
  readonly headers: ReadonlyMap<string, string>;
  /** The body: whatever explanation the broker gave. */
  readonly body: Uint8Array;
}

/**
 * The broker answered with an ERROR frame (STOMP 1.2, "ERROR"). The frame is
 * kept in {@linkcode BrokerError.frame}; its body often explains more than its
 * `message` header.
 */
export class BrokerError extends StompError {
  /** The class name. */
  override readonly name = "BrokerError";
  /** The ERROR frame as it came; where it repeats our passcode, that is "…". */
  readonly frame: ErrorFrame;

  /** Wraps an ERROR frame in a sentence about what was being done. */
  constructor(message: string, frame: ErrorFrame, options?: ErrorOptions) {
    super(message, options);
    this.frame = frame;
  }

  /** The `receipt-id` of the frame: which request it answers, if it says so. */
  get receiptId(): string | undefined {
    return this.frame.headers.get("receipt-id");
  }
}

/** How a {@linkcode ConnectionError} differs from a plain one. */
export interface ConnectionErrorOptions extends ErrorOptions {
  /** See {@linkcode ConnectionError.unknown}. @default {false} */
  unknown?: boolean;
}

/**
 * There is no connection: it could not be made, or it was lost. `cause` keeps
 * what the runtime, the peer or the caller gave as the reason.
 */
export class ConnectionError extends StompError {
  /** The class name. */
  override readonly name = "ConnectionError";
  /**
   * Whether the fate of the operation is unknown: its frame may have reached
   * the broker, but the confirmation never came. Repeating it may do it twice.
   */
  readonly unknown: boolean;

  /** A lost or refused connection, with the reason as `options.cause`. */
  constructor(message: string, options: ConnectionErrorOptions = {}) {
    super(message, options);
    this.unknown = options.unknown ?? false;
  }
}

/**
 * Something did not happen in time. It says nothing about what happens later:
 * a receipt that is late may still mean that the broker took the message.
 */
export class TimeoutError extends StompError {
  /** The class name. */
  override readonly name = "TimeoutError";
  /** What was waited for, such as `"CONNECTED"`. */
  readonly operation: string;
  /** How long was waited, in milliseconds. */
  readonly timeout: number;

  /** Names the operation and the time that it was given. */
  constructor(operation: string, timeout: number, options?: ErrorOptions) {
    super(
      `${operation} did not come within ${
        Math.round(timeout)
      } ms. Give it more time ` +
        `or find out why the peer is slow.`,
      options,
    );
    this.operation = operation;
    this.timeout = timeout;
  }
}

/**
 * Shows a value inside an error message: quoted, escaped, cut to a length that
 * leaves the sentence readable.
 */
export function quoted(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > 64 ? `${value.slice(0, 64)}…` : value);
  }
  if (typeof value === "function") return "a function";
  if (value === null || typeof value !== "object") return String(value);
  return withArticle(
    Array.isArray(value) ? "array" : value.constructor?.name || "object",
  );
}

/** "a Map", "an Object", "an HTMLElement": as it is spoken. */
export function withArticle(noun: string): string {
  const isVowel = /^([aeioAEIO]|un[^i]|[FHLMNRSX][A-Z]+[a-z])/.test(noun);
  return `${isVowel ? "an" : "a"} ${noun}`;
}
