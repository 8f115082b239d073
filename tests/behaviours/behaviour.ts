import { type Client, connect } from "../../mod.ts";
import type {
  AckMode,
  SharedConnectOptions,
  SyncConnectOptions,
} from "../../mod.ts";

/** A message as both clients hand it out. */
export interface MessageUnderTest {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  readonly destination: string;
  readonly redelivered: boolean;
  text(): string;
  ack(options?: AckOptionsUnderTest): Promise<boolean>;
  nack(options?: NackOptionsUnderTest): Promise<boolean>;
}

/** What settling takes in both clients. */
export interface AckOptionsUnderTest {
  receipt?: boolean | undefined;
  transaction?: TransactionUnderTest | undefined;
}

/** What refusing takes in both clients. */
export interface NackOptionsUnderTest extends AckOptionsUnderTest {
  requeue?: boolean | undefined;
}

/** A subscription; going on acknowledges unless it is told not to. */
export interface SubscriptionUnderTest<M = MessageUnderTest> {
  readonly ready: Promise<void>;
  unsubscribe(options?: { delete?: boolean }): Promise<void>;
  [Symbol.asyncIterator](): AsyncIterator<M>;
}

/** What happens together or not at all. */
export interface TransactionUnderTest {
  send(
    destination: string,
    body: string,
    options?: { receipt?: boolean },
  ): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/**
 * What both clients can do, in the words of the asynchronous one. The blocking
 * one comes in a wrapping that has these words.
 */
export interface ClientUnderTest extends AsyncDisposable {
  readonly version: string | undefined;
  readonly heartBeat: readonly [number, number];
  send(
    destination: string,
    body?: string | Uint8Array,
    options?: { headers?: Record<string, string>; receipt?: boolean },
  ): Promise<void>;
  subscribe(
    destination: string,
    options?: {
      ack?: AckMode;
      prefetch?: number;
      manualAck?: boolean;
      durable?: string;
    },
  ): SubscriptionUnderTest;
  begin(): Promise<TransactionUnderTest>;
  transaction(
    work: (transaction: TransactionUnderTest) => Promise<void>,
  ): Promise<void>;
  close(): Promise<unknown>;
  abort(reason: string): void;
  readonly closed: Promise<unknown>;
}

/** Options that both clients have. */
export type ConnectUnderTest =
  & SharedConnectOptions
  & Pick<SyncConnectOptions, "reconnect">
  & { passcode?: string };

/** The broker that a behaviour is tried on, and the client to try. */
export interface BrokerUnderTest<C = ClientUnderTest> {
  readonly name:
    | "embedded"
    | "rabbitmq"
    | "activemq"
    | "artemis"
    | "coilmq"
    | "stompserver";
  /** Where it is, with login and passcode. */
  readonly url: string;
  /** Makes a client. */
  connect(url: string, options?: ConnectUnderTest): Promise<C>;
}

/** Something that a client does in the same way on every broker. */
export interface Behaviour<C = ClientUnderTest> {
  /** A claim. */
  readonly name: string;
  /** Fails where the claim does not hold. */
  run(broker: BrokerUnderTest<C>): Promise<void>;
  /** The brokers that it holds for; all where it says nothing. */
  readonly on?: readonly BrokerUnderTest["name"][];
  /** How long it may take, in ms. */
  readonly timeout?: number;
}

const STARTED = Date.now().toString(36);
let lastQueue = 0;

/** A queue that nobody has used before, whatever ran on the broker earlier. */
export function newQueue(): string {
  return `/queue/test-${STARTED}-${++lastQueue}`;
}

/** The asynchronous client. */
export function connectAsync(
  url: string,
  options?: ConnectUnderTest,
): Promise<Client> {
  return connect(url, options);
}

/** Connects, does something, and closes. */
export async function withClient<T, C extends AsyncDisposable>(
  broker: BrokerUnderTest<C>,
  work: (client: C) => Promise<T>,
  options?: ConnectUnderTest,
): Promise<T> {
  await using client = await broker.connect(broker.url, options);
  return await work(client);
}

/**
 * The next messages of a subscription. As in a loop, taking one acknowledges
 * the one before, unless the subscription has `manualAck`.
 */
export async function take<M>(
  subscription: SubscriptionUnderTest<M>,
  count: number,
): Promise<M[]> {
  const messages: M[] = [];
  for await (const message of subscription) {
    messages.push(message);
    if (messages.length === count) break;
  }
  return messages;
}

/** The numbers from 0 on, as texts. */
export function counted(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}
