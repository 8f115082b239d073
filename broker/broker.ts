import { resolveLimits } from "../codec/limits.ts";
import type { DialectName } from "../session/dialects.ts";
import { checkOptions } from "../session/option_checks.ts";
import { systemClock } from "../transport/clock.ts";
import { ownHostNames, runtimeTransport } from "../transport/runtime.ts";
import { checkTls } from "../transport/tls.ts";
import { ConnectionError } from "../errors.ts";
import {
  type Link,
  type Listener,
  showAddress,
  type Transport,
} from "../transport/transport.ts";
import { WebSocketListener } from "../transport/web_socket_listener.ts";
import { BrokerCore, type QueueStats } from "./core.ts";
import { checkCredentials } from "./credentials.ts";
import { BROKER_CHECKS, type BrokerOptions, DEFAULTS } from "./options.ts";
import { checkOrigins, welcomes } from "./origins.ts";
import { FairTurns } from "./fair_turns.ts";
import type { FaultHook } from "./fault_hook.ts";
import { Refusal } from "./refusal.ts";
import {
  ClientConnection,
  type ClientConnectionOptions,
} from "./client_connection.ts";

/** How long to wait after an accept that has failed, in ms. */
const ACCEPT_PAUSE = 10;
/** So many clients that are one too many are told so at a time. */
const MOST_REFUSED = 64;

/** What a {@linkcode Broker} is made with. */
interface BrokerInit {
  readonly core: BrokerCore;
  readonly listener: Listener;
  readonly webSockets: Listener | undefined;
  /** Whether clients connect by TLS. */
  readonly isSecure: boolean;
  readonly maxConnections: number;
  readonly options: ClientConnectionOptions;
}

/** A running broker. It is made by {@linkcode serve}. */
export class Broker implements AsyncDisposable {
  /** Where it listens, such as `stomp://127.0.0.1:61613`. */
  readonly url: string;
  /**
   * Where it listens for WebSockets, such as `ws://127.0.0.1:15674`, or
   * `wss://` with TLS; `undefined` if it does not.
   */
  readonly webSocketUrl: string | undefined;
  readonly #init: BrokerInit;
  readonly #listeners: readonly Listener[];
  readonly #connections = new Map<ClientConnection, Promise<void>>();
  /** Those of clients that are one too many. */
  readonly #refused = new Map<ClientConnection, Promise<void>>();
  readonly #accepting: Promise<unknown>;

  /** Made by {@linkcode serve}. */
  constructor(init: BrokerInit) {
    const { listener, webSockets } = init;
    const secure = init.isSecure ? "s" : "";
    this.url = `stomp${secure}://${showAddress(listener.address)}`;
    this.webSocketUrl = webSockets === undefined
      ? undefined
      : `ws${secure}://${showAddress(webSockets.address)}`;
    this.#listeners = webSockets === undefined
      ? [listener]
      : [listener, webSockets];
    this.#init = init;
    this.#accepting = Promise.all(
      this.#listeners.map((listener) => this.#accept(listener)),
    );
  }

  /**
   * What a queue holds, or all copies of a topic together, at this moment. A
   * destination that nobody has used is empty.
   */
  queue(destination: string): QueueStats {
    return this.#init.core.stats(destination);
  }

  /** How many clients are connected at this moment. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Drops all connections and listens no more. Messages are gone with it: this
   * broker keeps them in memory. Idempotent.
   */
  async close(): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    await this.#accepting;
    const connections = [...this.#connections, ...this.#refused];
    for (const [connection] of connections) connection.drop();
    await Promise.all(connections.map(([, running]) => running));
  }

  /** The same as {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #accept(listener: Listener): Promise<void> {
    for (;;) {
      let link: Link | undefined;
      try {
        link = await listener.accept();
      } catch (error) {
        // A client that is gone already, or too many of them at the moment.
        if (!(error instanceof ConnectionError)) throw error;
        await new Promise((resolve) =>
          this.#init.options.clock.after(ACCEPT_PAUSE, () => resolve(undefined))
        );
        continue;
      }
      if (link === undefined) return;
      if (this.#connections.size < this.#init.maxConnections) {
        this.#serve(link, this.#connections);
      } else this.#refuse(link);
    }
  }

  #serve(
    link: Link,
    connections: Map<ClientConnection, Promise<void>>,
  ): ClientConnection {
    const { core, options } = this.#init;
    const connection = new ClientConnection(core, link, options);
    const running = connection.run()
      .finally(() => connections.delete(connection));
    connections.set(connection, running);
    return connection;
  }

  /** Tells a client that it is one too many, unless many are told just now. */
  #refuse(link: Link): void {
    if (this.#refused.size >= MOST_REFUSED) return link.close();
    this.#serve(link, this.#refused).refuse(
      new Refusal(
        `There are ${this.#init.maxConnections} connections, and more may not be ` +
          "(maxConnections): connect again when some are gone.",
      ),
    );
  }
}

/**
 * Starts a STOMP broker in this process. It speaks STOMP 1.0, 1.1 and 1.2, has
 * queues and topics with real semantics, keeps everything in memory, and
 * listens on the loopback interface unless it is told otherwise.
 *
 * @throws {UsageError} if an option is wrong, {ConnectionError} if the address
 * cannot be had.
 *
 * @example
 * ```ts
 * import { serve } from "@stompest/core/broker";
 * import { connect } from "@stompest/core";
 *
 * await using broker = await serve({ credentials: { guest: "guest" } });
 * await using client = await connect(broker.url, {
 *   login: "guest",
 *   passcode: "guest",
 * });
 * await client.send("/queue/a", "hello", { receipt: true });
 * ```
 */
export function serve(options: BrokerOptions = {}): Promise<Broker> {
  return serveWith(options, {});
}

/** What the test kit adds to a broker. */
export interface KitOptions {
  /** Takes the place of a listener. */
  readonly wrap?: (listener: Listener) => Listener;
  /** Who listens in on a link. */
  readonly hookOf?: (link: Link) => FaultHook;
  /** Which broker it answers like. */
  readonly dialect?: DialectName | undefined;
}

/** The same for the test kit. */
export async function serveWith(
  options: BrokerOptions,
  { wrap = (listener) => listener, hookOf, dialect }: KitOptions,
): Promise<Broker> {
  checkOptions("serve()", options, BROKER_CHECKS);
  checkCredentials(options.credentials);
  checkOrigins(options.origins);
  if (options.tls !== undefined) checkTls(options.tls);
  const limits = resolveLimits(options.limits);
  const transport = options.transport ?? await runtimeTransport();
  const listener = await transport.listen({
    hostname: options.hostname ?? DEFAULTS.hostname,
    port: options.port ?? DEFAULTS.port,
  }, { tls: options.tls });
  const clock = options.clock ?? systemClock;
  const turns = new FairTurns(clock);
  const delivering = { work: deliverUntil };
  const core = new BrokerCore({
    credentials: options.credentials,
    heartBeat: options.heartBeat,
    maxQueueOctets: options.maxQueueOctets,
    maxOctets: options.maxOctets ?? DEFAULTS.maxOctets,
    maxDestinations: options.maxDestinations ?? DEFAULTS.maxDestinations,
    maxSubscriptions: options.maxSubscriptions ?? DEFAULTS.maxSubscriptions,
    maxTransactions: options.maxTransactions ?? DEFAULTS.maxTransactions,
    whenFull: options.whenFull,
    maxDeliveries: options.maxDeliveries,
    deadLetterQueue: options.deadLetterQueue,
    dialect,
    newSecret: () => crypto.randomUUID(),
    isBehind: () => turns.addFirst(delivering),
  });
  function deliverUntil(until: number): boolean {
    do core.deliver(); while (core.isBehind && clock.now() < until);
    return false;
  }
  const webSockets = await webSocketsOf(transport, listener, options);
  return new Broker({
    core,
    listener: wrap(listener),
    webSockets: webSockets && wrap(webSockets),
    isSecure: options.tls !== undefined,
    maxConnections: options.maxConnections ?? DEFAULTS.maxConnections,
    options: {
      skipsBeats: core.dialect.skipsBeats,
      hookOf,
      limits,
      clock,
      turns,
      connectTimeout: options.connectTimeout ?? DEFAULTS.connectTimeout,
      frameTimeout: options.frameTimeout ?? DEFAULTS.frameTimeout,
    },
  });
}

/** The listener for WebSockets, if there is to be one; else the other is not either. */
async function webSocketsOf(
  transport: Transport,
  listener: Listener,
  {
    hostname = DEFAULTS.hostname,
    webSocketPort,
    origins,
    tls,
    clock = systemClock,
  }: BrokerOptions,
): Promise<Listener | undefined> {
  if (webSocketPort === undefined) return undefined;
  try {
    const isWelcome = welcomes(origins, [hostname, ...await ownHostNames()]);
    return new WebSocketListener(
      await transport.listen({ hostname, port: webSocketPort }, { tls }),
      { clock, isWelcome },
    );
  } catch (error) {
    listener.close();
    throw error;
  }
}
