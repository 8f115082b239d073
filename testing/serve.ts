import { type Broker, serveWith } from "../broker/broker.ts";
import type { QueueStats } from "../broker/core.ts";
import { BROKER_CHECKS, type BrokerOptions } from "../broker/options.ts";
import type { Frame } from "../codec/mod.ts";
import { DIALECT_NAMES, type DialectName } from "../session/dialects.ts";
import {
  type Check,
  checkOptions,
  numberFrom,
  oneOf,
} from "../session/option_checks.ts";
import type { Clock } from "../transport/clock.ts";
import { MemoryNetwork } from "../transport/memory.ts";
import type { Link, Listener, Transport } from "../transport/transport.ts";
import { UsageError } from "../errors.ts";
import { KitConnection, type KitState } from "./kit_connection.ts";
import { Interception } from "./scripted_broker.ts";
import { type Misbehaviour, MISBEHAVIOUR_CHECKS } from "./misbehaviour.ts";
import { type ReceivedFrame, Transcript } from "./transcript.ts";
import { VirtualClock } from "./virtual_clock.ts";

/** Options of {@linkcode serve}. */
export interface TestBrokerOptions extends BrokerOptions {
  /**
   * Which broker it answers like, where those differ: the hosts it lets in, its
   * heart-beats, which destinations and headers it takes, what prefetch counts,
   * what NACK means and where dead letters go, what becomes of a late ACK, how a
   * subscription outlives its connection, whether an ERROR names its receipt
   * and ends the connection, whether a receipt in a transaction comes before
   * COMMIT, and how answers to `reply-to` find their way. As measured on
   * RabbitMQ 3.10.8 and ActiveMQ 5.17.2; Artemis as it is reported.
   *
   * @default {"stompest"}
   */
  dialect?: DialectName | undefined;
  /**
   * How many frames the transcript keeps: the latest. A test that runs for long
   * may need no more than the last hundred; see
   * {@linkcode TestBroker.clearFrames}, too.
   *
   * @default {100000}
   */
  maxFrames?: number | undefined;
}

/** So many frames the transcript keeps where nothing is said. */
const MAX_FRAMES = 100_000;

const TEST_BROKER_CHECKS: Readonly<Record<keyof TestBrokerOptions, Check>> = {
  ...BROKER_CHECKS,
  dialect: oneOf(...DIALECT_NAMES),
  maxFrames: numberFrom(0, Infinity),
};

/** A broker for tests. It is made by {@linkcode serve} or {@linkcode serveInMemory}. */
export class TestBroker implements AsyncDisposable {
  readonly #broker: Broker;
  readonly #kit: Kit;

  /** Made by {@linkcode serve}. */
  constructor(broker: Broker, kit: Kit) {
    this.#broker = broker;
    this.#kit = kit;
  }

  /** Where it listens, such as `stomp://127.0.0.1:61613`. */
  get url(): string {
    return this.#broker.url;
  }

  /** Where it listens for WebSockets, if it does. */
  get webSocketUrl(): string | undefined {
    return this.#broker.webSocketUrl;
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#broker.connections;
  }

  /**
   * What a queue holds, or all copies of a topic together, at this moment. A
   * destination that nobody has used is empty.
   */
  queue(destination: string): QueueStats {
    return this.#broker.queue(destination);
  }

  /**
   * The frames that clients have sent, heart-beats not counted, in order: the
   * latest `maxFrames` of them since {@linkcode TestBroker.clearFrames}.
   */
  frames(): readonly ReceivedFrame[] {
    return this.#kit.transcript.frames();
  }

  /** Forgets the frames that clients have sent until now. */
  clearFrames(): void {
    this.#kit.transcript.clear();
  }

  /**
   * From now on the broker does this wrong, on connections that there are and on
   * new ones, in place of what it did wrong before.
   *
   * @throws {UsageError} if something of it cannot be.
   */
  misbehave(misbehaviour: Misbehaviour): void {
    checkOptions("misbehave()", misbehaviour, MISBEHAVIOUR_CHECKS);
    this.#kit.misbehave(misbehaviour);
  }

  /** From now on the broker does everything as it should. */
  behave(): void {
    this.#kit.misbehave({});
  }

  /**
   * From now on new connections come to the test, which speaks for the broker
   * and says what no broker would, until the interception is disposed of.
   *
   * @throws {UsageError} if there is one already.
   *
   * @example
   * ```ts
   * import { BrokerError, connect } from "@stompest/core";
   * import { Frame, serve } from "@stompest/core/testing";
   * import { assertEquals, assertRejects } from "@std/assert";
   *
   * await using broker = await serve();
   * using interception = broker.intercept();
   * const refused = assertRejects(() => connect(broker.url), BrokerError);
   * using connection = await interception.accept();
   * assertEquals((await connection.next())?.command, "CONNECT");
   * await connection.send(new Frame("ERROR", { message: "not today" }));
   * await refused;
   * ```
   */
  intercept(): Interception {
    return this.#kit.intercept();
  }

  /** Drops all connections and listens no more. Idempotent. */
  close(): Promise<void> {
    this.#kit.close();
    return this.#broker.close();
  }

  /** The same as {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Looks at what goes over a network, and spoils it. */
class Kit implements KitState {
  #misbehaviour: Misbehaviour = {};
  #change = Promise.withResolvers<void>();
  readonly transcript: Transcript;
  #connections = 0;
  #interception: Interception | undefined;
  readonly #intercepted: Link[] = [];

  constructor(maxFrames: number) {
    this.transcript = new Transcript(maxFrames);
  }

  get misbehaviour(): Misbehaviour {
    return this.#misbehaviour;
  }

  get changed(): Promise<void> {
    return this.#change.promise;
  }

  misbehave(misbehaviour: Misbehaviour): void {
    this.#misbehaviour = misbehaviour;
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  intercept(): Interception {
    if (this.#interception !== undefined) {
      throw new UsageError(
        "Connections are intercepted already: dispose of that interception first.",
      );
    }
    this.#interception = new Interception(
      (connection, frame) => this.record(connection, frame),
      () => this.#interception = undefined,
    );
    return this.#interception;
  }

  /** What the broker's own end does not reach. */
  close(): void {
    this.#interception?.[Symbol.dispose]();
    for (const link of this.#intercepted) link.close();
  }

  record(connection: number, frame: Frame): void {
    this.transcript.add(connection, frame);
  }

  /** The same listener, whose links are the kit's. */
  wrap(listener: Listener): Listener {
    return {
      address: listener.address,
      close: () => listener.close(),
      accept: async () => {
        for (;;) {
          const link = await listener.accept();
          if (link === undefined) return undefined;
          if (this.#interception !== undefined) {
            this.#intercepted.push(link);
            this.#interception.offer(++this.#connections, link);
            continue;
          }
          if (!this.misbehaviour.refuseConnections) {
            return new KitConnection(++this.#connections, link, this);
          }
          link.close();
        }
      },
    };
  }
}

/**
 * Starts the embedded broker for a test: it can be looked into, and it
 * misbehaves when told. It takes the options of the broker's own `serve()`.
 *
 * @throws What that throws.
 *
 * @example
 * ```ts
 * import { connect } from "@stompest/core";
 * import { serve } from "@stompest/core/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await using broker = await serve();
 * await using client = await connect(broker.url);
 * await client.send("/queue/a", "hello", { receipt: true });
 * assertEquals(broker.queue("/queue/a").depth, 1);
 * assertEquals(broker.frames().map(({ frame }) => frame.command), [
 *   "CONNECT",
 *   "SEND",
 * ]);
 * ```
 */
export async function serve(
  options: TestBrokerOptions = {},
): Promise<TestBroker> {
  checkOptions("serve()", options, TEST_BROKER_CHECKS);
  const { dialect, maxFrames = MAX_FRAMES, ...rest } = options;
  const kit = new Kit(maxFrames);
  const broker = await serveWith(rest, {
    dialect,
    wrap: (listener) => kit.wrap(listener),
    hookOf: (link) => link as KitConnection,
  });
  return new TestBroker(broker, kit);
}

/** A broker without sockets, and what a client needs to reach it. */
export interface MemoryBroker extends AsyncDisposable {
  /** The broker. */
  readonly broker: TestBroker;
  /** The time that it and its clients live in. */
  readonly clock: VirtualClock;
  /** Options of `connect()`. */
  readonly access: { readonly transport: Transport; readonly clock: Clock };
}

/**
 * The same, fully in memory: no port, no permission, and time that stands still
 * until the test moves it.
 *
 * @throws What {@linkcode serve} throws.
 *
 * @example
 * ```ts
 * import { connect } from "@stompest/core";
 * import { serveInMemory } from "@stompest/core/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await using memory = await serveInMemory();
 * await using client = await connect(memory.broker.url, {
 *   ...memory.access,
 *   heartBeat: [60_000, 60_000],
 *   reconnect: false,
 * });
 * memory.broker.misbehave({ stopHeartBeats: true });
 * await memory.clock.advance(120_000); // takes no time
 * assertEquals((await client.closed).graceful, false);
 * ```
 */
export async function serveInMemory(
  options: Omit<TestBrokerOptions, "transport" | "clock" | "webSocketPort"> =
    {},
): Promise<MemoryBroker> {
  const clock = new VirtualClock();
  const transport = new MemoryNetwork();
  const broker = await serve({ ...options, transport, clock });
  return {
    broker,
    clock,
    access: { transport, clock },
    [Symbol.asyncDispose]: () => broker.close(),
  };
}
