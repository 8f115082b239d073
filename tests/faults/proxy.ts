import { runtimeTransport } from "../../transport/runtime.ts";
import type {
  Address,
  Link,
  Listener,
  Transport,
} from "../../transport/transport.ts";
import type { Random } from "../support/random.ts";

/** What has been done to the connections so far. */
export interface Mischief {
  cuts: number;
  resets: number;
  stalls: number;
  splits: number;
}

/** A connection through the proxy. */
interface Pair {
  readonly ends: readonly [Link, Link];
  /** Present once nobody reads any more; resolves when both ends are closed. */
  deaf: Promise<void> | undefined;
}

/**
 * A TCP proxy between clients and a broker that harms the connections that pass
 * through it: it cuts them anywhere in a frame, stalls them, and passes octets
 * on in crumbs.
 */
export class Proxy implements AsyncDisposable {
  /** What it has done. */
  readonly done: Mischief = { cuts: 0, resets: 0, stalls: 0, splits: 0 };
  readonly #transport: Transport;
  readonly #listener: Listener;
  readonly #broker: Address;
  readonly #random: Random;
  readonly #pairs = new Set<Pair>();
  readonly #running = new Set<Promise<void>>();
  #isCalm = false;

  private constructor(
    transport: Transport,
    listener: Listener,
    broker: Address,
    random: Random,
  ) {
    this.#transport = transport;
    this.#listener = listener;
    this.#broker = broker;
    this.#random = random;
    this.#track(this.#accept());
  }

  /** Begins to listen, at any free port. */
  static async start(broker: Address, random: Random): Promise<Proxy> {
    const transport = await runtimeTransport();
    const listener = await transport.listen({ hostname: "127.0.0.1", port: 0 });
    return new Proxy(transport, listener, broker, random);
  }

  /** Where it listens. */
  get address(): Address {
    return this.#listener.address;
  }

  /**
   * Cuts one of the connections, wherever it is: at once, or after a while in
   * which nobody reads, so that what has come unread resets it.
   */
  cut(): void {
    const pairs = [...this.#pairs];
    if (pairs.length === 0) return;
    this.done.cuts++;
    const pair = this.#random.pick(pairs);
    const close = () => pair.ends.forEach((end) => end.close());
    if (this.#random.onceIn(2)) return close();
    this.done.resets++;
    pair.deaf = pause(this.#random.below(20)).then(close);
  }

  /** What has begun is done; from then on everything passes as it should. */
  async calmDown(): Promise<void> {
    this.#isCalm = true;
    await Promise.all([...this.#pairs].map(({ deaf }) => deaf));
  }

  /** Ends everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const { ends } of this.#pairs) for (const end of ends) end.close();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch(() => {}).finally(() =>
      this.#running.delete(tracked)
    );
    this.#running.add(tracked);
  }

  async #accept(): Promise<void> {
    for (let link; (link = await this.#listener.accept()) !== undefined;) {
      this.#track(this.#serve(link));
    }
  }

  async #serve(client: Link): Promise<void> {
    let broker: Link;
    try {
      broker = await this.#transport.connect(this.#broker);
    } catch {
      client.close();
      return;
    }
    const pair: Pair = { ends: [client, broker], deaf: undefined };
    this.#pairs.add(pair);
    try {
      await Promise.race([
        this.#pump(client, broker, pair),
        this.#pump(broker, client, pair),
      ]);
    } finally {
      this.#pairs.delete(pair);
      client.close();
      broker.close();
    }
  }

  async #pump(from: Link, to: Link, pair: Pair): Promise<void> {
    for (let octets; (octets = await from.read()) !== undefined;) {
      if (pair.deaf !== undefined) return await pair.deaf;
      let at = 0;
      if (!this.#isCalm && this.#random.onceIn(4)) {
        // Part of it arrives, and the rest a little later, or never.
        at = this.#random.below(octets.length);
        if (at > 0) await to.write(octets.subarray(0, at));
        this.done.splits++;
        if (this.#random.onceIn(4)) {
          this.done.stalls++;
          await pause(this.#random.below(40));
        }
      }
      await to.write(octets.subarray(at));
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
