/**
 * What the rest of the package sees of a network: addresses, links, listeners.
 *
 * @module
 */

import type { ServerTlsOptions, TlsOptions } from "./tls.ts";

/** Where to connect to, or to listen at. */
export interface Address {
  /** Host name or IP address, IPv6 without brackets. */
  readonly hostname: string;
  /** TCP port; 0 to listen at any free one. */
  readonly port: number;
}

/**
 * One connection: octets both ways. Its errors are `ConnectionError`s that keep
 * what the runtime said as their `cause`.
 */
export interface Link {
  /** The other side as `host:port`, for messages. */
  readonly peer: string;
  /**
   * Whether the other side has still to agree on TLS or on a WebSocket. What is
   * read or written meanwhile waits for that.
   *
   * @default {false}
   */
  readonly isOpening?: boolean;
  /**
   * The next octets, at least one; `undefined` when no more will come, because
   * the peer has ended or we have closed. The array is the caller's to keep.
   * One read at a time.
   *
   * @throws {ConnectionError} if the connection was lost.
   */
  read(): Promise<Uint8Array | undefined>;
  /**
   * Hands over octets and resolves when all of them are taken, however many
   * times that needs. One write at a time; the array must not change until then.
   *
   * @throws {ConnectionError} if the connection was lost or closed.
   */
  write(octets: Uint8Array): Promise<void>;
  /**
   * Says that we will write no more; reading goes on until the peer ends. What
   * was written before still arrives, which {@linkcode close} does not promise.
   */
  end(): Promise<void>;
  /** Lets go of the connection at once. Idempotent; a pending read ends. */
  close(): void;
}

/** A listening socket. */
export interface Listener {
  /** Where it listens, with the port that was found. */
  readonly address: Address;
  /** The next connection, or `undefined` once the listener is closed. */
  accept(): Promise<Link | undefined>;
  /** Listens no more; connections go on. Idempotent. */
  close(): void;
}

/** How a link is made. */
export interface LinkOptions {
  /** Gives up. */
  readonly signal?: AbortSignal | undefined;
  /** Secures it. Where this is given, nothing ever leaves in clear text. */
  readonly tls?: TlsOptions | undefined;
}

/** How a listener is made. */
export interface ListenerOptions {
  /** Secures each link. */
  readonly tls?: ServerTlsOptions | undefined;
}

/** A network, real or in memory. */
export interface Transport {
  /**
   * Connects.
   *
   * @throws {ConnectionError} if nothing answers there; the signal's reason if
   * it aborts before.
   */
  connect(
    address: Address,
    options?: LinkOptions,
  ): Promise<Link>;
  /**
   * Listens.
   *
   * @throws {ConnectionError} if the address cannot be had.
   */
  listen(address: Address, options?: ListenerOptions): Promise<Listener>;
}

/**
 * After how long a silence the operating system asks whether the other side is
 * there, in ms: who is gone without a word is found, whatever heart-beats there
 * are.
 */
export const KEEP_ALIVE = 60_000;

/** An address as messages show it. */
export function showAddress({ hostname, port }: Address): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
