/**
 * A STOMP client for Deno and Bun: what most people need of it.
 *
 * @example
 * ```ts
 * import { connect } from "@stompest/core";
 * import { serve } from "@stompest/core/broker";
 * import { assertEquals } from "@std/assert";
 *
 * await using broker = await serve(); // or a RabbitMQ, ActiveMQ, Artemis …
 * await using client = await connect(broker.url);
 *
 * await client.send("/queue/greetings", "hello", { receipt: true });
 * for await (const message of client.subscribe("/queue/greetings")) {
 *   assertEquals(message.text(), "hello");
 *   void client.close(); // graceful: this message is still acknowledged
 * }
 * ```
 *
 * @module
 */

export {
  type AckMode,
  type AckOptions,
  type Address,
  type BeginOptions,
  BrokerError,
  Client,
  type ClientStats,
  type Clock,
  type CloseOptions,
  type CloseReport,
  type CommitOptions,
  connect,
  ConnectionError,
  type ConnectionErrorOptions,
  type ConnectOptions,
  type ConsumeContext,
  type ConsumeOptions,
  Consumer,
  type Credential,
  type DialectName,
  type ErrorFrame,
  type FailoverPolicy,
  Frame,
  FrameError,
  type FrameHeadersInit,
  type FrameLimits,
  type HeartBeat,
  type Link,
  type LinkOptions,
  type Listener,
  type ListenerOptions,
  Message,
  type MessageHandler,
  type NackOptions,
  ProtocolError,
  type ReceiptOptions,
  type RequestOptions,
  type SendOptions,
  type ServerTlsOptions,
  type SharedConnectOptions,
  type StatusEvent,
  StompError,
  type SubscribeOptions,
  Subscription,
  TimeoutError,
  type TlsOptions,
  Transaction,
  type Transport,
  type UnsubscribeOptions,
  UsageError,
  type Verb,
  type Version,
  type WebSocketFactory,
  type WebSocketLike,
} from "./async.ts";
export {
  connectSync,
  type SyncAckOptions,
  SyncClient,
  type SyncConnectOptions,
  type SyncCredential,
  type SyncNackOptions,
  type SyncReceiptOptions,
  type SyncReceiveOptions,
  type SyncSendOptions,
  type SyncSubscribeOptions,
  type SyncUnsubscribeOptions,
} from "./sync.ts";
