import type { Frame } from "../codec/mod.ts";
import { quoted } from "../errors.ts";
import type { Dialect, DialectName } from "../session/dialects.ts";
import { Refusal } from "./refusal.ts";
import type { Verdict } from "./subscription.ts";

/** How a broker answers where brokers differ. */
export interface Manners {
  /** What it calls itself in CONNECTED; `undefined`: nothing. */
  readonly server: string | undefined;
  /** What NACK means, where the client does not say. */
  readonly nack: Verdict;
  /** Whether each MESSAGE says whether it was delivered before. */
  readonly saysRedelivered: boolean;
  /** Commands after whose ERROR the connection goes on. */
  readonly forgives: readonly string[];
  /** Whether an ERROR names the receipt that was asked for. */
  readonly namesReceipt: boolean;
  /** Whether what is in a transaction is confirmed before COMMIT. */
  readonly confirmsEarly: boolean;
}

const OWN: Manners = {
  server: "stompest",
  nack: "undone",
  saysRedelivered: false,
  forgives: [],
  namesReceipt: true,
  confirmsEarly: true,
};

const SETTLING = ["ACK", "NACK", "BEGIN", "COMMIT", "ABORT", "UNSUBSCRIBE"];

/** As they were measured on RabbitMQ 3.10.8 and ActiveMQ 5.17.2, and are reported of Artemis. */
const MANNERS: Readonly<Record<DialectName, Manners>> = {
  stompest: OWN,
  plain: { ...OWN, server: undefined },
  rabbitmq: {
    server: "RabbitMQ/3.10.8",
    nack: "undone",
    saysRedelivered: true,
    forgives: SETTLING,
    namesReceipt: false,
    confirmsEarly: false,
  },
  activemq: {
    ...OWN,
    server: "ActiveMQ/5.17.2",
    nack: "refused",
    forgives: SETTLING,
  },
  artemis: {
    ...OWN,
    server: "ActiveMQ-Artemis/2.31.2 ActiveMQ Artemis Messaging Engine",
    nack: "done",
  },
};

/** How a broker of this dialect answers. */
export function mannersOf(dialect: DialectName = "stompest"): Manners {
  return MANNERS[dialect];
}

/**
 * How many unacknowledged messages a SUBSCRIBE asks for at the most, in the
 * words of a dialect.
 *
 * @throws {Refusal} if it does not say it as it should.
 */
export function creditOf(
  frame: Frame,
  { prefetchHeader, octetsPerMessage }: Dialect,
): number {
  const prefetch = frame.headers.get(prefetchHeader);
  if (prefetch === undefined) return Infinity;
  if (!/^[0-9]+$/.test(prefetch)) {
    throw new Refusal(`${quoted(prefetch)} is not a ${prefetchHeader}.`);
  }
  if (octetsPerMessage === undefined) return Number(prefetch) || Infinity;
  // Where octets are counted, 0 of them let one message at a time through.
  return Math.max(1, Math.ceil(Number(prefetch) / octetsPerMessage));
}
