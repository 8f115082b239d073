/** A certificate and its private key, in PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate is made of. */
export interface CertificateInit {
  /** Its common name. */
  readonly name: string;
  /** Host names and IPv4 addresses that it is for. */
  readonly hosts?: readonly string[];
  /** Whether its time is over. */
  readonly expired?: boolean;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const DAY = 24 * 60 * 60 * 1000;

/**
 * A certificate authority that is made in the test run (X.509 version 3, ECDSA
 * over P-256), so that no key lies in the repository.
 */
export class Authority {
  /** Its own certificate, in PEM. */
  readonly cert: string;
  readonly #name: string;
  readonly #key: CryptoKey;
  static #serial = 1;

  private constructor(name: string, cert: string, key: CryptoKey) {
    this.#name = name;
    this.cert = cert;
    this.#key = key;
  }

  /** Makes one. */
  static async create(name: string): Promise<Authority> {
    const keys = await newKeys();
    const cert = await certificate(
      { name },
      Authority.#serial++,
      keys.publicKey,
      name,
      keys.privateKey,
      true,
    );
    return new Authority(name, cert, keys.privateKey);
  }

  /** Makes a certificate that it vouches for. */
  async issue(init: CertificateInit): Promise<Identity> {
    const keys = await newKeys();
    const cert = await certificate(
      init,
      Authority.#serial++,
      keys.publicKey,
      this.#name,
      this.#key,
      false,
    );
    const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
    return { cert, key: pem("PRIVATE KEY", new Uint8Array(pkcs8)) };
  }
}

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function certificate(
  init: CertificateInit,
  serial: number,
  publicKey: CryptoKey,
  issuer: string,
  issuerKey: CryptoKey,
  isAuthority: boolean,
): Promise<string> {
  const now = Date.now();
  const [from, until] = init.expired
    ? [now - 2 * DAY, now - DAY]
    : [now - DAY, now + DAY];
  const spki = new Uint8Array(
    await crypto.subtle.exportKey("spki", publicKey),
  );
  const extensions = [
    extension([0x55, 0x1d, 0x13], sequence(...(isAuthority ? [TRUE] : []))),
  ];
  if (init.hosts !== undefined) {
    const names = init.hosts.map((host) =>
      /^[0-9.]+$/.test(host)
        ? tagged(0x87, Uint8Array.from(host.split("."), Number))
        : tagged(0x82, ascii(host))
    );
    extensions.push(extension([0x55, 0x1d, 0x11], sequence(...names)));
  }
  const body = sequence(
    tagged(0xa0, tagged(0x02, Uint8Array.of(2))),
    tagged(0x02, Uint8Array.of(serial)),
    ECDSA_WITH_SHA256,
    commonName(issuer),
    sequence(time(from), time(until)),
    commonName(init.name),
    spki,
    tagged(0xa3, sequence(...extensions)),
  );
  const signature = new Uint8Array(
    await crypto.subtle.sign(
      { name: "ECDSA", hash: "SHA-256" },
      issuerKey,
      body,
    ),
  );
  const signed = sequence(
    body,
    ECDSA_WITH_SHA256,
    bits(sequence(
      integer(signature.subarray(0, 32)),
      integer(signature.subarray(32)),
    )),
  );
  return pem("CERTIFICATE", signed);
}

/** A value in DER: tag, length, contents. */
function tagged(tag: number, contents: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = contents;
  const head = length < 0x80
    ? [tag, length]
    : length < 0x100
    ? [tag, 0x81, length]
    : [tag, 0x82, length >> 8, length & 0xff];
  return Uint8Array.of(...head, ...contents);
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return tagged(0x30, Uint8Array.from(parts.flatMap((part) => [...part])));
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** An unsigned number, which must not look negative. */
function integer(octets: Uint8Array): Uint8Array {
  const first = octets.findIndex((octet) => octet !== 0);
  const digits = octets.subarray(first);
  return tagged(
    0x02,
    digits[0]! > 0x7f ? Uint8Array.of(0, ...digits) : digits,
  );
}

function bits(contents: Uint8Array): Uint8Array {
  return tagged(0x03, Uint8Array.of(0, ...contents));
}

function extension(id: readonly number[], value: Uint8Array): Uint8Array {
  return sequence(tagged(0x06, Uint8Array.from(id)), tagged(0x04, value));
}

function commonName(name: string): Uint8Array {
  const id = tagged(0x06, Uint8Array.of(0x55, 0x04, 0x03));
  const value = tagged(0x0c, ascii(name));
  return sequence(tagged(0x31, sequence(id, value)));
}

function time(milliseconds: number): Uint8Array {
  const digits = new Date(milliseconds).toISOString().replace(/[^0-9]/g, "");
  return tagged(0x17, ascii(`${digits.slice(2, 14)}Z`));
}

function pem(label: string, der: Uint8Array): string {
  const lines = btoa(String.fromCharCode(...der)).match(/.{1,64}/g)!;
  return `-----BEGIN ${label}-----\n${
    lines.join("\n")
  }\n-----END ${label}-----\n`;
}

const TRUE = tagged(0x01, Uint8Array.of(0xff));
const ECDSA_WITH_SHA256 = sequence(
  tagged(0x06, Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02)),
);
