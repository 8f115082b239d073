import { ConnectionError } from "../../errors.ts";
import { VirtualClock } from "../../testing/mod.ts";
import { MemoryLink, type MemoryLinkOptions } from "../../transport/memory.ts";
import { WebSocketServerLink } from "../../transport/web_socket_server_link.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { octets, wire } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { outcomeOf } from "../support/scripted_broker.ts";
import { settled } from "../support/virtual_clock.ts";
import {
  clientFrame,
  closeFrame,
  serverFrames,
  upgradeRequest,
} from "../support/web_socket.ts";

const PING = { first: 0x89 };
const BINARY = { first: 0x82 };

/** A server's end that somebody has connected to. */
function scene(options: MemoryLinkOptions = {}) {
  const clock = new VirtualClock();
  const [client, accepted] = MemoryLink.pair(options);
  const link = new WebSocketServerLink(accepted, {
    clock,
    isWelcome: () => false,
  });
  const say = (text: string) => client.write(octets(text));
  return { clock, client, link, say };
}

/** The same, with a WebSocket, and what the client has heard since. */
async function open(options: MemoryLinkOptions = {}) {
  const all = scene(options);
  const reading = all.link.read();
  await all.say(upgradeRequest());
  await all.client.read();
  await all.say(clientFrame("hello"));
  assertEquals(wire((await reading)!), "hello");
  return { ...all, heard: () => heardBy(all.client) };
}

/** Everything until the end; `open` where there is no end. */
async function heardBy(client: MemoryLink) {
  let heard = "";
  for (;;) {
    const octets = await Promise.race([client.read(), settled()]);
    if (octets === undefined) return serverFrames(heard);
    heard += wire(octets as Uint8Array);
  }
}

test("a read waits for the request, and what comes behind it is read", async () => {
  const { link, say, client } = scene();
  assert(link.isOpening);
  const reading = link.read();
  const request = upgradeRequest() + clientFrame("a") + clientFrame("b");
  const middle = request.indexOf("\r\n\r\n") + 2;
  await say(request.slice(0, middle));
  assertEquals(await outcomeOf(reading), "pending");
  await say(request.slice(middle));
  assertEquals(wire((await reading)!), "ab");
  assert(!link.isOpening);
  assert(wire((await client.read())!).startsWith("HTTP/1.1 101 "));
});

test("octets are handed out as they come, though the message never ends", async () => {
  const { link, say } = await open();
  await say(clientFrame("a", { first: 0x01 }));
  assertEquals(wire((await link.read())!), "a");
  for (let i = 0; i < 1000; i++) {
    await say(clientFrame("x".repeat(100), { first: 0x00 }));
    assertEquals((await link.read())!.length, 100);
  }
  await say(clientFrame("half a frame", { first: 0x00 }).slice(0, 10));
  assertEquals(wire((await link.read())!), "half");
});

test("nobody reads, and the client is held up: nothing gathers", async () => {
  const { say } = await open({ capacity: 1000 });
  let sent = 0;
  const flood = (async () => {
    for (;; sent++) await say(clientFrame("x".repeat(100)));
  })();
  assertEquals(await outcomeOf(flood), "pending");
  assert(sent < 20, `${sent} were taken`);
});

test("it answers in the kind of messages that it is sent", async () => {
  const { link, say, heard } = await open();
  await link.write(octets("gr\xc3\xbc\xc3\x9fe"));
  await link.write(octets("\xff\xfe"));
  await say(clientFrame("x", BINARY));
  await link.read();
  await link.write(octets("text"));
  assertEquals(await heard(), [
    { opcode: 1, payload: "gr\xc3\xbc\xc3\x9fe" },
    { opcode: 2, payload: "\xff\xfe" },
    { opcode: 2, payload: "text" },
  ]);
});

test("a character that is cut by two writes is sent in one piece", async () => {
  const { link, heard } = await open();
  for (const piece of ["a\xf0\x9f", "\x98", "\x80b", "\xe2", "\xff", "c"]) {
    await link.write(octets(piece));
  }
  assertEquals(await heard(), [
    { opcode: 1, payload: "a" },
    { opcode: 1, payload: "\xf0\x9f\x98\x80b" },
    { opcode: 2, payload: "\xe2\xff" },
    { opcode: 1, payload: "c" },
  ]);
});

test("long messages arrive whole", async () => {
  const { link, client } = await open();
  const body = "x".repeat(200_000);
  const writing = link.write(octets(body));
  let heard = "";
  while (heard.length < body.length + 10) heard += wire((await client.read())!);
  await writing;
  assertEquals(serverFrames(heard), [{ opcode: 1, payload: body }]);
});

test("a ping is answered, between what else is written", async () => {
  const { link, say, heard } = await open();
  const reading = link.read();
  await say(clientFrame("1", PING));
  await settled();
  const writing = link.write(octets("a"));
  await say(clientFrame("2", PING) + clientFrame("x"));
  await reading;
  await writing;
  assertEquals(await heard(), [
    { opcode: 10, payload: "1" },
    { opcode: 1, payload: "a" },
    { opcode: 10, payload: "2" },
  ]);
});

test("who sends pings and reads no pongs is kept one of them", async () => {
  const { link, say, client } = await open({ capacity: 200 });
  const reading = link.read();
  for (let i = 0; i < 1000; i++) await say(clientFrame(`${i}`, PING));
  await say(clientFrame("x"));
  await reading;
  const frames = await heardBy(client);
  assert(frames.length < 100, `${frames.length} were kept`);
  assertEquals(frames.at(-1), { opcode: 10, payload: "999" });
});

const GOOD_BYE = "The broker has closed the connection.";

test("our end says good-bye with a code and a reason, and is read on until the client's", async () => {
  const { clock, link, say, client, heard } = await open();
  await link.write(octets("ERROR"));
  await link.end();
  assertEquals(await heard(), [
    { opcode: 1, payload: "ERROR" },
    { opcode: 8, payload: `\x03\xe8${GOOD_BYE}` },
  ]);
  await assertRejects(() => link.write(octets("x")), ConnectionError);
  await say(clientFrame("still"));
  assertEquals(wire((await link.read())!), "still");
  await say(closeFrame(1000));
  assertEquals(await link.read(), undefined);
  assertEquals(await client.read(), undefined);
  assertEquals(clock.pending, 0);
});

test("our close says good-bye, too, and a pending read ends when the connection is gone", async () => {
  const { clock, link, say, client, heard } = await open();
  const reading = link.read();
  link.close();
  link.close();
  assertEquals(await heard(), [
    { opcode: 8, payload: `\x03\xe8${GOOD_BYE}` },
  ]);
  assertEquals(await outcomeOf(reading), "pending");
  await say(clientFrame("dropped") + closeFrame(1000));
  assertEquals(await reading, undefined);
  assertEquals(await client.read(), undefined);
  await assertRejects(() => link.write(octets("x")), ConnectionError, "closed");
  assertEquals(clock.pending, 0);
});

test("a client that answers no good-bye, or reads none, is cut in time", async () => {
  for (const isStalled of [false, true]) {
    const { clock, link, client } = await open({ capacity: 300 });
    const writing = isStalled
      ? link.write(new Uint8Array(10_000)).catch((error) => error)
      : undefined;
    const reading = link.read();
    await settled();
    link.close();
    await clock.advance(999);
    assertEquals(await outcomeOf(reading), "pending");
    await clock.advance(1);
    assertEquals(await reading, undefined);
    assert(!isStalled || await writing instanceof ConnectionError);
    await assertRejects(async () => {
      while (await client.read() !== undefined);
      await client.write(octets("x"));
      throw new ConnectionError("it took that");
    }, ConnectionError);
    assertEquals(clock.pending, 0);
  }
});

test("a client's good-bye is answered with its code, behind what it had sent", async () => {
  const { clock, link, say, heard, client } = await open();
  await say(clientFrame("last") + closeFrame(4001, "enough"));
  assertEquals(wire((await link.read())!), "last");
  assertEquals(await link.read(), undefined);
  assertEquals(await heard(), [{ opcode: 8, payload: "\x0f\xa1enough" }]);
  assertEquals(await client.read(), undefined);
  await assertRejects(() => link.write(octets("x")), ConnectionError, "peer");
  assertEquals(clock.pending, 0);
});

test("who breaks the rules is told so, and has a moment to read it", async () => {
  const { clock, link, say, heard, client } = await open();
  await say(clientFrame("fine") + clientFrame("x", { isMasked: false }));
  assertEquals(wire((await link.read())!), "fine");
  const reading = link.read();
  assertEquals(await heard(), [
    { opcode: 8, payload: "\x03\xeaA client's frames must be masked." },
  ]);
  await say("whatever");
  assertEquals(await outcomeOf(reading), "pending");
  await client.end();
  assertEquals(await reading, undefined);
  assertEquals(clock.pending, 0);
});

test("a client that is gone without a word is an end, one that is lost an error", async () => {
  const gone = await open();
  await gone.client.end();
  assertEquals(await gone.link.read(), undefined);
  const lost = await open();
  const reading = lost.link.read();
  lost.client.reset();
  await assertRejects(() => reading, ConnectionError, "reset");
  lost.link.close();
  await settled();
  assertEquals([gone.clock.pending, lost.clock.pending], [0, 0]);
});

test("whoever asks for no WebSocket is answered and let go in time, whatever else it says", async () => {
  const { clock, client, link, say } = scene();
  const reading = link.read();
  await say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const text = wire((await client.read())!);
  assert(text.startsWith("HTTP/1.1 426 "), text);
  for (let i = 0; i < 10; i++) {
    await say("GET / HTTP/1.1\r\n\r\n");
    await clock.advance(99);
  }
  assertEquals(await outcomeOf(reading), "pending");
  await clock.advance(10);
  assertEquals(await reading, undefined);
  await assertRejects(() => link.write(octets("x")), ConnectionError);
});

test("a request that never ends is refused", async () => {
  const { client, link, say } = scene();
  void link.read();
  await say("GET / HTTP/1.1\r\n");
  const dripping = (async () => {
    for (let i = 0; i < 2000; i++) await say("a: bcdefgh\r\n");
  })();
  const text = wire((await client.read())!);
  assert(text.startsWith("HTTP/1.1 431 "), text);
  await client.end();
  await dripping;
});

test("a client that is dropped before there is a WebSocket is let go at once", async () => {
  const { client, link, say, clock } = scene();
  const reading = link.read();
  await say("GET / HT");
  link.close();
  assertEquals(await reading, undefined);
  assertEquals(await client.read(), undefined);
  assertEquals(clock.pending, 0);
});
