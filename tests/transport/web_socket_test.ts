// Clients of the WebSocket port that leave the server waiting.

import {
  listenForWebSockets,
  runtimeTransport,
} from "../../transport/runtime.ts";
import type { Link, Listener } from "../../transport/transport.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";

const ANYWHERE = { hostname: "127.0.0.1", port: 0 };
const SOON = { upgradeTimeout: 50, closeTimeout: 50 };
const LATER = { upgradeTimeout: 10_000, closeTimeout: 10_000 };

const UPGRADE = [
  "GET / HTTP/1.1",
  "Host: x",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "\r\n",
].join("\r\n");
const NO_UPGRADE = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const HALF = "GET / HTTP/1.1\r\nHost: x\r\n";

/** A client that has said something and closes only when it is let go. */
async function said(listener: Listener, text: string): Promise<Link> {
  const transport = await runtimeTransport();
  const link = await transport.connect(listener.address);
  if (text !== "") await link.write(new TextEncoder().encode(text));
  return link;
}

/** What it hears until the end; a reset is an end, too. */
async function heardBy(link: Link): Promise<string> {
  let heard = "";
  try {
    for (let octets; (octets = await link.read()) !== undefined;) {
      heard += new TextDecoder("latin1").decode(octets);
    }
  } catch {
    // It was cut.
  }
  link.close();
  return heard;
}

/** Says something again and again, until it is cut. */
async function repeat(link: Link, text: string): Promise<void> {
  const octets = new TextEncoder().encode(text);
  try {
    for (;;) {
      await link.write(octets);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } catch {
    // It was cut.
  }
}

test("the WebSocket port cuts whoever never asks for a WebSocket", async () => {
  const listener = await listenForWebSockets(ANYWHERE, SOON);
  const links = await Promise.all(
    ["", HALF, HALF, NO_UPGRADE].map((text) => said(listener, text)),
  );
  const dripping = repeat(links[2]!, "a: b\r\n");
  const heard = await Promise.all(links.map(heardBy));
  await dripping;
  assert(heard[3]!.startsWith("HTTP/1.1 426 "), heard[3]);
  listener.close();
  assertEquals(await listener.accept(), undefined);
  // Bun takes 12 s, whatever it is told.
}, { timeout: 30_000 });

test("a client that asks for something else again and again is cut all the same", async () => {
  const listener = await listenForWebSockets(ANYWHERE, {
    upgradeTimeout: 10_000,
    closeTimeout: 100,
  });
  const client = await said(listener, NO_UPGRADE);
  const began = Date.now();
  const asking = repeat(client, NO_UPGRADE);
  await heardBy(client);
  assert(Date.now() - began < 2000);
  await asking;
  listener.close();
});

test("a WebSocket is cut though the client never says good-bye", async () => {
  const listener = await listenForWebSockets(ANYWHERE, SOON);
  const client = await said(listener, UPGRADE);
  const link = await listener.accept();
  link!.close();
  assert((await heardBy(client)).startsWith("HTTP/1.1 101 "));
  listener.close();
});

test("a WebSocket outlives the time until it must be open", async () => {
  const listener = await listenForWebSockets(ANYWHERE, SOON);
  const client = await said(listener, UPGRADE);
  const link = (await listener.accept())!;
  await new Promise((resolve) => setTimeout(resolve, 150));
  // A masked text message.
  await client.write(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x78));
  assertEquals(await link.read(), Uint8Array.of(0x78));
  link.close();
  await heardBy(client);
  listener.close();
});

test("a WebSocket goes on when its listener has closed, and whoever has none does not", async () => {
  const listener = await listenForWebSockets(ANYWHERE, LATER);
  const [client, half] = [
    await said(listener, UPGRADE),
    await said(listener, HALF),
  ];
  const link = (await listener.accept())!;
  listener.close();
  await client.write(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x78));
  assertEquals(await link.read(), Uint8Array.of(0x78));
  link.close();
  await heardBy(client);
  half.close();
});

/** Requests for a WebSocket that are not as they should be. */
const MALFORMED: readonly (readonly [string, string])[] = [
  ["no key", UPGRADE.replace(/Sec-WebSocket-Key.*\r\n/, "")],
  ["another protocol", UPGRADE.replace("websocket", "h2c")],
];

for (const [what, request] of MALFORMED) {
  test(`a request for a WebSocket with ${what} is the client's mistake, not ours`, async () => {
    const listener = await listenForWebSockets(ANYWHERE, SOON);
    const heard = await heardBy(await said(listener, request));
    assert(/^HTTP\/1.1 4\d\d /.test(heard), heard);
    listener.close();
  });
}
