import { ConnectionError } from "../errors.ts";

/** Codes of the operating system, and what they mean to somebody who connects. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there, so start the broker or check the port",
  ENOTFOUND: "the host name is not known",
  EAI_AGAIN: "the host name could not be looked up",
  ETIMEDOUT: "the host does not answer",
  EHOSTUNREACH: "there is no way to that host",
  ENETUNREACH: "there is no way to that network",
  EADDRINUSE: "something listens there already; port 0 takes a free one",
  EADDRNOTAVAIL: "this machine does not have that address",
  EACCES: "the operating system does not permit it",
  ECONNRESET: "the peer reset the connection",
  EPIPE: "the peer has closed the connection",
};

/** Maps an error of the runtime to ours: once, here. */
export function connectionError(
  what: string,
  code: string | undefined,
  cause: unknown,
): ConnectionError {
  const reason = REASONS[code ?? ""] ??
    (cause instanceof Error ? cause.message : String(cause));
  return new ConnectionError(`${what}: ${reason}.`, { cause });
}
