import type { Frame, Version } from "../codec/mod.ts";
import { quoted } from "../errors.ts";
import {
  type Dialect,
  type DialectName,
  dialectOf,
} from "../session/dialects.ts";
import type { HeartBeat } from "../session/heart_beat.ts";
import { Refusal } from "./refusal.ts";
import type { Outcome } from "./outcome.ts";
import type { Wildcards } from "./topic_patterns.ts";

/** How a broker follows the heart-beats that a client asks for, in ms. */
export interface HeartBeatSteps {
  /** Periods are whole numbers of it. */
  readonly step: number;
  /** The shortest period. */
  readonly least: number;
  /**
   * Whether a client of 1.0 is held to what it offers. That version has no
   * heart-beats: stompjs offers them in its CONNECT and then sends none.
   */
  readonly isWantedIn10: boolean;
}

/**
 * The broker's half of a dialect: how it answers where brokers differ, as data.
 * What a client has to know of it, too, is its {@linkcode Dialect}. Not copied: that
 * RabbitMQ closes without an ERROR on an escape that there is not, that RabbitMQ
 * and ActiveMQ unescape CONNECT, that ActiveMQ takes no header line over 10 KiB,
 * and that it hands out texts without a content-length.
 */
export interface Answers {
  /** What it calls itself in CONNECTED; `undefined`: nothing. */
  readonly serverName: string | undefined;
  /** The hosts that CONNECT may name; `undefined`: any. */
  readonly hosts: readonly string[] | undefined;
  /** How it does what a client asks for. */
  readonly heartBeat: HeartBeatSteps;
  /** Whether only one connection at a time may have a `client-id`. */
  readonly hasUniqueClients: boolean;
  /** The commands after whose ERROR the connection goes on. */
  readonly survivesErrorOn: readonly string[] | "all";
  /** Whether a command that there is not is one of them. */
  readonly survivesUnknownCommands: boolean;
  /** Whether an ERROR names the receipt that was asked for. */
  readonly namesReceipt: boolean;
  /** Whether `foo` is `/queue/foo`. */
  readonly hasBareQueues: boolean;
  /** Why it takes no such SEND or SUBSCRIBE, if it does not. */
  readonly objection: (frame: Frame) => string | undefined;
  /** Whether a message keeps its sender's `receipt` header. */
  readonly keepsReceipt: boolean;
  /** Whether what is in a transaction is confirmed before COMMIT. */
  readonly confirmsEarly: boolean;
  /** Whether an ACK in a transaction waits for COMMIT. */
  readonly defersAck: boolean;
  /**
   * Whether a subscription needs an `id` where its version wants one. Without it
   * goes by its destination, and an ACK by the message alone.
   */
  readonly needsId: boolean;
  /** Whether a subscription may have the id of another one. */
  readonly sharesIds: boolean;
  /** Whether a SUBSCRIBE without a prefetch has that of the one before. */
  readonly inheritsPrefetch: boolean;
  /** Whether each MESSAGE says whether it was delivered before. */
  readonly saysRedelivered: boolean;
  /** What NACK means, where the client does not say. */
  readonly nackOutcome: Outcome;
  /** Whether NACK in mode `client` covers all messages before, as ACK does. */
  readonly nacksTogether: boolean;
  /** Whether an ACK after UNSUBSCRIBE is confirmed, without having an effect. */
  readonly confirmsLateAck: boolean;
  /** Whether ACK and NACK may name the `message-id` alone in 1.2, too. */
  readonly takesMessageIds: boolean;
  /**
   * The commands whose RECEIPT comes behind the MESSAGE that they set free for
   * the same client, not before.
   */
  readonly deliversBeforeReceipt: readonly string[];
  /** Whether a queue for answers that `reply-to` names needs no SUBSCRIBE. */
  readonly repliesWithoutSubscribe: boolean;
  /** What stands for parts of a topic's name; `undefined`: nothing does. */
  readonly wildcards: Wildcards | undefined;
  /** Whether a queue's name may hold wildcards, and means just that. */
  readonly hasLiteralQueues: boolean;
  /** How often a message is delivered in vain. */
  readonly maxDeliveries: number;
  /** Where messages go that are given up; `undefined`: nowhere. */
  readonly deadLetterQueue: string | undefined;
  /** Whether what was not acknowledged before UNSUBSCRIBE stays with the connection. */
  readonly keepsUnackedOnUnsubscribe: boolean;
}

/** A dialect as the broker speaks it: both halves. */
export type BrokerDialect = Dialect & Answers;

const OWN: Answers = {
  serverName: "stompest",
  hosts: undefined,
  heartBeat: { step: 1, least: 250, isWantedIn10: false },
  hasUniqueClients: false,
  survivesErrorOn: [],
  survivesUnknownCommands: false,
  namesReceipt: true,
  hasBareQueues: false,
  objection: ownObjection,
  keepsReceipt: false,
  confirmsEarly: true,
  defersAck: true,
  needsId: true,
  sharesIds: false,
  inheritsPrefetch: false,
  saysRedelivered: false,
  nackOutcome: "released",
  nacksTogether: true,
  confirmsLateAck: false,
  takesMessageIds: true,
  deliversBeforeReceipt: [],
  repliesWithoutSubscribe: true,
  wildcards: { one: "*", any: ">", isAnyLast: true, foreign: ["#"] },
  hasLiteralQueues: false,
  maxDeliveries: 20,
  deadLetterQueue: "/queue/dead-letters",
  keepsUnackedOnUnsubscribe: false,
};

/** As they were measured on RabbitMQ 3.10.8 and ActiveMQ 5.17.2, and are reported of Artemis. */
const ANSWERS: Readonly<Record<DialectName, Answers>> = {
  stompest: OWN,
  plain: { ...OWN, serverName: undefined, wildcards: undefined },
  rabbitmq: {
    ...OWN,
    serverName: "RabbitMQ/3.10.8",
    hosts: ["/"],
    heartBeat: { step: 1000, least: 1000, isWantedIn10: true },
    survivesErrorOn: "all",
    survivesUnknownCommands: true,
    namesReceipt: false,
    hasBareQueues: true,
    objection: rabbitObjection,
    keepsReceipt: true,
    confirmsEarly: false,
    needsId: false,
    inheritsPrefetch: true,
    saysRedelivered: true,
    deliversBeforeReceipt: ["SEND"],
    wildcards: { one: "*", any: "#", isAnyLast: false, foreign: [] },
    hasLiteralQueues: true,
    maxDeliveries: Infinity,
    deadLetterQueue: undefined,
    keepsUnackedOnUnsubscribe: true,
  },
  activemq: {
    ...OWN,
    serverName: "ActiveMQ/5.17.2",
    heartBeat: { step: 1, least: 1, isWantedIn10: true },
    hasUniqueClients: true,
    // deno-fmt-ignore
    survivesErrorOn: ["SEND", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK", "BEGIN",
      "COMMIT", "ABORT"],
    wildcards: { one: "*", any: ">", isAnyLast: true, foreign: [] },
    hasBareQueues: true,
    sharesIds: true,
    nackOutcome: "rejected",
    nacksTogether: false,
    confirmsLateAck: true,
    takesMessageIds: false,
    repliesWithoutSubscribe: false,
    maxDeliveries: Infinity,
    deadLetterQueue: "/queue/ActiveMQ.DLQ",
  },
  artemis: {
    ...OWN,
    serverName: "ActiveMQ-Artemis/2.31.2 ActiveMQ Artemis Messaging Engine",
    nackOutcome: "accepted",
    defersAck: false,
    takesMessageIds: false,
    repliesWithoutSubscribe: false,
    wildcards: { one: "*", any: "#", isAnyLast: false, foreign: [] },
    maxDeliveries: 10,
    deadLetterQueue: "DLQ",
  },
};

/** Whoever wants some messages alone must not be given all of them. */
function ownObjection({ command, headers }: Frame): string | undefined {
  return command === "SUBSCRIBE" && headers.has("selector")
    ? "This broker has no selectors: leave the header out, and choose among " +
      "the messages yourself."
    : undefined;
}

const RABBIT_PREFIXES = /^\/(queue|topic|reply-queue|temp-queue)\//;

function rabbitObjection({ command, headers }: Frame): string | undefined {
  if (command === "SEND" && headers.has("message-id")) {
    return "A SEND may not have a message-id.";
  }
  if (
    command === "SUBSCRIBE" && headers.get("id")?.startsWith("/temp-queue/")
  ) {
    return "The id of a subscription may not begin with /temp-queue/.";
  }
  const destination = headers.get("destination") ?? "";
  if (!destination.startsWith("/")) return undefined;
  const [prefix] = RABBIT_PREFIXES.exec(destination) ?? [];
  if (prefix === undefined || destination.includes("/", prefix.length)) {
    return `${quoted(destination)} is not a destination.`;
  }
  return command === "SUBSCRIBE" && prefix === "/temp-queue/"
    ? "A /temp-queue/ is subscribed to by a SEND that names it in reply-to."
    : undefined;
}

/** The heart-beats that a broker has for a client that asks for these. */
export function heartBeatFor(
  asked: HeartBeat,
  { step, least, isWantedIn10 }: HeartBeatSteps,
  version: Version,
): HeartBeat {
  // 0 is none.
  const inSteps = (period: number) =>
    period === 0 ? 0 : Math.max(least, Math.floor(period / step) * step);
  const isWanted = version !== "1.0" || isWantedIn10;
  return [inSteps(asked[1]), isWanted ? inSteps(asked[0]) : 0];
}

/** The dialect of this name. */
export function brokerDialectOf(name: DialectName = "stompest"): BrokerDialect {
  return { ...dialectOf(undefined, name), ...ANSWERS[name] };
}

/**
 * How many unacknowledged messages a SUBSCRIBE asks for at the most, in the
 * words of a dialect; `undefined`: it does not say.
 *
 * @throws {Refusal} if it does not say it as it should.
 */
export function creditOf(
  frame: Frame,
  { prefetchHeader, octetsPerMessage }: Dialect,
): number | undefined {
  const prefetch = frame.headers.get(prefetchHeader);
  if (prefetch === undefined) return undefined;
  if (!/^[0-9]+$/.test(prefetch)) {
    throw new Refusal(`${quoted(prefetch)} is not a ${prefetchHeader}.`);
  }
  if (octetsPerMessage === undefined) return Number(prefetch) || Infinity;
  // Where octets are counted, 0 of them let one message at a time through.
  return Math.max(1, Math.ceil(Number(prefetch) / octetsPerMessage));
}

/**
 * The name under which a SUBSCRIBE, or an UNSUBSCRIBE that deletes, means a
 * subscription that outlives its connection; `undefined`: it means none. No two
 * clients or topics share it where the broker keeps them apart.
 *
 * @throws {Refusal} if the client would need a name for that, too.
 */
export function durableName(
  { headers, command }: Frame,
  { durable }: Dialect,
  clientId: string | undefined,
  destination: string,
): string | undefined {
  if (durable === undefined) return undefined;
  const { nameHeader, needsClientId, deleteHeader } = durable;
  const isMeant = deleteHeader === undefined
    ? headers.has(nameHeader)
    : headers.get("durable") === "true";
  const name = headers.get(nameHeader);
  if (!isMeant || name === undefined) return undefined;
  if (!needsClientId) return `${name}\n${destination}`;
  if (clientId !== undefined) return `${clientId}\n${name}`;
  throw new Refusal(
    `This ${command} needs a client that has a name: CONNECT with a client-id.`,
  );
}
