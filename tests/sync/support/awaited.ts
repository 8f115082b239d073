// What is `async` here waits for nothing; what it throws is to be a rejection.
// deno-lint-ignore-file require-await

import { connectSync, type Frame, type SyncClient } from "../../../sync.ts";
import type {
  ClientUnderTest,
  ConnectUnderTest,
  MessageUnderTest,
  NackOptionsUnderTest,
  SubscriptionUnderTest,
  TransactionUnderTest,
} from "../../behaviours/behaviour.ts";

type SendOptions = Parameters<ClientUnderTest["send"]>[2];
type SubscribeOptions = Parameters<ClientUnderTest["subscribe"]>[1];

/** How long a message may take, in ms. */
const PATIENCE = 10_000;

/** Ids of transactions, by what stands for them. */
const ids = new WeakMap<TransactionUnderTest, string>();

/** Connects the blocking client, in a wrapping that has the other's words. */
export async function connectAwaited(
  url: string,
  options?: ConnectUnderTest,
): Promise<ClientUnderTest> {
  return new AwaitedClient(connectSync(url, options));
}

/** The blocking client, each of whose calls is made to be awaited. */
class AwaitedClient implements ClientUnderTest {
  readonly closed = Promise.resolve();
  readonly #client: SyncClient;

  constructor(client: SyncClient) {
    this.#client = client;
  }

  get version(): string {
    return this.#client.version;
  }

  get heartBeat(): readonly [number, number] {
    return this.#client.heartBeat;
  }

  async send(
    destination: string,
    body?: string | Uint8Array,
    options?: SendOptions,
  ): Promise<void> {
    this.#client.send(destination, body, options);
  }

  subscribe(
    destination: string,
    { manualAck = false, ...options }: SubscribeOptions = {},
  ): SubscriptionUnderTest {
    const client = this.#client;
    const id = client.subscribe(destination, options);
    const acknowledges = !manualAck && options.ack !== "auto";
    return {
      ready: Promise.resolve(),
      unsubscribe: async (options) => client.unsubscribe(id, options),
      [Symbol.asyncIterator]: () => messagesOf(client, acknowledges),
    };
  }

  async begin(): Promise<TransactionUnderTest> {
    return this.#named(this.#client.begin());
  }

  /** The work only looks as if it waited; its failure shows behind it. */
  async transaction(
    work: (transaction: TransactionUnderTest) => Promise<void>,
  ): Promise<void> {
    const transaction = this.#client.begin();
    try {
      await work(this.#named(transaction));
    } catch (error) {
      this.#client.abort(transaction);
      throw error;
    }
    this.#client.commit(transaction);
  }

  async close(): Promise<void> {
    this.#client.disconnect();
  }

  /** A blocking client has no other way to leave than to say good-bye. */
  abort(): void {
    this.#client.disconnect();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #named(id: string): TransactionUnderTest {
    const client = this.#client;
    const transaction: TransactionUnderTest = {
      send: async (destination, body, options) =>
        client.send(destination, body, { ...options, transaction: id }),
      commit: async () => client.commit(id),
      abort: async () => client.abort(id),
    };
    ids.set(transaction, id);
    return transaction;
  }
}

async function* messagesOf(
  client: SyncClient,
  acknowledges: boolean,
): AsyncGenerator<MessageUnderTest> {
  for (const frame of client.messages({ timeout: PATIENCE })) {
    yield messageOf(client, frame);
    if (acknowledges) client.ack(frame);
  }
  throw new Error(`no message came within ${PATIENCE} ms`);
}

function messageOf(client: SyncClient, frame: Frame): MessageUnderTest {
  const settle = async (
    verb: "ack" | "nack",
    { transaction, ...options }: NackOptionsUnderTest = {},
  ) =>
    client[verb](frame, {
      ...options,
      transaction: transaction && ids.get(transaction),
    });
  return {
    headers: frame.headers,
    body: frame.body,
    destination: frame.headers.get("destination")!,
    redelivered: frame.headers.get("redelivered") === "true",
    text: () => frame.text(),
    ack: (options) => settle("ack", options),
    nack: (options) => settle("nack", options),
  };
}
