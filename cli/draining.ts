import type {
  Client,
  Message,
  SubscribeOptions,
  Subscription,
} from "../mod.ts";

/** How long nothing may come until a queue counts as empty, in ms. */
export const IDLE = 2000;

/** How far a drained queue may be ahead of what is acknowledged. */
const PREFETCH = 1000;

/** How messages are taken from a queue. */
export interface DrainOptions {
  /** How many at most. */
  readonly most: number | undefined;
  /** How long nothing may come until it counts as empty, in ms. */
  readonly idle: number;
  /** Ends it, as an empty queue does. */
  readonly signal: AbortSignal;
  readonly prefetch?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * The messages that wait in a queue, to be settled by whoever takes them. STOMP
 * does not say that a queue is empty; that nothing comes for a while has to do.
 */
export async function* drain(
  client: Client,
  destination: string,
  { most = Infinity, idle, signal, prefetch, headers }: DrainOptions,
): AsyncGenerator<Message> {
  const options: SubscribeOptions = {
    manualAck: true,
    prefetch: prefetch ?? Math.min(most, PREFETCH),
    headers,
  };
  const subscription = client.subscribe(destination, options);
  for (let taken = 0; taken < most; taken++) {
    const message = await next(subscription, idle, signal);
    if (message === null) return;
    yield message;
  }
}

async function next(
  subscription: Subscription,
  timeout: number,
  signal: AbortSignal,
): Promise<Message | null> {
  try {
    return await subscription.receive({ timeout, signal });
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}
