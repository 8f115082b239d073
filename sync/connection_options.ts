import type { FrameLimits } from "../codec/mod.ts";
import type { ClientSessionOptions } from "../session/session_options.ts";
import type { TlsOptions } from "../transport/tls.ts";
import type { CallTime } from "./call_time.ts";

/** What a connection is made with. */
export interface ConnectionOptions extends ClientSessionOptions {
  readonly limits: Partial<FrameLimits> | undefined;
  readonly connectTimeout: number;
  readonly connectedTimeout: number;
  /** When both of this has to be done, in the time of the calls that do it. */
  readonly deadline: number;
  readonly time: CallTime;
  /** Secures the connection. */
  readonly tls: TlsOptions | undefined;
}
