import { ConnectionError } from "../../errors.ts";
import { MemoryNetwork } from "../../transport/memory.ts";
import { nodeTransport } from "../../transport/node.ts";
import { runtimeTransport } from "../../transport/runtime.ts";
import type { Link, Transport } from "../../transport/transport.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";

const NOWHERE = { hostname: "127.0.0.1", port: 0 };

/** What every network does, real or in memory. */
const NETWORKS: readonly (readonly [string, () => Promise<Transport>])[] = [
  ["TCP", runtimeTransport],
  // Deno and Bun have Node's sockets, too.
  ["node:net", () => Promise.resolve(nodeTransport)],
  ["memory", () => Promise.resolve(new MemoryNetwork())],
];

/** A client's and a server's end of one connection. */
async function pair(transport: Transport) {
  const listener = await transport.listen(NOWHERE);
  const [client, server] = await Promise.all([
    transport.connect(listener.address),
    listener.accept(),
  ]);
  return { client, server: server!, listener };
}

/** Everything that comes until the end. */
async function readAll(link: Link): Promise<Uint8Array> {
  const chunks: number[] = [];
  for (;;) {
    const octets = await link.read();
    if (octets === undefined) return Uint8Array.from(chunks);
    for (const octet of octets) chunks.push(octet);
  }
}

for (const [name, network] of NETWORKS) {
  test(`${name}: octets arrive both ways, and an end is an end`, async () => {
    const { client, server, listener } = await pair(await network());
    await client.write(new Uint8Array([1, 2, 3]));
    await server.write(new Uint8Array([4, 5]));
    await client.end();
    assertEquals([...await readAll(server)], [1, 2, 3]);
    // The other direction is still open.
    await server.write(new Uint8Array([6]));
    await server.end();
    assertEquals([...await readAll(client)], [4, 5, 6]);
    client.close();
    server.close();
    listener.close();
  });

  test(`${name}: a write that the socket takes in parts arrives whole`, async () => {
    const { client, server, listener } = await pair(await network());
    const sent = Uint8Array.from({ length: 3_000_000 }, (_, i) => i * 7);
    const writing = client.write(sent).then(() => client.end());
    let arrived = 0;
    for (;;) {
      const octets = await server.read();
      if (octets === undefined) break;
      for (const octet of octets) {
        if (octet !== sent[arrived++]) throw new Error(`octet ${arrived}`);
      }
    }
    await writing;
    assertEquals(arrived, sent.length);
    client.close();
    server.close();
    listener.close();
  });

  test(`${name}: a writer waits for a reader that does not read`, async () => {
    const { client, server, listener } = await pair(await network());
    let done = false;
    const writing = client.write(new Uint8Array(32_000_000))
      .then(() => done = true, (error) => error);
    await server.read();
    assertEquals(done, false);
    client.close();
    assert(await writing instanceof ConnectionError);
    server.close();
    listener.close();
  });

  test(`${name}: what was read stays as it was`, async () => {
    const { client, server, listener } = await pair(await network());
    const kept: Uint8Array[] = [];
    for (let i = 0; i < 50; i++) {
      await client.write(new Uint8Array(1000).fill(i));
      for (let count = 0; count < 1000;) {
        const octets = (await server.read())!;
        count += octets.length;
        kept.push(octets);
      }
    }
    const all = kept.flatMap((octets) => [...octets]);
    assert(all.every((octet, i) => octet === Math.floor(i / 1000)));
    client.close();
    server.close();
    listener.close();
  });

  test(`${name}: closing ends a pending read, and may be repeated`, async () => {
    const { client, server, listener } = await pair(await network());
    const reading = client.read();
    client.close();
    client.close();
    assertEquals(await reading, undefined);
    assertEquals(await client.read(), undefined);
    await assertRejects(
      () => client.write(new Uint8Array(1)),
      ConnectionError,
      "closed",
    );
    server.close();
    listener.close();
  });

  test(`${name}: a closed listener accepts no more, and connections to it are refused`, async () => {
    const transport = await network();
    const listener = await transport.listen(NOWHERE);
    const accepting = listener.accept();
    listener.close();
    listener.close();
    assertEquals(await accepting, undefined);
    const error = await assertRejects(
      () => transport.connect(listener.address),
      ConnectionError,
    );
    assertStringIncludes(error.message, `:${listener.address.port}`);
    assertStringIncludes(error.message, "nothing listens there");
  });

  test(`${name}: an address that is taken is refused`, async () => {
    const transport = await network();
    const listener = await transport.listen(NOWHERE);
    await assertRejects(
      () => transport.listen(listener.address),
      ConnectionError,
      "listens there already",
    );
    listener.close();
  });

  test(`${name}: an aborted signal rejects with its reason, and later leaves the link alone`, async () => {
    const transport = await network();
    const listener = await transport.listen(NOWHERE);
    const reason = new Error("no");
    const error = await assertRejects(() =>
      transport.connect(listener.address, {
        signal: AbortSignal.abort(reason),
      })
    );
    assertEquals(error, reason);
    const controller = new AbortController();
    const link = await transport.connect(listener.address, {
      signal: controller.signal,
    });
    controller.abort();
    await link.write(new Uint8Array(1));
    link.close();
    (await listener.accept())?.close();
    listener.close();
  });
}

test("TCP: an error of the runtime is the cause of ours", async () => {
  const transport = await runtimeTransport();
  const error = await assertRejects(
    () => transport.connect({ hostname: "127.0.0.1", port: 1 }),
    ConnectionError,
  );
  assert(error.cause instanceof Error);
});
