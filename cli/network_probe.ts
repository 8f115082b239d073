import { lookup } from "node:dns/promises";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import type { TlsOptions } from "../mod.ts";

/** Where a broker is to be. */
export interface Place {
  readonly hostname: string;
  readonly port: number;
}

/** What a certificate says. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly validTo: string;
  /** Why it is not trusted; `undefined`: it is. */
  readonly distrust: string | undefined;
}

/** The addresses of a host name. */
export async function addressesOf(hostname: string): Promise<string[]> {
  const found = await lookup(hostname, { all: true });
  return found.map(({ address }) => address);
}

/** How long a TCP connection takes, in ms. */
export function dial(place: Place, timeout: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const began = performance.now();
  const socket = connect({ host: place.hostname, port: place.port });
  socket.setTimeout(timeout, () => {
    socket.destroy(new Error(`nothing answers within ${timeout} ms`));
  });
  socket.once("connect", () => {
    resolve(performance.now() - began);
    socket.destroy();
  });
  socket.once("error", reject);
  return promise;
}

/** What a TLS server shows of itself, trusted or not. */
export function certificateAt(
  { hostname, port }: Place,
  timeout: number,
  tls: TlsOptions | undefined,
): Promise<CertificateFacts> {
  const { promise, resolve, reject } = Promise.withResolvers<
    CertificateFacts
  >();
  const socket = connectTls({
    host: hostname,
    port,
    // An address is no name that a client can ask for.
    ...(/^[\d.]+$|:/.test(hostname) ? {} : { servername: hostname }),
    // Looking at it is all; nothing is sent.
    rejectUnauthorized: false,
    ...(tls?.caCerts === undefined ? {} : { ca: [...tls.caCerts] }),
    ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls?.key === undefined ? {} : { key: tls.key }),
  });
  socket.setTimeout(timeout, () => {
    socket.destroy(new Error(`no TLS handshake within ${timeout} ms`));
  });
  socket.once("secureConnect", () => {
    const certificate = socket.getPeerCertificate();
    resolve({
      subject: String(certificate.subject?.CN ?? "nobody"),
      issuer: String(certificate.issuer?.CN ?? "nobody"),
      validTo: certificate.valid_to ?? "an unknown time",
      distrust: socket.authorized
        ? undefined
        : String(socket.authorizationError ?? "it is not trusted"),
    });
    socket.destroy();
  });
  socket.once("error", reject);
  return promise;
}
