/**
 * How brokers differ, as data. STOMP leaves much to the broker; what a client
 * has to know of it stands here, one row a broker, and nowhere else.
 *
 * @module
 */

/** The brokers with a row of their own. `plain` is any other. */
export type DialectName = "rabbitmq" | "activemq" | "artemis" | "plain";

/** What is particular about a broker. */
export interface Dialect {
  /** The row's name, as the option `dialect` takes it. */
  readonly name: DialectName;
  /** How the `server` header of its CONNECTED begins. */
  readonly server: string;
  /** The SUBSCRIBE header that limits unacknowledged messages. */
  readonly prefetchHeader: string;
  /**
   * What that header counts: messages, or octets, of which this many are
   * taken for one message. 0 octets then means one message at a time.
   */
  readonly octetsPerMessage: number | undefined;
  /**
   * After how many silent heart-beat periods it is dead. ActiveMQ looks once a
   * period whether it has sent anything since the last look, so that up to two
   * periods and a little more pass between two signs of life.
   */
  readonly patience: number;
}

const DIALECTS: readonly Dialect[] = [
  {
    name: "rabbitmq",
    server: "RabbitMQ",
    prefetchHeader: "prefetch-count",
    octetsPerMessage: undefined,
    patience: 2,
  },
  {
    name: "artemis",
    server: "ActiveMQ-Artemis",
    prefetchHeader: "consumer-window-size",
    octetsPerMessage: 1024,
    patience: 2,
  },
  {
    name: "activemq",
    server: "ActiveMQ",
    prefetchHeader: "activemq.prefetchSize",
    octetsPerMessage: undefined,
    patience: 3,
  },
  {
    name: "plain",
    server: "",
    prefetchHeader: "prefetch-count",
    octetsPerMessage: undefined,
    patience: 2,
  },
];

/** The names that the option `dialect` takes. */
export const DIALECT_NAMES: readonly DialectName[] = DIALECTS.map((row) =>
  row.name
);

/** The row for a broker: the one that was asked for, else by what it says. */
export function dialectOf(
  server: string | undefined,
  name?: DialectName,
): Dialect {
  return DIALECTS.find((row) =>
    name === undefined
      ? (server ?? "").startsWith(row.server)
      : row.name === name
  )!;
}

/** The header that asks a broker for at most `prefetch` messages at a time. */
export function prefetchHeader(
  dialect: Dialect,
  prefetch: number,
): readonly [string, string] {
  const { octetsPerMessage } = dialect;
  const value = octetsPerMessage === undefined
    ? prefetch
    : prefetch === 1
    ? 0
    : prefetch * octetsPerMessage;
  return [dialect.prefetchHeader, String(value)];
}
