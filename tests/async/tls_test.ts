import { serve } from "../../testing/mod.ts";
import { connect, ConnectionError, UsageError } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { Authority, type CertificateInit } from "../support/certificates.ts";
import { test } from "../support/harness.ts";

const AUTHORITY = await Authority.create("the tests' authority");
const STRANGER = await Authority.create("somebody else");
const HOSTS = ["localhost", "127.0.0.1"];

async function brokerWith(init: CertificateInit) {
  const tls = await AUTHORITY.issue(init);
  return await serve({ tls, credentials: { guest: "guest" } });
}

test("TLS: messages make their way there and back, by host name and by address", async () => {
  await using broker = await brokerWith({ name: "broker", hosts: HOSTS });
  assert(broker.url.startsWith("stomps://127.0.0.1:"));
  for (
    const url of [broker.url, broker.url.replace("127.0.0.1", "localhost")]
  ) {
    await using client = await connect(url, {
      login: "guest",
      passcode: "guest",
      tls: { caCerts: [AUTHORITY.cert] },
    });
    const body = Uint8Array.from({ length: 300_000 }, (_, i) => i);
    await client.send("/queue/a", body, { receipt: true });
    for await (const message of client.subscribe("/queue/a")) {
      assertEquals(message.body.length, body.length);
      assert(message.body.every((octet, i) => octet === body[i]));
      await message.ack({ receipt: true });
      break;
    }
  }
});

interface Refusal {
  readonly name: string;
  readonly certificate: CertificateInit;
  readonly caCerts?: readonly string[];
  readonly includes: string;
}

const REFUSALS: readonly Refusal[] = [
  {
    name: "signed by nobody who is trusted",
    certificate: { name: "broker", hosts: HOSTS },
    includes: "nobody who is trusted",
  },
  {
    name: "signed by somebody else than who is trusted",
    certificate: { name: "broker", hosts: HOSTS },
    caCerts: [STRANGER.cert],
    includes: "nobody who is trusted",
  },
  {
    name: "for another host",
    certificate: { name: "broker", hosts: ["elsewhere.test"] },
    caCerts: [AUTHORITY.cert],
    includes: "another host name",
  },
  {
    name: "that has expired",
    certificate: { name: "broker", hosts: HOSTS, expired: true },
    caCerts: [AUTHORITY.cert],
    includes: "expired",
  },
];

for (const { name, certificate, caCerts, includes } of REFUSALS) {
  test(`TLS: a certificate ${name} is refused, and that is said`, async () => {
    await using broker = await brokerWith(certificate);
    const error = await assertRejects(
      () =>
        connect(broker.url, {
          passcode: "sesame",
          ...caCerts === undefined ? {} : { tls: { caCerts } },
        }),
      ConnectionError,
      includes,
    );
    assert(error.cause instanceof Error);
    assert(!`${error.stack}`.includes("sesame"));
  });
}

test("TLS: a broker that does not speak it is told nothing in clear text", async () => {
  await using broker = await serve();
  using interception = broker.intercept();
  const heard = (async () => {
    const { link } = await interception.accept();
    const octets = await link.read();
    await link.write(new TextEncoder().encode("ERROR\nmessage:what?\n\n\0"));
    await link.read();
    link.close();
    return new TextDecoder().decode(octets);
  })();
  const error = await assertRejects(
    () =>
      connect(broker.url.replace("stomp:", "stomps:"), { passcode: "sesame" }),
    ConnectionError,
  );
  assertStringIncludes(error.message, "TLS is not spoken");
  const said = await heard;
  assert(!said.includes("CONNECT") && !said.includes("sesame"));
});

test("TLS: a client in clear text at a TLS port is told so", async () => {
  await using broker = await brokerWith({ name: "broker", hosts: HOSTS });
  await assertRejects(
    () => connect(broker.url.replace("stomps:", "stomp:")),
    Error,
  );
});

test("TLS: a broker's certificate that cannot be parsed is a usage error", async () => {
  const tls = await AUTHORITY.issue({ name: "broker" });
  await assertRejects(
    () => serve({ tls: { ...tls, cert: "nonsense" } }),
    UsageError,
    "tls.cert",
  );
  const cut = tls.cert.replace(/\n[^\n]+\n-----END/, "\n-----END");
  await assertRejects(
    () => serve({ tls: { ...tls, cert: cut } }),
    UsageError,
    "tls.cert",
  );
});

test("TLS: what is no certificate, an encrypted key and another certificate's key are named", async () => {
  await using broker = await brokerWith({ name: "broker", hosts: HOSTS });
  const [mine, other] = [
    await AUTHORITY.issue({ name: "mine" }),
    await AUTHORITY.issue({ name: "other" }),
  ];
  const empty =
    "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
  for (
    const [tls, includes] of [
      [{ caCerts: [empty] }, "tls.caCerts[0]"],
      [{ ...mine, cert: empty }, "tls.cert"],
      [{ ...mine, key: mine.cert }, "tls.key"],
      [{
        ...mine,
        key: mine.key.replaceAll("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
      }, "encrypted"],
    ] as const
  ) {
    await assertRejects(
      () => connect(broker.url, { tls }),
      UsageError,
      includes,
    );
  }
  await assertRejects(
    () =>
      connect(broker.url, {
        tls: { caCerts: [AUTHORITY.cert], cert: mine.cert, key: other.key },
      }),
    ConnectionError,
    "tls.key is not the key of tls.cert",
  );
});
