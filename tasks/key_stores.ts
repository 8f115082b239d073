import { Authority } from "../tests/support/certificates.ts";
import { runQuietly } from "./downloads.ts";
import type { TlsAccess } from "./running_broker.ts";

/** What protects the stores; the files lie in a folder of their own that goes with the broker. */
export const STORE_PASSWORD = "stompest";

/** The certificates of a broker, and what a client needs for it. */
export async function writeCertificates(
  folder: string,
): Promise<Omit<TlsAccess, "url">> {
  const authority = await Authority.create("stompest");
  const { cert, key } = await authority.issue({
    name: "broker",
    hosts: ["127.0.0.1", "localhost"],
  });
  await Deno.writeTextFile(`${folder}/ca.pem`, authority.cert);
  await Deno.writeTextFile(`${folder}/cert.pem`, cert);
  await Deno.writeTextFile(`${folder}/key.pem`, key);
  const client = await authority.issue({ name: "client" });
  return { caCerts: [authority.cert], ...client };
}

/** The same as brokers written in Java take it: `broker.p12` and `trusted.p12`. */
export async function writeKeyStores(
  folder: string,
): Promise<Omit<TlsAccess, "url">> {
  const client = await writeCertificates(folder);
  await runQuietly([
    "openssl",
    "pkcs12",
    "-export",
    ...["-in", `${folder}/cert.pem`, "-inkey", `${folder}/key.pem`],
    ...["-name", "broker", "-passout", `pass:${STORE_PASSWORD}`],
    ...["-out", `${folder}/broker.p12`],
  ]);
  await runQuietly([
    "keytool",
    "-importcert",
    "-noprompt",
    ...["-alias", "ca", "-file", `${folder}/ca.pem`],
    ...["-storetype", "PKCS12", "-storepass", STORE_PASSWORD],
    ...["-keystore", `${folder}/trusted.p12`],
  ]);
  return client;
}
