/**
 * Frames ⇄ protocol events: the rules of STOMP without I/O, clock or chance.
 * Both clients drive it, and so can yours.
 *
 * @example
 * ```ts
 * import { ClientSession } from "@stompest/core/session";
 * import { Frame } from "@stompest/core/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const session = new ClientSession({ login: "guest", passcode: "guest" });
 * session.connect();
 * session.receive(new Frame("CONNECTED", { version: "1.2" }));
 * const receipt = session.newReceipt();
 * session.send("/queue/a", "hello", { receipt });
 * const event = session.receive(new Frame("RECEIPT", { "receipt-id": receipt }));
 * assertEquals(event, { type: "receipt", id: receipt, command: "SEND" });
 * ```
 *
 * @module
 */

export { Frame, type FrameHeadersInit, type Version } from "../codec/mod.ts";
export { ProtocolError, StompError, UsageError } from "../errors.ts";
export { ClientSession } from "./client_session.ts";
export { type ClientSessionOptions } from "./session_options.ts";
export {
  type AckMode,
  type SessionEvent,
  type SessionSubscription,
} from "./events.ts";
export { type FrameExtras, type NackExtras } from "./client_headers.ts";
export { type SubscribeFrameOptions } from "./subscription_headers.ts";
export {
  type Dialect,
  type DialectName,
  type DurableWay,
  type TextMark,
} from "./dialects.ts";
export {
  type HeartBeat,
  negotiateHeartBeat,
  parseHeartBeat,
  Pulse,
} from "./heart_beat.ts";
export { nextState, type Role, type SessionState } from "./states.ts";
export { highestCommonVersion } from "./versions.ts";
