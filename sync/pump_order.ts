import type { TlsOptions } from "../transport/tls.ts";
import type { Address } from "../transport/transport.ts";
import type { ChannelMemory } from "./shared_channel.ts";

/** What a worker is told to do: connect, and move octets to and fro. */
export interface PumpOrder {
  readonly memory: ChannelMemory;
  readonly address: Address;
  /** Secures the connection; without it, it is one in clear text. */
  readonly tls: TlsOptions | undefined;
}
