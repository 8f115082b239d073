import { type Client, connect, type ConnectOptions } from "../../mod.ts";
import {
  type Interception,
  serve,
  settled,
  type TestBroker,
  VirtualClock,
} from "../../testing/mod.ts";
import { MemoryNetwork } from "../../transport/memory.ts";
import { assertEquals } from "./assert.ts";
import type { PlainFrame } from "./frames.ts";
import { raw, RawPeer } from "./raw_peer.ts";

/** A broker that says exactly what a test tells it to, and its clients. */
export class ScriptedBroker implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly #broker: TestBroker;
  readonly #interception: Interception;
  readonly #peers: RawPeer[] = [];
  readonly #clients: Client[] = [];

  private constructor(
    broker: TestBroker,
    network: MemoryNetwork,
    clock: VirtualClock,
  ) {
    this.network = network;
    this.clock = clock;
    this.#broker = broker;
    this.#interception = broker.intercept();
  }

  /** Begins to listen. */
  static async start(
    network: MemoryNetwork = new MemoryNetwork(),
  ): Promise<ScriptedBroker> {
    const clock = new VirtualClock();
    const broker = await serve({ transport: network, clock });
    return new ScriptedBroker(broker, network, clock);
  }

  /** Where it is. */
  get url(): string {
    return this.#broker.url;
  }

  /** A client that begins to connect. */
  async dial(options: ConnectOptions = {}): Promise<Client> {
    const client = await connect(this.url, {
      transport: this.network,
      clock: this.clock,
      heartBeat: [0, 0],
      reconnect: false,
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  /** The broker's end of the next connection. */
  async accept(): Promise<RawPeer> {
    const { link } = await this.#interception.accept();
    const peer = new RawPeer(link);
    this.#peers.push(peer);
    return peer;
  }

  /** A client that has connected, and the broker's end of its connection. */
  async connect(
    options: ConnectOptions = {},
    connected: Record<string, string> = { version: "1.2" },
  ): Promise<{ client: Client; peer: RawPeer }> {
    const dialing = this.dial(options);
    const peer = await this.accept();
    assertEquals((await peer.next())?.command, "CONNECT");
    await peer.write(raw("CONNECTED", connected));
    return { client: await dialing, peer };
  }

  /** Drops whatever is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) {
      client.abort("the test is over");
      await client.closed;
    }
    for (const peer of this.#peers) await peer.close();
    await this.#broker.close();
  }
}

/** A MESSAGE for a subscription, which its number tells from others. */
export function message(
  subscription: string,
  number: number,
  headers: Record<string, string> = {},
): string {
  return raw("MESSAGE", {
    subscription,
    "message-id": `m${number}`,
    destination: "/queue/a",
    ack: `a${number}`,
    ...headers,
  }, String(number));
}

/** The value of a frame's header. */
export function header(
  frame: PlainFrame | undefined,
  name: string,
): string | undefined {
  return frame?.headers.find(([key]) => key === name)?.[1];
}

/** Answers the receipt that a frame asks for. */
export async function confirm(
  peer: RawPeer,
  frame: PlainFrame | undefined,
): Promise<void> {
  await peer.write(raw("RECEIPT", { "receipt-id": header(frame, "receipt") }));
  await settled();
}

/** What a promise has come to by now, for claims that it waits. */
export function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([
    promise.catch((error) => error),
    settled().then(() => "pending"),
  ]);
}
