import type { AckMode } from "../session/events.ts";
import {
  SHARED_CHECKS,
  SHARED_DEFAULTS,
  type SharedConnectOptions,
} from "../session/shared_connect_options.ts";
import type { FailoverPolicy } from "../session/failover.ts";
import {
  aFunction,
  anything,
  boolean,
  type Check,
  headerRecord,
  milliseconds,
  nonEmptyText,
  oneOf,
  signal,
  wholeNumber,
  withMethods,
} from "../session/option_checks.ts";
import type { Clock } from "../transport/clock.ts";
import type { TlsOptions } from "../transport/tls.ts";
import type { Transport } from "../transport/transport.ts";
import type { WebSocketFactory } from "../transport/web_socket_like.ts";

/**
 * A login or a passcode, or a function that is asked for it before each
 * connection, such as one that fetches a token.
 */
export type Credential = string | (() => string | Promise<string>);

/** Options of `connect()`. */
export interface ConnectOptions extends SharedConnectOptions {
  /**
   * Before the connection stands: gives up. Afterwards: closes the client
   * gracefully, as `close()` does.
   */
  signal?: AbortSignal | undefined;
  /** Who we are to the broker. @default {the URL's user name} */
  login?: Credential | undefined;
  /** What proves it. It is never shown. @default {the URL's password} */
  passcode?: Credential | undefined;
  /**
   * Whether, and how, a lost connection is made again: with growing pauses and
   * some chance in them, at each broker of a failover URI. Subscriptions are
   * replayed, then sends that wait go out. `false`: the client ends with its
   * connection.
   *
   * @default {{}}
   */
  reconnect?: boolean | Partial<FailoverPolicy> | undefined;
  /**
   * Whom to trust and who we are, for a `stomps://` URL. The broker's
   * certificate is checked in any case.
   */
  tls?: TlsOptions | undefined;
  /**
   * Octets of messages that may wait to be handed out. The broker's credit
   * (`prefetch`) normally keeps them far below. Where there is none, as with
   * `ack: "auto"`, reading rests above this, as long as nobody waits for a
   * receipt; heart-beats from the broker are then not looked for.
   *
   * @default {16777216}
   */
  receiveBuffer?: number | undefined;
  /**
   * Makes the WebSocket for a `ws://` or `wss://` URL: one with headers, cookies
   * or certificates of its own where the runtime can do that, SockJS, or one
   * from a package where there is none. It is asked before each connection, with
   * the URL and the subprotocols to offer.
   *
   * @default {over TCP on Deno, Bun and Node; elsewhere
   * `(url, protocols) => new WebSocket(url, protocols)`}
   */
  webSocket?: WebSocketFactory | undefined;
  /** The network to use for TCP. @default {that of Deno, Bun or Node} */
  transport?: Transport | undefined;
  /** The clock to use. @default {the runtime's} */
  clock?: Clock | undefined;
  /** The source of chance, from 0 up to 1. @default {Math.random} */
  random?: (() => number) | undefined;
}

/** What `connect()` fills in where nothing is said. */
export const DEFAULTS = {
  ...SHARED_DEFAULTS,
  receiveBuffer: 16 * 1024 * 1024,
} as const;

/** What those options may be; what they hold is checked where it is used. */
export const CONNECT_CHECKS: Readonly<Record<keyof ConnectOptions, Check>> = {
  ...SHARED_CHECKS,
  signal,
  receiveBuffer: wholeNumber(1),
  webSocket: aFunction,
  transport: withMethods("connect", "listen"),
  clock: withMethods("now", "after"),
  random: aFunction,
};

/** Options of whatever can wait for the broker's confirmation. */
export interface ReceiptOptions {
  /**
   * Whether to wait until the broker confirms (STOMP 1.2, "RECEIPT"). Without
   * it the promise says only that the frame was accepted for writing.
   *
   * @default {false}
   */
  receipt?: boolean | undefined;
  /**
   * How long the receipt may take, in ms, once the frame is on its way. While a
   * lost connection is made again it is not, and only the `signal` limits that.
   *
   * @default {receiptTimeout}
   */
  timeout?: number | undefined;
  /**
   * Stops the waiting, not the operation: what was written before stays
   * written.
   */
  signal?: AbortSignal | undefined;
}

/** What receipt options may be. */
export const RECEIPT_CHECKS: Readonly<Record<keyof ReceiptOptions, Check>> = {
  receipt: boolean,
  timeout: milliseconds,
  signal,
};

/** What the options of acknowledging a message may be. */
export const ACK_CHECKS: Readonly<
  Record<keyof ReceiptOptions | "transaction", Check>
> = { ...RECEIPT_CHECKS, transaction: anything };

/** What the options of refusing a message may be. */
export const NACK_CHECKS: Readonly<
  Record<keyof typeof ACK_CHECKS | "requeue", Check>
> = { ...ACK_CHECKS, requeue: boolean };

/** Options of `client.send()`. */
export interface SendOptions extends ReceiptOptions {
  /**
   * More headers. Neither RabbitMQ nor ActiveMQ keeps a message on disk unless
   * it has `persistent: "true"`. A string body gets `content-type:
   * text/plain;charset=utf-8` unless a content-type is given.
   */
  headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Whether the frame has a content-length; without it the body cannot hold
   * NUL. Consumers by other protocols get a string as text in any case.
   *
   * @default {true; with Artemis `false` for strings}
   */
  contentLength?: boolean | undefined;
}

/** What send options may be. */
export const SEND_CHECKS: Readonly<Record<keyof SendOptions, Check>> = {
  ...RECEIPT_CHECKS,
  headers: headerRecord,
  contentLength: boolean,
};

/** Options of `client.request()`. */
export interface RequestOptions
  extends Pick<SendOptions, "headers" | "contentLength" | "signal"> {
  /**
   * How long the answer may take, in ms, the making of a lost connection
   * included.
   *
   * @default {receiptTimeout}
   */
  timeout?: number | undefined;
}

/** What request options may be. */
export const REQUEST_CHECKS: Readonly<Record<keyof RequestOptions, Check>> = {
  headers: headerRecord,
  contentLength: boolean,
  signal,
  timeout: milliseconds,
};

/** Options of `client.subscribe()`. */
export interface SubscribeOptions {
  /**
   * Who acknowledges what (STOMP 1.2, "ack Header"). `"auto"`: the broker
   * counts a message as done once it is sent, so whatever dies on the way or
   * in the program is lost. `"client"`: one ACK covers all messages before it.
   * `"client-individual"`: one ACK, one message.
   *
   * @default {"client-individual"; STOMP 1.0 has only "client"}
   */
  ack?: AckMode | undefined;
  /**
   * How many unacknowledged messages the broker may send ahead. It is
   * translated to each broker's own header; without acknowledgements it has
   * no effect.
   *
   * @default {100; nothing is asked for with `ack: "auto"`}
   */
  prefetch?: number | undefined;
  /** More headers, such as RabbitMQ's `durable`. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** The subscription's id. @default {a unique one, or what `durable` says} */
  id?: string | undefined;
  /**
   * The name of a subscription to a topic that outlives the connection: what is
   * sent while nobody is there waits for whoever subscribes under this name
   * next. `unsubscribe({ delete: true })` ends that. With ActiveMQ and Artemis
   * the client needs a name, too: the header `client-id` of `connect()`.
   */
  durable?: string | undefined;
  /** Ends this subscription gracefully, as `unsubscribe()` does. */
  signal?: AbortSignal | undefined;
  /**
   * Leaves all acknowledging to the program: going on to the next message does
   * not acknowledge the one before.
   *
   * @default {false}
   */
  manualAck?: boolean | undefined;
}

/** What subscribe options may be. */
export const SUBSCRIBE_CHECKS: Readonly<Record<keyof SubscribeOptions, Check>> =
  {
    ack: oneOf("auto", "client", "client-individual"),
    prefetch: wholeNumber(1),
    headers: headerRecord,
    id: nonEmptyText,
    durable: nonEmptyText,
    signal,
    manualAck: boolean,
  };

/** Options of `subscription.receive()`. */
export interface ReceiveOptions {
  /** How long to wait for a message, in ms; 0: not at all. @default {Infinity} */
  timeout?: number | undefined;
  /** Stops the waiting. */
  signal?: AbortSignal | undefined;
}

/** What receive options may be. */
export const RECEIVE_CHECKS: Readonly<Record<keyof ReceiveOptions, Check>> = {
  timeout: milliseconds,
  signal,
};

/** Options of `subscription.unsubscribe()`. */
export interface UnsubscribeOptions {
  /** Whether the broker forgets a durable subscription. @default {false} */
  delete?: boolean | undefined;
}

/** What unsubscribe options may be. */
export const UNSUBSCRIBE_CHECKS: Readonly<
  Record<keyof UnsubscribeOptions, Check>
> = { delete: boolean };

/** Options of `client.consume()`. */
export interface ConsumeOptions extends Omit<SubscribeOptions, "manualAck"> {
  /** How many messages are handled at the same time. @default {1} */
  concurrency?: number | undefined;
  /**
   * Where a copy of a message goes whose handler has failed. Only when the
   * broker has confirmed the copy is the message acknowledged. Without it a
   * failing handler shuts the client down, and the broker redelivers.
   */
  errorDestination?: string | undefined;
  /**
   * Whether the client goes on after a copy was sent, or shuts down.
   *
   * @default {"continue"}
   */
  onFailure?: "continue" | "shutdown" | undefined;
}

const { manualAck: _, ...CONSUMER_SUBSCRIBE_CHECKS } = SUBSCRIBE_CHECKS;

/** What consume options may be. */
export const CONSUME_CHECKS: Readonly<Record<keyof ConsumeOptions, Check>> = {
  ...CONSUMER_SUBSCRIBE_CHECKS,
  concurrency: wholeNumber(1),
  errorDestination: nonEmptyText,
  onFailure: oneOf("continue", "shutdown"),
};

/** Options of `client.begin()`. */
export type BeginOptions = Pick<ReceiptOptions, "signal">;

/** What begin options may be. */
export const BEGIN_CHECKS: Readonly<Record<keyof BeginOptions, Check>> = {
  signal,
};

/** What commit options may be. */
export const COMMIT_CHECKS: Readonly<Record<"timeout" | "signal", Check>> = {
  timeout: milliseconds,
  signal,
};

/** Options of `client.close()`. */
export interface CloseOptions {
  /** How long it may take, in ms. @default {drainTimeout} */
  timeout?: number | undefined;
}

/** What close options may be. */
export const CLOSE_CHECKS: Readonly<Record<keyof CloseOptions, Check>> = {
  timeout: milliseconds,
};
