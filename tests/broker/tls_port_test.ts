import { serve } from "../../broker/mod.ts";
import { ConnectionError } from "../../errors.ts";
import { runtimeTransport } from "../../transport/runtime.ts";
import type { Link } from "../../transport/transport.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { Authority } from "../support/certificates.ts";
import { octets, wire } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { raw } from "../support/raw_peer.ts";

const AUTHORITY = await Authority.create("the tests' authority");
const HOSTS = ["127.0.0.1"];

/** The beginning of what a client says to agree on TLS. */
const HALF_A_HELLO = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

/** What comes until the end; a reset is an end, too. */
async function readAll(link: Link): Promise<string> {
  let heard = "";
  try {
    for (let octets; (octets = await link.read()) !== undefined;) {
      heard += wire(octets);
    }
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
  }
  link.close();
  return heard;
}

test(
  "a client that does not agree on TLS counts as a connection, and is cut in time",
  async () => {
    const tls = await AUTHORITY.issue({ name: "broker", hosts: HOSTS });
    await using broker = await serve({
      tls,
      webSocketPort: 0,
      connectTimeout: 300,
    });
    const transport = await runtimeTransport();
    const links: Link[] = [];
    for (const url of [broker.url, broker.webSocketUrl!]) {
      for (let i = 0; i < 20; i++) {
        const { hostname, port } = new URL(url);
        const link = await transport.connect({ hostname, port: Number(port) });
        if (i % 2 === 1) await link.write(octets(HALF_A_HELLO));
        links.push(link);
      }
    }
    while (broker.connections < 40) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const began = performance.now();
    await Promise.all(links.map(readAll));
    assert(
      performance.now() - began < 2000,
      "they are cut when they should be",
    );
    assertEquals(broker.connections, 0);
  },
  { timeout: 30_000 },
);

test("a client that agrees on TLS and says nothing is told why it is cut", async () => {
  const tls = await AUTHORITY.issue({ name: "broker", hosts: HOSTS });
  await using broker = await serve({ tls, connectTimeout: 300 });
  const { hostname, port } = new URL(broker.url);
  const link = await (await runtimeTransport()).connect(
    { hostname, port: Number(port) },
    { tls: { caCerts: [AUTHORITY.cert] } },
  );
  const heard = await readAll(link);
  assert(heard.includes("No CONNECT came within 300 ms."), heard);
});

test("a broker that closes lets go of clients that have not agreed on TLS", async () => {
  const tls = await AUTHORITY.issue({ name: "broker", hosts: HOSTS });
  const broker = await serve({ tls });
  const { hostname, port } = new URL(broker.url);
  const transport = await runtimeTransport();
  const link = await transport.connect({ hostname, port: Number(port) });
  while (broker.connections < 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await broker.close();
  assertEquals(await readAll(link), "");
});

test("what is written while TLS is agreed on waits for that", async () => {
  const tls = await AUTHORITY.issue({ name: "broker", hosts: HOSTS });
  const transport = await runtimeTransport();
  const listener = await transport.listen(
    { hostname: "127.0.0.1", port: 0 },
    { tls },
  );
  const dialling = transport.connect(listener.address, {
    tls: { caCerts: [AUTHORITY.cert] },
  });
  const server = (await listener.accept())!;
  const writing = server.write(octets(raw("MESSAGE")));
  const client = await dialling;
  assertEquals(wire((await client.read())!), raw("MESSAGE"));
  await writing;
  assertEquals(server.isOpening, false);
  client.close();
  server.close();
  listener.close();
});
