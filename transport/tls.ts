import { UsageError } from "../errors.ts";

/** How a connection is secured. The broker's certificate is always checked. */
export interface TlsOptions {
  /**
   * Certificates of authorities to trust beside the well-known ones, in PEM. On
   * Bun they are trusted instead of those.
   */
  readonly caCerts?: readonly string[] | undefined;
  /** Our own certificate chain in PEM, for a broker that wants one. */
  readonly cert?: string | undefined;
  /** Its private key in PEM. */
  readonly key?: string | undefined;
}

/** What a listener proves its identity with. */
export interface ServerTlsOptions {
  /** The certificate chain in PEM. */
  readonly cert: string;
  /** Its private key in PEM. */
  readonly key: string;
}

const NAMES: readonly string[] = ["caCerts", "cert", "key"];

/**
 * Refuses options of a client that make no sense: where a URL would be connected
 * in clear text in spite of them, and what {@linkcode checkTls} refuses.
 *
 * @throws {UsageError} that names the option, and shows no key.
 */
export function checkClientTls(
  options: TlsOptions | undefined,
  targets: readonly { readonly tls: boolean }[],
): void {
  if (options === undefined) return;
  checkTls(options);
  if (targets.every(({ tls }) => tls)) return;
  throw new UsageError(
    'There are "tls" options, but a URL whose scheme is neither stomps:// nor ' +
      "wss:// would be connected in clear text: change the scheme, or leave them out.",
  );
}

/**
 * Refuses what can be seen to be no certificate or no key before anything is
 * connected.
 *
 * @throws {UsageError} that names the option, and shows no key.
 */
export function checkTls(options: TlsOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new UsageError('The option "tls" must be an object.');
  }
  for (const name of Object.keys(options)) {
    if (NAMES.includes(name)) continue;
    throw new UsageError(
      `tls has no option "${name}": choose among ${NAMES.join(", ")}.`,
    );
  }
  const { caCerts, cert, key } = options;
  if (caCerts !== undefined && !Array.isArray(caCerts)) {
    throw new UsageError('The option "tls.caCerts" must be an array of PEM.');
  }
  caCerts?.forEach((ca, index) =>
    checkPem(`tls.caCerts[${index}]`, ca, "CERTIFICATE")
  );
  if (cert !== undefined) checkPem("tls.cert", cert, "CERTIFICATE");
  if (key !== undefined) checkPem("tls.key", key, "PRIVATE KEY");
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError(
      'The options "tls.cert" and "tls.key" go together: give both or neither.',
    );
  }
}

function checkPem(
  option: string,
  pem: unknown,
  label: keyof typeof FIRST_TAG,
): void {
  const blocks = typeof pem === "string"
    ? [...pem.matchAll(
      /-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/g,
    )]
    : [];
  if (blocks.some(([, name]) => name === "ENCRYPTED PRIVATE KEY")) {
    throw new UsageError(
      `The option "${option}" is encrypted: decrypt it first, for example by ` +
        '"openssl pkey".',
    );
  }
  const first = FIRST_TAG[label];
  const isFine = blocks.length > 0 &&
    blocks.every(([, name, text]) =>
      !name!.endsWith(label) || isDer(text!, first)
    ) &&
    blocks.some(([, name]) => name!.endsWith(label));
  if (isFine) return;
  throw new UsageError(
    `The option "${option}" cannot be parsed: it must be PEM text with ` +
      `"-----BEGIN ${label}-----", such as the contents of a .pem file.`,
  );
}

/** A certificate begins with a sequence, a key with the number of its version. */
const FIRST_TAG = { "CERTIFICATE": 0x30, "PRIVATE KEY": 0x02 } as const;

/**
 * Whether a base64 text holds one sequence of the length that it says, which
 * begins with something of this kind.
 */
function isDer(base64: string, firstTag: number): boolean {
  try {
    const octets = atob(base64.replace(/\s/g, ""));
    const size = octets.charCodeAt(1);
    // A long length comes in so many octets of its own.
    const more = size < 0x80 ? 0 : size & 0x7f;
    let length = more === 0 ? size : 0;
    for (let i = 0; i < more; i++) {
      length = length * 256 + octets.charCodeAt(2 + i);
    }
    return octets.charCodeAt(0) === 0x30 &&
      octets.length === 2 + more + length &&
      octets.charCodeAt(2 + more) === firstTag;
  } catch {
    return false;
  }
}
