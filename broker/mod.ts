/**
 * The embedded broker: a real, small STOMP broker in this process, so that
 * examples and tests run with nothing installed.
 *
 * @example
 * ```ts
 * import { serve } from "@stompest/core/broker";
 * import { connect } from "@stompest/core";
 * import { assertEquals } from "@std/assert";
 *
 * await using broker = await serve();
 * await using client = await connect(broker.url);
 * await client.send("/queue/a", "hello");
 * for await (const message of client.subscribe("/queue/a")) {
 *   assertEquals(message.text(), "hello");
 *   break;
 * }
 * ```
 *
 * @module
 */

export { type FrameLimits } from "../codec/limits.ts";
export {
  ConnectionError,
  type ConnectionErrorOptions,
  StompError,
  UsageError,
} from "../errors.ts";
export { type HeartBeat } from "../session/heart_beat.ts";
export { type Clock } from "../transport/clock.ts";
export { type ServerTlsOptions, type TlsOptions } from "../transport/tls.ts";
export {
  type Address,
  type Link,
  type LinkOptions,
  type Listener,
  type ListenerOptions,
  type Transport,
} from "../transport/transport.ts";
export { Broker, serve } from "./broker.ts";
export { type QueueStats } from "./core.ts";
export { type BrokerOptions } from "./options.ts";
