import { ConnectionError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import type { Link } from "./transport.ts";

/**
 * A client's connection that is led on to a server which would never let go of
 * it. The relay does that in the server's place.
 */
export class Relay {
  readonly #client: Link;
  readonly #clock: Clock;
  readonly #ended: (relay: Relay) => void;
  #server: Link | undefined;
  #isCut = false;
  #cancelTimer: (() => void) | undefined;
  /** When it will be cut; `Infinity`: nobody has said. */
  #cutAt = Infinity;

  /** It has no limit yet; whoever wants to know is told once when it ends. */
  constructor(client: Link, clock: Clock, ended: (relay: Relay) => void) {
    this.#client = client;
    this.#clock = clock;
    this.#ended = ended;
  }

  /** The client as `host:port`, for messages. */
  get peer(): string {
    return this.#client.peer;
  }

  /** Whether its end is near, or it has ended. */
  get isLimited(): boolean {
    return this.#isCut || this.#cancelTimer !== undefined;
  }

  /**
   * Leads octets both ways until both sides have ended. The server is not
   * bothered before the client has said something.
   */
  async run(dial: () => Promise<Link>): Promise<void> {
    try {
      const first = await this.#client.read();
      if (first === undefined) return;
      const server = await dial();
      if (this.#isCut) return server.close();
      this.#server = server;
      await server.write(first);
      await Promise.all([
        lead(this.#client, server),
        lead(server, this.#client),
      ]);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
    } finally {
      this.cut();
    }
  }

  /** It will be cut after so many ms, or sooner if that was said before. */
  cutAfter(milliseconds: number): void {
    const cutAt = this.#clock.now() + milliseconds;
    if (this.#isCut || cutAt >= this.#cutAt) return;
    this.goOn();
    this.#cutAt = cutAt;
    this.#cancelTimer = this.#clock.after(milliseconds, () => this.cut());
  }

  /** It may go on for as long as both sides like. */
  goOn(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#cutAt = Infinity;
  }

  /** Lets go of both sides at once. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.goOn();
    this.#client.close();
    this.#server?.close();
    this.#ended(this);
  }
}

async function lead(from: Link, to: Link): Promise<void> {
  for (;;) {
    const octets = await from.read();
    if (octets === undefined) return await to.end();
    await to.write(octets);
  }
}
