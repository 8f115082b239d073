import type { Frame, Version } from "../codec/mod.ts";
import { type Dialect, dialectOf } from "./dialects.ts";
import {
  type HeartBeat,
  negotiateHeartBeat,
  parseHeartBeat,
} from "./heart_beat.ts";
import type { ClientSessionOptions } from "./session_options.ts";
import { offeredVersions, settledVersion } from "./versions.ts";

/** What client and broker have agreed on. */
export interface Agreement {
  /** `undefined` before CONNECTED. */
  readonly version: Version | undefined;
  readonly heartBeat: HeartBeat;
  readonly dialect: Dialect;
  /** The broker's `server` header. */
  readonly server: string | undefined;
  /** The broker's name for the session. */
  readonly session: string | undefined;
  /** The headers of the CONNECT, where a client may have been given a name. */
  readonly connectHeaders: ClientSessionOptions["headers"];
}

/** The client's half of the handshake (STOMP 1.2, "Connecting"). */
export class Handshake {
  readonly #options: ClientSessionOptions;
  readonly #offered: readonly Version[];

  /** @throws {UsageError} if the versions to offer are none. */
  constructor(options: ClientSessionOptions) {
    this.#options = options;
    this.#offered = offeredVersions(options.versions);
  }

  /** What holds before CONNECTED. */
  get nothingYet(): Agreement {
    return {
      version: undefined,
      heartBeat: [0, 0],
      dialect: dialectOf(undefined, this.#options.dialect),
      server: undefined,
      session: undefined,
      connectHeaders: this.#options.headers,
    };
  }

  /** The headers of CONNECT. */
  offer(): [string, string][] {
    const { host = "/", login, passcode, heartBeat = [0, 0] } = this.#options;
    const headers: [string, string][] = [
      ["accept-version", this.#offered.join(",")],
      ["host", host],
      ["heart-beat", heartBeat.join(",")],
    ];
    if (login !== undefined) headers.push(["login", login]);
    if (passcode !== undefined) headers.push(["passcode", passcode]);
    return headers;
  }

  /**
   * What a CONNECTED settles on.
   *
   * @throws {ProtocolError} if that was not offered.
   */
  settle({ headers }: Frame): Agreement {
    const version = settledVersion(headers.get("version"), this.#offered);
    const server = headers.get("server");
    return {
      version,
      heartBeat: negotiateHeartBeat(
        this.#options.heartBeat ?? [0, 0],
        parseHeartBeat(headers.get("heart-beat")),
      ),
      dialect: dialectOf(server, this.#options.dialect),
      server,
      session: headers.get("session"),
      connectHeaders: this.#options.headers,
    };
  }
}
