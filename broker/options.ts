import type { FrameLimits } from "../codec/mod.ts";
import type { HeartBeat } from "../session/heart_beat.ts";
import {
  anything,
  type Check,
  heartBeatPair,
  limitRecord,
  milliseconds,
  nonEmptyText,
  numberFrom,
  oneOf,
  wholeNumber,
  withMethods,
} from "../session/option_checks.ts";
import type { Clock } from "../transport/clock.ts";
import type { ServerTlsOptions } from "../transport/tls.ts";
import type { Transport } from "../transport/transport.ts";

/** Options of `serve()`. */
export interface BrokerOptions {
  /** Where to listen. @default {"127.0.0.1"} */
  hostname?: string | undefined;
  /** The TCP port; 0 takes any free one. @default {0} */
  port?: number | undefined;
  /**
   * The port for clients that connect by WebSocket, such as browsers; 0 takes
   * any free one. With `tls` they connect by `wss://`. See `origins` for who may.
   *
   * @default {nobody listens for them}
   */
  webSocketPort?: number | undefined;
  /**
   * The origins whose pages may connect by WebSocket, such as
   * `["https://app.example"]`; `"*"` for all of them, and `"null"` for pages that
   * have none, such as files. The others are refused with 403. A client that is
   * no page sends no origin, and may connect: ask it for credentials.
   *
   * @default {pages of this machine: of localhost, of loopback addresses, of
   * `hostname`, and of the machine's own name and addresses, as far as the
   * runtime tells them (on Deno with --allow-sys)}
   */
  origins?: readonly string[] | undefined;
  /**
   * Who may connect: passcodes by login. Where it is left out, everybody may.
   */
  credentials?: Readonly<Record<string, string>> | undefined;
  /** Certificate and key in PEM; clients then connect by `stomps://`. */
  tls?: ServerTlsOptions | undefined;
  /** How large a client's frame may be. */
  limits?: Partial<FrameLimits> | undefined;
  /**
   * How often the broker can send and how often it wants to receive a sign of
   * life, in ms; 0 for never.
   *
   * @default {what each client asks for, at least 250 ms}
   */
  heartBeat?: HeartBeat | undefined;
  /** How long a client may take until its CONNECT, in ms. @default {10000} */
  connectTimeout?: number | undefined;
  /** How long a frame may take from its first octet to its last, in ms. @default {60000} */
  frameTimeout?: number | undefined;
  /**
   * How many clients may be connected; those beyond are told by ERROR, and
   * closed.
   *
   * @default {5000}
   */
  maxConnections?: number | undefined;
  /** How many subscriptions one client may have. @default {1000} */
  maxSubscriptions?: number | undefined;
  /**
   * How many destinations there may be: queues that hold something or are
   * consumed, topics that are subscribed to, and durable subscriptions.
   *
   * @default {10000}
   */
  maxDestinations?: number | undefined;
  /** How many transactions one client may have open. @default {1000} */
  maxTransactions?: number | undefined;
  /**
   * How many octets everything together may take that clients make the broker
   * keep: messages, headers and some overhead included, open transactions, and
   * the names of destinations and subscriptions. One topic's subscriber may have
   * a quarter of it.
   *
   * @default {536870912}
   */
  maxOctets?: number | undefined;
  /**
   * How many octets of messages one queue may hold, headers and some overhead
   * included: those that wait and those that consumers have and have not
   * acknowledged. A topic has a queue for each of its subscriptions, and there it
   * is the slow subscriber who loses, not who sends: the oldest messages go that
   * wait for it. What open transactions of a client hold for a destination may not be more either, and
   * is answered with ERROR if it is, whatever `whenFull` says.
   *
   * @default {Infinity}
   */
  maxQueueOctets?: number | undefined;
  /**
   * What happens to who sends to a queue that is full: ERROR and the end of the
   * connection, or waiting. While a client waits nothing that it sends is
   * handled, its acknowledgements neither, so producers should have connections
   * of their own. What it has sent is handled when there is room, even if it is
   * gone by then. Each connection may have one message more in a full queue, and
   * some more that wait to be handled, so who connects, sends and closes again
   * and again is not held up: use `"refuse"` against that.
   *
   * @default {"refuse"}
   */
  whenFull?: "refuse" | "block" | undefined;
  /**
   * How often a message is delivered without being acknowledged before it is
   * moved to the dead-letter queue. There it has the headers
   * `original-destination`, `original-message-id` and `dead-letter-reason`.
   *
   * @default {20}
   */
  maxDeliveries?: number | undefined;
  /**
   * Where messages go that were delivered too often, or refused with
   * `requeue:false`. What that happens to in the dead-letter queue itself is
   * gone, and so is what there is no room for (`maxQueueOctets`).
   *
   * @default {"/queue/dead-letters"}
   */
  deadLetterQueue?: string | undefined;
  /** The network to listen on. @default {TCP on Deno or Bun} */
  transport?: Transport | undefined;
  /** The clock to use. @default {the runtime's} */
  clock?: Clock | undefined;
}

/** What `serve()` fills in where nothing is said. */
export const DEFAULTS = {
  hostname: "127.0.0.1",
  port: 0,
  maxConnections: 5000,
  maxSubscriptions: 1000,
  maxDestinations: 10_000,
  maxTransactions: 1000,
  maxOctets: 512 * 1024 * 1024,
  connectTimeout: 10_000,
  frameTimeout: 60_000,
} as const;

/** What those options may be. */
export const BROKER_CHECKS: Readonly<Record<keyof BrokerOptions, Check>> = {
  hostname: nonEmptyText,
  port: wholeNumber(0, 65_535),
  webSocketPort: wholeNumber(0, 65_535),
  origins: anything,
  credentials: anything,
  tls: anything,
  limits: limitRecord,
  heartBeat: heartBeatPair,
  connectTimeout: milliseconds,
  frameTimeout: milliseconds,
  maxConnections: numberFrom(1, Infinity),
  maxSubscriptions: numberFrom(1, Infinity),
  maxDestinations: numberFrom(1, Infinity),
  maxTransactions: numberFrom(1, Infinity),
  maxOctets: numberFrom(1, Infinity),
  maxQueueOctets: numberFrom(1, Infinity),
  whenFull: oneOf("refuse", "block"),
  maxDeliveries: numberFrom(1, Infinity),
  deadLetterQueue: nonEmptyText,
  transport: withMethods("connect", "listen"),
  clock: withMethods("now", "after"),
};
