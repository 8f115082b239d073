/**
 * A broker for your tests: the embedded one, which can be looked into and which
 * misbehaves when told, over sockets or fully in memory with time that stands
 * still.
 *
 * @example
 * ```ts
 * import { connect, TimeoutError } from "@stompest/core";
 * import { serve } from "@stompest/core/testing";
 * import { assertRejects } from "@std/assert";
 *
 * await using broker = await serve();
 * await using client = await connect(broker.url);
 * broker.misbehave({ loseReceipt: 1 });
 * await assertRejects(
 *   () => client.send("/queue/a", "?", { receipt: true, timeout: 100 }),
 *   TimeoutError,
 * );
 * ```
 *
 * @module
 */

export { Frame, type FrameHeadersInit } from "../codec/frame.ts";
export { type Version } from "../codec/grammar.ts";
export { type FrameLimits } from "../codec/limits.ts";
export {
  ConnectionError,
  type ConnectionErrorOptions,
  StompError,
  UsageError,
} from "../errors.ts";
export { type DialectName } from "../session/dialects.ts";
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
export { type QueueStats } from "../broker/core.ts";
export { type BrokerOptions } from "../broker/options.ts";
export { InterceptedConnection, Interception } from "./scripted_broker.ts";
export { type Misbehaviour } from "./misbehaviour.ts";
export {
  type MemoryBroker,
  serve,
  serveInMemory,
  TestBroker,
  type TestBrokerOptions,
} from "./serve.ts";
export { type ReceivedFrame } from "./transcript.ts";
export { settled, VirtualClock } from "./virtual_clock.ts";
