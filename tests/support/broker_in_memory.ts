import type { Version } from "../../codec/mod.ts";
import {
  serve,
  type TestBroker,
  type TestBrokerOptions,
} from "../../testing/mod.ts";
import { MemoryNetwork } from "../../transport/memory.ts";
import { RawPeer } from "./raw_peer.ts";
import { VirtualClock } from "./virtual_clock.ts";

/** A broker without sockets, and the time that it lives in. */
export class BrokerInMemory implements AsyncDisposable {
  readonly broker: TestBroker;
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly #peers: RawPeer[] = [];

  private constructor(
    broker: TestBroker,
    clock: VirtualClock,
    network: MemoryNetwork,
  ) {
    this.broker = broker;
    this.clock = clock;
    this.network = network;
  }

  /** Starts a broker. */
  static async start(
    options: TestBrokerOptions = {},
    network: MemoryNetwork = new MemoryNetwork(),
  ): Promise<BrokerInMemory> {
    const clock = new VirtualClock();
    const broker = await serve({ ...options, transport: network, clock });
    return new BrokerInMemory(broker, clock, network);
  }

  /** A peer that has said nothing yet. */
  async dial(): Promise<RawPeer> {
    const peer = await RawPeer.dial(this.network, this.broker.url);
    this.#peers.push(peer);
    return peer;
  }

  /** A peer whose session is open. */
  async connect(
    version: Version = "1.2",
    headers: Record<string, string> = {},
  ): Promise<RawPeer> {
    const peer = await this.dial();
    await peer.connect(version, headers);
    return peer;
  }

  /** Ends every connection and the broker. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers) await peer.close();
    await this.broker.close();
  }
}
