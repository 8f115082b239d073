// TLS between every two adapters that this runtime has.

import { ConnectionError } from "../../errors.ts";
import { nodeTransport } from "../../transport/node.ts";
import { runtimeTransport } from "../../transport/runtime.ts";
import type { Link, Transport } from "../../transport/transport.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { Authority } from "../support/certificates.ts";
import { test } from "../support/harness.ts";

const AUTHORITY = await Authority.create("the tests' authority");
const SERVER = await AUTHORITY.issue({ name: "server", hosts: ["127.0.0.1"] });
const TLS = { caCerts: [AUTHORITY.cert] };
const ANYWHERE = { hostname: "127.0.0.1", port: 0 };

const OWN = await runtimeTransport();
const ADAPTERS: readonly (readonly [string, Transport])[] = [
  ["the runtime's own", OWN],
  ["node:tls", nodeTransport],
];

async function textFrom(link: Link, length: number): Promise<string> {
  let text = "";
  while (text.length < length) {
    const octets = await link.read();
    if (octets === undefined) break;
    text += new TextDecoder().decode(octets);
  }
  return text;
}

for (const [clientName, client] of ADAPTERS) {
  for (const [serverName, server] of ADAPTERS) {
    test(`TLS from ${clientName} to ${serverName}: octets arrive both ways, and an end is an end`, async () => {
      const listener = await server.listen(ANYWHERE, { tls: SERVER });
      const dialing = client.connect(listener.address, { tls: TLS });
      const accepted = (await listener.accept())!;
      // Some agree on TLS when they are first read from.
      const reading = textFrom(accepted, 5);
      const link = await dialing;
      await link.write(new TextEncoder().encode("there"));
      assertEquals(await reading, "there");
      const long = "and back".repeat(50_000);
      const writing = accepted.write(new TextEncoder().encode(long));
      assertEquals(await textFrom(link, long.length), long);
      await writing;
      accepted.close();
      assertEquals(await link.read(), undefined);
      link.close();
      listener.close();
    });
  }
}

for (const [name, client] of ADAPTERS) {
  test(
    `TLS by ${name}: a dial that is given up during the handshake lets go of the socket`,
    async () => {
      // It answers nothing, as a server does that is stuck.
      const listener = await OWN.listen(ANYWHERE);
      const giveUp = new AbortController();
      const dialing = client.connect(listener.address, {
        signal: giveUp.signal,
        tls: TLS,
      });
      const accepted = (await listener.accept())!;
      assert((await accepted.read())!.length > 0);
      const reason = new Error("enough");
      giveUp.abort(reason);
      assertEquals(await dialing.catch((error) => error), reason);
      assertEquals(await accepted.read().catch(() => undefined), undefined);
      accepted.close();
      listener.close();
    },
    { ignore: client !== nodeTransport },
  );

  test(`TLS by ${name}: a stranger's certificate is refused, and that is said`, async () => {
    const listener = await nodeTransport.listen(ANYWHERE, { tls: SERVER });
    await assertRejects(
      () => client.connect(listener.address, { tls: {} }),
      ConnectionError,
      "nobody who is trusted",
    );
    await assertRejects(
      () =>
        client.connect({ ...listener.address, hostname: "localhost" }, {
          tls: TLS,
        }),
      ConnectionError,
      "another host name",
    );
    listener.close();
  });
}
