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

/** What the runtimes say of TLS, and what that means. */
const TLS_REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [
    // Deno calls them all so.
    /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
    "its certificate is signed by nobody who is trusted here, or has expired; " +
    "give the authority's certificate in tls.caCerts, or renew it",
  ],
  [
    /UnknownIssuer|UNABLE_TO_GET_ISSUER|SELF_SIGNED/,
    "its certificate is signed by nobody who is trusted here; give the " +
    "authority's certificate in tls.caCerts",
  ],
  [
    /not valid for name|NotValidForName|ALTNAME_INVALID/,
    "its certificate is for another host name; connect by a name that it has",
  ],
  [
    /certificate expired|CertExpired|CERT_HAS_EXPIRED/,
    "its certificate has expired; renew it",
  ],
  [
    /KEY_VALUES_MISMATCH|InconsistentKeys|KeyMismatch/,
    "tls.key is not the key of tls.cert",
  ],
  [
    /CertificateRequired|CERTIFICATE_REQUIRED|alert: BadCertificate|ALERT_BAD_CERTIFICATE|HandshakeFailure|HANDSHAKE_FAILURE/,
    "it wants a certificate of ours, or another one; see tls.cert and tls.key",
  ],
  [
    /InvalidContentType|WRONG_VERSION_NUMBER/,
    "TLS is not spoken on that port; use stomp://, or the port for TLS",
  ],
];

/** Maps an error of the runtime to ours: once, here. */
export function connectionError(
  what: string,
  code: string | undefined,
  cause: unknown,
): ConnectionError {
  const said = cause instanceof Error ? cause.message : String(cause);
  const reason = REASONS[code ?? ""] ??
    TLS_REASONS.find(([pattern]) => pattern.test(`${code} ${said}`))?.[1] ??
    said;
  return new ConnectionError(`${what}: ${reason}.`, { cause });
}
