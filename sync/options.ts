import type { AckMode } from "../session/events.ts";
import {
  SHARED_CHECKS,
  SHARED_DEFAULTS,
  type SharedConnectOptions,
} from "../session/shared_connect_options.ts";
import type { FailoverPolicy } from "../session/failover.ts";
import {
  boolean,
  type Check,
  headerRecord,
  milliseconds,
  nonEmptyText,
  oneOf,
  wholeNumber,
} from "../session/option_checks.ts";
import type { TlsOptions } from "../transport/tls.ts";

/**
 * A login or a passcode, or a function that is asked for it before each
 * connection, such as one that reads a token.
 */
export type SyncCredential = string | (() => string);

/** Options of `connectSync()`. */
export interface SyncConnectOptions extends SharedConnectOptions {
  /** Who we are to the broker. @default {the URL's user name} */
  login?: SyncCredential | undefined;
  /** What proves it. It is never shown. @default {the URL's password} */
  passcode?: SyncCredential | undefined;
  /**
   * Whom to trust and who we are, for a `stomps://` URL. The broker's
   * certificate is checked in any case.
   */
  tls?: TlsOptions | undefined;
  /**
   * Whether, and how, a call that finds the connection lost makes it again: with
   * growing pauses and some chance in them, at each broker of a failover URI. A
   * broker that refuses is asked again like one that does not answer, because
   * ActiveMQ refuses a `client-id` for a moment after a loss. Subscriptions are
   * replayed, then the call goes on; one that is refused to the end has ended.
   * Nothing that was sent is ever repeated.
   *
   * @default {false}
   */
  reconnect?: boolean | Partial<FailoverPolicy> | undefined;
  /**
   * For how long such a call tries, in ms, replays included, whatever its own
   * time-out is: that is about what comes once there is a connection. Only
   * `receiveFrame()`, `messages()` and `canRead()` wait no longer than they are
   * told to, and the next call goes on where they have left; what several of
   * them spend counts together.
   *
   * @default {30000}
   */
  reconnectTimeout?: number | undefined;
}

/** What `connectSync()` fills in where nothing is said. */
export const DEFAULTS = {
  ...SHARED_DEFAULTS,
  reconnectTimeout: 30_000,
} as const;

/** What those options may be; what they hold is checked where it is used. */
export const CONNECT_CHECKS: Readonly<Record<keyof SyncConnectOptions, Check>> =
  { ...SHARED_CHECKS, reconnectTimeout: milliseconds };

/** Options of whatever can wait for the broker's confirmation. */
export interface SyncReceiptOptions {
  /**
   * Whether to wait until the broker confirms (STOMP 1.2, "RECEIPT"). Without
   * it a return says only that the frame is on its way.
   *
   * @default {false}
   */
  receipt?: boolean | undefined;
  /** How long it may take, in ms. @default {receiptTimeout} */
  timeout?: number | undefined;
}

const RECEIPT_CHECKS: Readonly<Record<keyof SyncReceiptOptions, Check>> = {
  receipt: boolean,
  timeout: milliseconds,
};

/** Options of `client.send()`. */
export interface SyncSendOptions extends SyncReceiptOptions {
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
  /** The transaction that it belongs to: what `begin()` has returned. */
  transaction?: string | undefined;
}

/** What send options may be. */
export const SEND_CHECKS: Readonly<Record<keyof SyncSendOptions, Check>> = {
  ...RECEIPT_CHECKS,
  headers: headerRecord,
  contentLength: boolean,
  transaction: nonEmptyText,
};

/** Options of `client.ack()`. */
export interface SyncAckOptions extends SyncReceiptOptions {
  /** The transaction that it belongs to: what `begin()` has returned. */
  transaction?: string | undefined;
}

/** What ack options may be. */
export const ACK_CHECKS: Readonly<Record<keyof SyncAckOptions, Check>> = {
  ...RECEIPT_CHECKS,
  transaction: nonEmptyText,
};

/** Options of `client.nack()`. */
export interface SyncNackOptions extends SyncAckOptions {
  /**
   * Whether the message is to be delivered again. RabbitMQ lets us choose:
   * `false` sends it to the dead-letter exchange of its queue, or drops it where
   * there is none. Other brokers do what they do, and to ask for something else
   * is a `UsageError`.
   *
   * @default {what the broker does}
   */
  requeue?: boolean | undefined;
}

/** What nack options may be. */
export const NACK_CHECKS: Readonly<Record<keyof SyncNackOptions, Check>> = {
  ...ACK_CHECKS,
  requeue: boolean,
};

/** Options of `client.subscribe()`. */
export interface SyncSubscribeOptions {
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
   * next. `unsubscribe()` with `delete: true` ends that. With ActiveMQ and
   * Artemis the client needs a name, too: the header `client-id` of
   * `connectSync()`.
   */
  durable?: string | undefined;
  /**
   * Whether to wait until the broker confirms: from then on no message to a
   * topic is missed, and a refusal is thrown here.
   *
   * @default {true}
   */
  receipt?: boolean | undefined;
  /** How long that may take, in ms. @default {receiptTimeout} */
  timeout?: number | undefined;
}

/** What subscribe options may be. */
export const SUBSCRIBE_CHECKS: Readonly<
  Record<keyof SyncSubscribeOptions, Check>
> = {
  ack: oneOf("auto", "client", "client-individual"),
  prefetch: wholeNumber(1),
  headers: headerRecord,
  id: nonEmptyText,
  durable: nonEmptyText,
  receipt: boolean,
  timeout: milliseconds,
};

/** Options of `client.unsubscribe()`. */
export interface SyncUnsubscribeOptions {
  /** Whether to wait until the broker confirms. @default {true} */
  receipt?: boolean | undefined;
  /** How long that may take, in ms. @default {receiptTimeout} */
  timeout?: number | undefined;
  /** More headers. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Whether the broker forgets a durable subscription. @default {false} */
  delete?: boolean | undefined;
}

/** What unsubscribe options may be. */
export const UNSUBSCRIBE_CHECKS: Readonly<
  Record<keyof SyncUnsubscribeOptions, Check>
> = { ...RECEIPT_CHECKS, headers: headerRecord, delete: boolean };

/** Options of whatever waits for messages. */
export interface SyncReceiveOptions {
  /** For how long to wait, in ms. */
  timeout?: number | undefined;
}

/** What receive options may be. */
export const RECEIVE_CHECKS: Readonly<Record<keyof SyncReceiveOptions, Check>> =
  { timeout: milliseconds };
