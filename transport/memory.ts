import { ConnectionError, UsageError } from "../errors.ts";
import { AcceptQueue } from "./accept_queue.ts";
import {
  type Address,
  type Link,
  type LinkOptions,
  type Listener,
  type ListenerOptions,
  showAddress,
  type Transport,
} from "./transport.ts";

/** How a link in memory is made. */
export interface MemoryLinkOptions {
  /**
   * Octets that fit between the two ends before a write has to wait.
   *
   * @default {65536}
   */
  capacity?: number;
}

/**
 * One end of a connection in memory. It behaves as a socket does, faults
 * included: it takes a write in parts, stalls, and is cut or reset when told.
 */
export class MemoryLink implements Link {
  readonly peer: string;
  readonly #capacity: number;
  #other!: MemoryLink;
  /** What the other end has written and we have not read. */
  #arrived: Uint8Array[] = [];
  #arrivedOctets = 0;
  #ended = false;
  #failure: ConnectionError | undefined;
  #closed = false;
  #stalled = false;
  #cutAfter = Infinity;
  readonly #waiting = new Set<() => void>();

  constructor(peer: string, capacity: number) {
    this.peer = peer;
    this.#capacity = capacity;
  }

  /** Two ends of one connection. */
  static pair(
    options: MemoryLinkOptions = {},
    peers: readonly [string, string] = ["memory:1", "memory:2"],
  ): [MemoryLink, MemoryLink] {
    const { capacity = 64 * 1024 } = options;
    const one = new MemoryLink(peers[1], capacity);
    const two = new MemoryLink(peers[0], capacity);
    one.#other = two;
    two.#other = one;
    return [one, two];
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#closed) return undefined;
      const octets = this.#arrived.shift();
      if (octets !== undefined) {
        this.#arrivedOctets -= octets.length;
        this.#other.#wake();
        return octets;
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      await this.#change();
    }
  }

  async write(octets: Uint8Array): Promise<void> {
    for (let at = 0; at < octets.length;) {
      this.#throwIfDown();
      const room = this.#other.#closed
        ? octets.length
        : this.#capacity - this.#other.#arrivedOctets;
      if (room <= 0 || this.#stalled) {
        await this.#change();
        continue;
      }
      const count = Math.min(room, octets.length - at, this.#cutAfter);
      // A socket copies what it takes: the writer may use its array again.
      if (count > 0) this.#other.#arrive(octets.slice(at, at + count));
      at += count;
      this.#cutAfter -= count;
      if (this.#cutAfter === 0) this.reset();
    }
    this.#throwIfDown();
    // A socket's write takes at least a turn of the event loop.
    await new Promise<void>((resolve) => queueMicrotask(resolve));
  }

  // deno-lint-ignore require-await -- the interface's other adapters wait
  async end(): Promise<void> {
    this.#throwIfDown();
    this.#other.#ended = true;
    this.#other.#wake();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#other.#ended = true;
    this.#wake();
    this.#other.#wake();
  }

  /** From now on writes of this end wait; `false` lets them go on. */
  stall(stalled = true): void {
    this.#stalled = stalled;
    this.#wake();
  }

  /** Both ends lose the connection after this end has sent so many octets. */
  cutAfter(octets: number): void {
    this.#cutAfter = octets;
  }

  /** Both ends lose the connection now; what was on its way is gone. */
  reset(): void {
    for (const end of [this, this.#other]) {
      end.#arrived = [];
      end.#arrivedOctets = 0;
      end.#failure = new ConnectionError(
        `The connection to ${end.peer} was lost: the peer reset it.`,
      );
      end.#wake();
    }
  }

  #arrive(octets: Uint8Array): void {
    if (this.#closed) return;
    this.#arrived.push(octets);
    this.#arrivedOctets += octets.length;
    this.#wake();
  }

  #throwIfDown(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed) {
      throw new ConnectionError(`The connection to ${this.peer} is closed.`);
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

class MemoryListener implements Listener {
  readonly address: Address;
  readonly #network: MemoryNetwork;
  readonly #links = new AcceptQueue();

  constructor(network: MemoryNetwork, address: Address) {
    this.#network = network;
    this.address = address;
  }

  offer(link: Link): void {
    this.#links.offer(link);
  }

  accept(): Promise<Link | undefined> {
    return this.#links.take();
  }

  close(): void {
    this.#network.remove(this.address.port);
    this.#links.close();
  }
}

/**
 * A network without sockets. A broker that listens on it and the clients that
 * connect to it need no permission and no port.
 */
export class MemoryNetwork implements Transport {
  readonly #options: MemoryLinkOptions;
  readonly #listeners = new Map<number, MemoryListener>();
  readonly #links: MemoryLink[] = [];
  #lastPort = 0;

  /** Every link of this network is made with these options. */
  constructor(options: MemoryLinkOptions = {}) {
    this.#options = options;
  }

  /** The client's end of each connection so far, to do mischief with. */
  get links(): readonly MemoryLink[] {
    return this.#links;
  }

  // deno-lint-ignore require-await -- a refusal must reject
  async connect(
    address: Address,
    options: LinkOptions = {},
  ): Promise<Link> {
    options.signal?.throwIfAborted();
    refuseTls(options);
    const listener = this.#listeners.get(address.port);
    if (listener === undefined) {
      throw new ConnectionError(
        `Cannot connect to ${showAddress(address)}: nothing listens there, ` +
          "so start the broker or check the port.",
      );
    }
    const [ours, theirs] = MemoryLink.pair(this.#options, [
      `memory:${this.#links.length + 1}`,
      showAddress(address),
    ]);
    this.#links.push(ours);
    listener.offer(theirs);
    return ours;
  }

  // deno-lint-ignore require-await -- a refusal must reject
  async listen(
    { hostname, port }: Address,
    options: ListenerOptions = {},
  ): Promise<Listener> {
    refuseTls(options);
    const address = { hostname, port: port === 0 ? this.#freePort() : port };
    if (this.#listeners.has(address.port)) {
      throw new ConnectionError(
        `Cannot listen at ${showAddress(address)}: something listens there ` +
          "already; port 0 takes a free one.",
      );
    }
    const listener = new MemoryListener(this, address);
    this.#listeners.set(address.port, listener);
    return listener;
  }

  #freePort(): number {
    do this.#lastPort++; while (this.#listeners.has(this.#lastPort));
    return this.#lastPort;
  }

  /** Called by a listener that closes. */
  remove(port: number): void {
    this.#listeners.delete(port);
  }
}

function refuseTls({ tls }: { readonly tls?: unknown }): void {
  if (tls === undefined) return;
  throw new UsageError(
    "A network in memory has no TLS, and nothing that asks for it is served in " +
      "clear text: use stomp://.",
  );
}
