/**
 * The asynchronous client: iterate messages with `for await`, send with
 * back-pressure and receipts, shut down gracefully.
 *
 * @example A queue there and back
 * ```ts
 * import { connect } from "@stompest/core/async";
 * import { serve } from "@stompest/core/broker";
 * import { assertEquals } from "@std/assert";
 *
 * await using broker = await serve();
 * await using client = await connect(broker.url);
 *
 * await client.send("/queue/numbers", "42", { receipt: true });
 * for await (const message of client.subscribe("/queue/numbers")) {
 *   assertEquals(message.json(), 42);
 *   void client.close(); // ends the loop once this message is acknowledged
 * }
 * ```
 *
 * @module
 */

export { type SharedConnectOptions } from "./session/shared_connect_options.ts";
export { type DialectName } from "./session/dialects.ts";
export { type FailoverPolicy } from "./session/failover.ts";
export { Frame, type FrameHeadersInit } from "./codec/frame.ts";
export { type Version } from "./codec/grammar.ts";
export { type FrameLimits } from "./codec/limits.ts";
export { type AckMode } from "./session/events.ts";
export { type HeartBeat } from "./session/heart_beat.ts";
export { type Clock } from "./transport/clock.ts";
export { type ServerTlsOptions, type TlsOptions } from "./transport/tls.ts";
export {
  type Address,
  type Link,
  type LinkOptions,
  type Listener,
  type ListenerOptions,
  type Transport,
} from "./transport/transport.ts";
export {
  type WebSocketFactory,
  type WebSocketLike,
} from "./transport/web_socket_like.ts";
export {
  BrokerError,
  ConnectionError,
  type ConnectionErrorOptions,
  type ErrorFrame,
  FrameError,
  ProtocolError,
  StompError,
  TimeoutError,
  UsageError,
} from "./errors.ts";
export { Client } from "./async/client.ts";
export { type CloseReport } from "./async/lifecycle.ts";
export { type ClientStats } from "./async/stats.ts";
export { type StatusEvent } from "./async/status.ts";
export { connect } from "./async/connect.ts";
export {
  type ConsumeContext,
  Consumer,
  type MessageHandler,
} from "./async/consumer.ts";
export {
  type AckOptions,
  Message,
  type NackOptions,
  type Verb,
} from "./async/message.ts";
export {
  type BeginOptions,
  type CloseOptions,
  type ConnectOptions,
  type ConsumeOptions,
  type Credential,
  type ReceiptOptions,
  type ReceiveOptions,
  type RequestOptions,
  type SendOptions,
  type SubscribeOptions,
  type UnsubscribeOptions,
} from "./async/options.ts";
export { Subscription } from "./async/subscription.ts";
export { type CommitOptions, Transaction } from "./async/transaction.ts";
