/**
 * How brokers differ, as data. STOMP leaves much to the broker; what a client
 * has to know of it stands here, one row a broker, and nowhere else.
 *
 * @module
 */

import type { EscapesIn10 } from "../codec/mod.ts";
import { UsageError } from "../errors.ts";

/** The brokers with a row of their own. `plain` is any other. */
export type DialectName =
  | "rabbitmq"
  | "activemq"
  | "artemis"
  | "stompest"
  | "plain";

/** What is particular about a broker. */
export interface Dialect {
  /** The row's name, as the option `dialect` takes it. */
  readonly name: DialectName;
  /** How the `server` header of its CONNECTED begins. */
  readonly server: string;
  /** The SUBSCRIBE header that limits unacknowledged messages. */
  readonly prefetchHeader: string;
  /**
   * What that header counts: messages, or octets, of which this many are
   * taken for one message. 0 octets then means one message at a time.
   */
  readonly octetsPerMessage: number | undefined;
  /**
   * Whether it may skip heart-beats, so that a client who wants to know has to
   * ask. ActiveMQ looks once a period whether it has sent anything since the
   * last look, its own heart-beat included: up to two periods and a little more
   * pass between two signs of life.
   */
  readonly skipsBeats: boolean;
  /** How it is told that the body of a SEND is text, not octets. */
  readonly text: TextMark;
  /** What becomes of a message that is refused with NACK. */
  readonly nack: "redelivered" | "dead-lettered" | "dropped" | "unknown";
  /** The NACK header by which the client can choose: redelivered or not. */
  readonly requeueHeader: string | undefined;
  /**
   * Whether the receipt of what belongs to a transaction comes at once. If not,
   * it comes after COMMIT, and to wait for it before would be to wait for ever.
   */
  readonly receiptsInTransaction: boolean;
  /** How a subscription outlives its connection; `undefined`: not known. */
  readonly durable: DurableWay | undefined;
  /**
   * Whether a destination that a SEND names in `reply-to`, and that begins with
   * `/temp-queue/`, is subscribed to thereby, or has to be subscribed to.
   */
  readonly replies: "implicit" | "subscribed";
  /** What it unescapes in 1.0, which by the specification has no escapes. */
  readonly escapesIn10: EscapesIn10;
  /** Whether what it sends in 1.0 is escaped. */
  readonly escapedIn10: boolean;
}

/** How a broker is told that a body is text. */
export type TextMark =
  | "nothing tells"
  | "the header amq-msg-type"
  | "no content-length";

/** How a broker has subscriptions that outlive their connection. */
export interface DurableWay {
  /** The SUBSCRIBE header that has its name; the `id` always is that name, too. */
  readonly nameHeader: string;
  /** More headers of that SUBSCRIBE. */
  readonly headers: readonly (readonly [string, string])[];
  /** Whether the client must have named itself, with `client-id` in CONNECT. */
  readonly needsClientId: boolean;
  /** The UNSUBSCRIBE header that deletes it; `undefined`: its name's. */
  readonly deleteHeader: readonly [string, string] | undefined;
  /** Whether it must have been left by another UNSUBSCRIBE before. */
  readonly isLeftFirst: boolean;
}

/** RabbitMQ's way, which our own broker has, too. */
const DURABLE_BY_ID: DurableWay = {
  nameHeader: "id",
  headers: [["durable", "true"], ["auto-delete", "false"]],
  needsClientId: false,
  deleteHeader: ["durable", "true"],
  isLeftFirst: false,
};

const PLAIN: Dialect = {
  name: "plain",
  server: "",
  prefetchHeader: "prefetch-count",
  octetsPerMessage: undefined,
  skipsBeats: false,
  text: "nothing tells",
  nack: "unknown",
  requeueHeader: undefined,
  receiptsInTransaction: false,
  durable: undefined,
  replies: "subscribed",
  escapesIn10: "none",
  escapedIn10: false,
};

const DIALECTS: readonly Dialect[] = [
  {
    ...PLAIN,
    name: "rabbitmq",
    server: "RabbitMQ",
    nack: "redelivered",
    requeueHeader: "requeue",
    durable: DURABLE_BY_ID,
    replies: "implicit",
    escapesIn10: "all",
    escapedIn10: true,
  },
  {
    ...PLAIN,
    name: "artemis",
    server: "ActiveMQ-Artemis",
    prefetchHeader: "consumer-window-size",
    octetsPerMessage: 1024,
    text: "no content-length",
    nack: "dropped",
    durable: {
      nameHeader: "durable-subscription-name",
      headers: [],
      needsClientId: true,
      deleteHeader: undefined,
      isLeftFirst: false,
    },
  },
  {
    ...PLAIN,
    name: "activemq",
    server: "ActiveMQ",
    prefetchHeader: "activemq.prefetchSize",
    skipsBeats: true,
    text: "the header amq-msg-type",
    escapesIn10: "backslash",
    nack: "dead-lettered",
    receiptsInTransaction: true,
    durable: {
      nameHeader: "activemq.subscriptionName",
      headers: [],
      needsClientId: true,
      deleteHeader: undefined,
      isLeftFirst: true,
    },
  },
  {
    ...PLAIN,
    name: "stompest",
    server: "stompest",
    nack: "redelivered",
    requeueHeader: "requeue",
    receiptsInTransaction: true,
    durable: DURABLE_BY_ID,
  },
  PLAIN,
];

/** The names that the option `dialect` takes. */
export const DIALECT_NAMES: readonly DialectName[] = DIALECTS.map((row) =>
  row.name
);

/** The row for a broker: the one that was asked for, else by what it says. */
export function dialectOf(
  server: string | undefined,
  name?: DialectName,
): Dialect {
  return DIALECTS.find((row) =>
    name === undefined
      ? (server ?? "").startsWith(row.server)
      : row.name === name
  )!;
}

/** The header that asks a broker for at most `prefetch` messages at a time. */
export function prefetchHeader(
  dialect: Dialect,
  prefetch: number,
): readonly [string, string] {
  const { octetsPerMessage } = dialect;
  const value = octetsPerMessage === undefined
    ? prefetch
    : prefetch === 1
    ? 0
    : prefetch * octetsPerMessage;
  return [dialect.prefetchHeader, String(value)];
}

/**
 * The headers that tell a broker that a body is text, so that consumers by
 * other protocols get text. A text with NUL in it travels as octets: brokers
 * hand texts out without a content-length.
 */
export function textHeaders(
  { text }: Dialect,
  body: string | Uint8Array,
): (readonly [string, string])[] {
  return text === "the header amq-msg-type" && isPlainText(body)
    ? [["amq-msg-type", "text"]]
    : [];
}

/** Whether a body is to be sent with its content-length. */
export function hasContentLength(
  { text }: Dialect,
  body: string | Uint8Array,
): boolean {
  return text !== "no content-length" || !isPlainText(body);
}

function isPlainText(body: string | Uint8Array): boolean {
  return typeof body === "string" && body !== "" && !body.includes("\0");
}

/**
 * The headers of a NACK that has a message redelivered, or not; `undefined`
 * leaves it to the broker.
 *
 * @throws {UsageError} if the broker does the opposite and cannot be told.
 */
export function nackHeaders(
  { name, nack, requeueHeader }: Dialect,
  requeue: boolean | undefined,
): (readonly [string, string])[] {
  if (requeue === undefined) return [];
  if (requeueHeader !== undefined) return [[requeueHeader, String(requeue)]];
  if (nack !== "unknown" && requeue === (nack === "redelivered")) return [];
  throw new UsageError(
    nack === "unknown"
      ? 'It is not known what NACK means to this broker: leave "requeue" out, ' +
        'or name the broker with the option "dialect".'
      : `A message that is refused is ${nack} by this broker (${name}), and ` +
        `"requeue: ${requeue}" cannot change that: leave it out.`,
  );
}

/**
 * How a broker makes a subscription durable.
 *
 * @throws {UsageError} if that is not known, or the client has no name.
 */
export function durableWay(
  { durable }: Dialect,
  connectHeaders: Readonly<Record<string, string>> = {},
): DurableWay {
  if (durable === undefined) {
    throw new UsageError(
      "It is not known how this broker makes a subscription durable: name it " +
        'with the option "dialect", or give its own headers in "headers".',
    );
  }
  if (durable.needsClientId && connectHeaders["client-id"] === undefined) {
    throw new UsageError(
      "A durable subscription with this broker needs a client that has a name: " +
        'connect with headers such as { "client-id": "orders-1" }.',
    );
  }
  return durable;
}

/**
 * Refuses to wait for a receipt inside a transaction where it comes too late.
 *
 * @throws {UsageError} if it may not come before COMMIT.
 */
export function requireReceipts({ receiptsInTransaction }: Dialect): void {
  if (receiptsInTransaction) return;
  throw new UsageError(
    "This broker may confirm what belongs to a transaction only after COMMIT, " +
      "so that whoever waits for it before waits in vain: leave the receipt " +
      "out, the one of COMMIT covers it.",
  );
}
