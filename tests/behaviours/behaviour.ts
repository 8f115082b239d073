import { type Client, connect, type ConnectOptions } from "../../mod.ts";
import type { Message, Subscription } from "../../mod.ts";

/** The broker that a behaviour is tried on. */
export interface BrokerUnderTest {
  readonly name: "embedded" | "rabbitmq" | "activemq";
  /** Where it is, with login and passcode. */
  readonly url: string;
}

/** Something that the client does in the same way on every broker. */
export interface Behaviour {
  /** A claim. */
  readonly name: string;
  /** Fails where the claim does not hold. */
  run(broker: BrokerUnderTest): Promise<void>;
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

/** Connects, does something, and closes. */
export async function withClient<T>(
  broker: BrokerUnderTest,
  work: (client: Client) => Promise<T>,
  options?: ConnectOptions,
): Promise<T> {
  await using client = await connect(broker.url, options);
  return await work(client);
}

/**
 * The next messages of a subscription. As in a loop, taking one acknowledges
 * the one before, unless the subscription has `manualAck`.
 */
export async function take(
  subscription: Subscription,
  count: number,
): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of subscription) {
    messages.push(message);
    if (messages.length === count) break;
  }
  return messages;
}
