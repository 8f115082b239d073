/**
 * The blocking client: every call returns when it is done. For scripts, cron
 * jobs, REPL sessions, build steps and whatever else has no event loop to wait
 * in. No promise, no callback; the event loop does not turn during a call.
 *
 * @example Send, receive, acknowledge
 * ```ts ignore
 * import { connectSync } from "@stompest/core/sync";
 *
 * using client = connectSync("stomp://guest:guest@127.0.0.1:61613");
 * client.send("/queue/simpleTest", "test message 1", { receipt: true });
 *
 * client.subscribe("/queue/simpleTest", { ack: "client" });
 * for (const frame of client.messages({ timeout: 1000 })) {
 *   console.log(frame.text());
 *   client.ack(frame);
 * }
 * ```
 *
 * A worker moves the octets and sends the heart-beats, also while the program
 * computes between two calls. It needs `--allow-net` and nothing else, and does
 * not keep the program alive.
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
export { type TlsOptions } from "./transport/tls.ts";
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
export { SyncClient } from "./sync/client.ts";
export { connectSync } from "./sync/connect.ts";
export {
  type SyncAckOptions,
  type SyncConnectOptions,
  type SyncCredential,
  type SyncNackOptions,
  type SyncReceiptOptions,
  type SyncReceiveOptions,
  type SyncSendOptions,
  type SyncSubscribeOptions,
  type SyncUnsubscribeOptions,
} from "./sync/options.ts";
