import type { Version } from "../codec/mod.ts";
import { DIALECT_NAMES, type DialectName } from "./dialects.ts";
import type { HeartBeat } from "./heart_beat.ts";
import {
  anything,
  type Check,
  headerRecord,
  heartBeatPair,
  nonEmptyText,
  oneOf,
  text,
} from "./option_checks.ts";

/** What a {@linkcode ClientSession} says in its CONNECT. */
export interface ClientSessionOptions {
  /** Versions to offer. @default {["1.0", "1.1", "1.2"]} */
  versions?: readonly Version[] | undefined;
  /** The virtual host. @default {"/"} */
  host?: string | undefined;
  /** Who we are to the broker. */
  login?: string | undefined;
  /** What proves it. */
  passcode?: string | undefined;
  /** What we can send and want to receive, in ms. @default {[0, 0]} */
  heartBeat?: HeartBeat | undefined;
  /** More headers for the CONNECT frame, such as `client-id`. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** The broker's peculiarities; by default its `server` header tells. */
  dialect?: DialectName | undefined;
}

/** What those may be. */
export const SESSION_CHECKS: Readonly<
  Record<keyof ClientSessionOptions, Check>
> = {
  versions: anything,
  host: nonEmptyText,
  login: text,
  passcode: text,
  heartBeat: heartBeatPair,
  headers: headerRecord,
  dialect: oneOf(...DIALECT_NAMES),
};

/** The options that a session reads, out of those that a client has. */
export function sessionOptions(
  options: ClientSessionOptions,
): ClientSessionOptions {
  const { versions, host, login, passcode, heartBeat, headers, dialect } =
    options;
  return { versions, host, login, passcode, heartBeat, headers, dialect };
}
