import { resolveLimits } from "../codec/limits.ts";
import type { FrameLimits, Version } from "../codec/mod.ts";
import { requireCredential } from "../session/shared_connect_options.ts";
import type { Target } from "../session/target.ts";
import { offeredVersions, subprotocols } from "../session/versions.ts";
import type { Clock } from "../transport/clock.ts";
import { runtimeTransport } from "../transport/runtime.ts";
import { type Link, showAddress } from "../transport/transport.ts";
import { dialWebSocket } from "../transport/web_socket_dial.ts";
import type { ClientContext } from "./client_context.ts";
import { Connection } from "./connection.ts";
import type { FrameRouter } from "./frame_router.ts";
import { type ConnectOptions, type Credential, DEFAULTS } from "./options.ts";
import { within } from "./time_limit.ts";

/** A function of the program's has thrown, and no broker has failed. */
export class CallbackFailure {
  readonly cause: unknown;

  /** With what it has thrown. */
  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/** Makes one connection to one broker. */
export class Dialer {
  readonly #options: ConnectOptions;
  readonly #limits: FrameLimits;
  readonly #versions: readonly Version[];

  /**
   * Takes the options of `connect()`.
   *
   * @throws {UsageError} if one of them is wrong.
   */
  constructor(options: ConnectOptions) {
    this.#options = options;
    this.#limits = resolveLimits(options.limits);
    this.#versions = offeredVersions(options.versions);
  }

  /**
   * Asks for the credentials, connects the socket, then the session, each under
   * its own time-out.
   *
   * @throws What `connect()` throws.
   */
  async dial(
    target: Target,
    context: ClientContext,
    router: FrameRouter,
    signal: AbortSignal | undefined,
  ): Promise<Connection> {
    const options = this.#options;
    const { clock } = context;
    const connectTimeout = options.connectTimeout ?? DEFAULTS.connectTimeout;
    const credentials = await within(
      clock,
      connectTimeout,
      "The login and passcode that were asked for",
      signal,
      async () => ({
        login: await ask(options.login, "login") ?? target.login,
        passcode: await ask(options.passcode, "passcode") ?? target.passcode,
      }),
    );
    const link = await within(
      clock,
      connectTimeout,
      `A connection to ${showAddress(target)}`,
      signal,
      (signal) => this.#connect(target, clock, signal),
    );
    const handshake = {
      ...credentials,
      limits: this.#limits,
      versions: this.#versions,
      host: options.host ?? target.host,
      heartBeat: options.heartBeat ?? DEFAULTS.heartBeat,
      headers: options.headers,
      dialect: options.dialect,
    };
    try {
      return await within(
        clock,
        options.connectedTimeout ?? DEFAULTS.connectedTimeout,
        "CONNECTED",
        signal,
        (signal) => Connection.open(link, handshake, context, router, signal),
      );
    } catch (error) {
      link.close();
      throw error;
    }
  }

  async #connect(
    target: Target,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<Link> {
    const { transport, tls, webSocket } = this.#options;
    if (target.webSocket !== undefined) {
      return await dialWebSocket(target.webSocket, {
        protocols: subprotocols(this.#versions),
        webSocket,
        transport,
        tls,
        signal,
        clock,
      });
    }
    return await (transport ?? await runtimeTransport()).connect(target, {
      signal,
      tls: target.tls ? tls ?? {} : undefined,
    });
  }
}

async function ask(
  credential: Credential | undefined,
  name: string,
): Promise<string | undefined> {
  if (typeof credential !== "function") return credential;
  let answer: unknown;
  try {
    answer = await credential();
  } catch (cause) {
    throw new CallbackFailure(cause);
  }
  return requireCredential(answer, name);
}
