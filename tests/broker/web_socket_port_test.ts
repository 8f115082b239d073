// Who may come in by WebSocket, and what those can do who misuse it.

import { type BrokerOptions, serve } from "../../broker/mod.ts";
import { welcomes } from "../../broker/origins.ts";
import { ConnectionError, UsageError } from "../../errors.ts";
import { VirtualClock } from "../../testing/mod.ts";
import { MemoryNetwork } from "../../transport/memory.ts";
import { ownHostNames, runtimeTransport } from "../../transport/runtime.ts";
import type { TlsOptions } from "../../transport/tls.ts";
import type { Link, Transport } from "../../transport/transport.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { Authority } from "../support/certificates.ts";
import { octets, wire } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { raw } from "../support/raw_peer.ts";
import { outcomeOf } from "../support/scripted_broker.ts";
import {
  clientFrame,
  closeFrame,
  serverFrames,
  upgradeRequest,
} from "../support/web_socket.ts";

/** Somebody at a WebSocket port, who says exactly what a test says. */
class Visitor implements AsyncDisposable {
  readonly link: Link;
  #heard = "";

  private constructor(link: Link) {
    this.link = link;
  }

  static async dial(
    url: string,
    transport?: Transport,
    tls?: TlsOptions,
  ): Promise<Visitor> {
    const { hostname, port } = new URL(url);
    const address = { hostname, port: Number(port) };
    transport ??= await runtimeTransport();
    return new Visitor(await transport.connect(address, { tls }));
  }

  say(text: string): Promise<void> {
    return this.link.write(octets(text));
  }

  /** Everything until something has been heard; to the end without it. */
  async until(text?: string): Promise<string> {
    for (;;) {
      const at = text === undefined ? -1 : this.#heard.indexOf(text);
      if (at >= 0) {
        const heard = this.#heard.slice(0, at + text!.length);
        this.#heard = this.#heard.slice(heard.length);
        return heard;
      }
      const octets = await this.link.read().catch((error) => {
        // A connection that was lost has ended, too.
        if (!(error instanceof ConnectionError)) throw error;
      });
      if (octets === undefined) return this.#heard;
      this.#heard += wire(octets);
    }
  }

  /** Asks for a WebSocket, and returns the first line of the answer. */
  async ask(headers: Record<string, string | undefined> = {}): Promise<string> {
    await this.say(upgradeRequest(headers));
    const head = await this.until("\r\n\r\n");
    return head.slice(0, head.indexOf("\r\n"));
  }

  /** Waits for the end, however that comes. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.link.close();
    await this.link.read();
  }
}

const CONNECT = raw("CONNECT", { "accept-version": "1.2", host: "/" });

/** Who may come in where nothing is said, and who may not. */
const BY_DEFAULT: readonly (readonly [string, boolean])[] = [
  ["http://localhost", true],
  ["http://localhost:3000", true],
  ["https://LOCALHOST:3000", true],
  ["http://app.localhost:5173", true],
  ["http://127.0.0.1:8080", true],
  ["http://127.8.9.10", true],
  ["http://[::1]:8080", true],
  ["http://this-machine:8080", true],
  ["http://this-machine.local", true],
  ["http://192.0.2.7", true],
  ["http://[2001:db8::7]:1", true],
  ["https://evil.example", false],
  ["http://localhost.evil.example", false],
  ["http://127.0.0.1.evil.example", false],
  ["http://evil.example/localhost", false],
  ["http://192.0.2.8", false],
  ["null", false],
  ["", false],
  ["localhost", false],
  ["file://", false],
];

test("by default pages of this machine's own names are welcome, and no others", () => {
  const isWelcome = welcomes(undefined, [
    "This-Machine",
    "192.0.2.7",
    "2001:db8::7",
  ]);
  for (const [origin, expected] of BY_DEFAULT) {
    assertEquals(isWelcome(origin), expected, origin);
  }
});

test("where origins are named, those are welcome", () => {
  const isWelcome = welcomes(["https://app.example", "null"], []);
  assert(isWelcome("https://app.example"));
  assert(isWelcome("null"));
  assert(!isWelcome("http://app.example"));
  assert(!isWelcome("http://localhost"));
  assert(welcomes(["*"], [])("https://evil.example"));
});

/** Origins that no browser would send. */
const BAD: readonly unknown[] = [
  "https://app.example",
  ["app.example"],
  ["https://app.example/"],
  ["https://"],
  [1],
  [""],
];

test("an origin that cannot be meant is a UsageError", async () => {
  for (const origins of BAD) {
    const transport = new MemoryNetwork();
    await assertRejects(
      () => serve({ transport, origins } as BrokerOptions),
      UsageError,
      "origin",
    );
  }
});

test("a foreign page is refused, pages of this machine and clients that are none are not", async () => {
  await using broker = await serve({ webSocketPort: 0 });
  const [name] = await ownHostNames();
  const cases: [string | undefined, number][] = [
    [undefined, 101],
    ["http://localhost:3000", 101],
    ["http://127.0.0.1:3000", 101],
    ["https://evil.example", 403],
    ["null", 403],
  ];
  // Deno tells it to whom is permitted to ask.
  if (name !== undefined) cases.push([`http://${name}:3000`, 101]);
  for (const [Origin, status] of cases) {
    await using visitor = await Visitor.dial(broker.webSocketUrl!);
    const answer = await visitor.ask({ Origin });
    assert(answer.startsWith(`HTTP/1.1 ${status} `), `${Origin}: ${answer}`);
  }
});

test("who offers foreign subprotocols alone gets none of ours, and no session", async () => {
  await using broker = await serve({ webSocketPort: 0 });
  await using visitor = await Visitor.dial(broker.webSocketUrl!);
  await visitor.say(upgradeRequest({ "Sec-WebSocket-Protocol": "mqtt" }));
  await visitor.say(clientFrame(CONNECT));
  const heard = await visitor.until();
  assert(heard.startsWith("HTTP/1.1 400 "), heard);
  assert(!/mqtt|protocol:|CONNECTED/i.test(heard), heard);
});

test("with TLS the WebSocket port is wss://, and clear text gets nothing there", async () => {
  const authority = await Authority.create("the tests' authority");
  const tls = await authority.issue({ name: "broker", hosts: ["127.0.0.1"] });
  await using broker = await serve({ tls, webSocketPort: 0 });
  const url = broker.webSocketUrl!;
  assert(url.startsWith("wss://127.0.0.1:"), url);
  await using secure = await Visitor.dial(url, undefined, {
    caCerts: [authority.cert],
  });
  await secure.ask();
  await secure.say(clientFrame(CONNECT));
  await secure.until("CONNECTED");
  await using clear = await Visitor.dial(url);
  await clear.say(upgradeRequest());
  const heard = await clear.until();
  assert(!heard.includes("HTTP"), heard);
});

/** What we close a WebSocket for. */
const CLOSED: readonly (readonly [string, string])[] = [
  ["an ERROR", "NONSENSE\n\n\0"],
  ["a DISCONNECT", raw("DISCONNECT", { receipt: "bye" })],
];

for (const [what, said] of CLOSED) {
  test(`a WebSocket that we close for ${what} ends with code 1000 and a reason`, async () => {
    await using broker = await serve({ webSocketPort: 0 });
    const socket = new WebSocket(broker.webSocketUrl!);
    const ended = new Promise<CloseEvent>((resolve) =>
      socket.onclose = resolve
    );
    socket.onopen = () => socket.send(CONNECT + said);
    const { code, reason, wasClean } = await ended;
    assertEquals({ code, wasClean }, { code: 1000, wasClean: true });
    assert(reason.includes("closed"), reason);
  });
}

test("a WebSocket that is there when the broker closes ends with code 1000 and a reason, too", async () => {
  const broker = await serve({ webSocketPort: 0 });
  const socket = new WebSocket(broker.webSocketUrl!);
  const ended = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  socket.onopen = () => socket.send(CONNECT);
  await new Promise((resolve) => socket.onmessage = resolve);
  await broker.close();
  const { code, reason } = await ended;
  assertEquals(code, 1000);
  assert(reason.includes("closed"), reason);
});

/** A broker in memory, and how to come to its WebSocket port. */
async function scene(options: BrokerOptions) {
  const clock = new VirtualClock();
  const transport = new MemoryNetwork();
  const broker = await serve({
    ...options,
    transport,
    clock,
    webSocketPort: 0,
  });
  return {
    broker,
    clock,
    visit: () => Visitor.dial(broker.webSocketUrl!, transport),
    [Symbol.asyncDispose]: () => broker.close(),
  };
}

test("whoever takes too long until CONNECT is cut, however far it has come", async () => {
  await using all = await scene({ connectTimeout: 1000 });
  const { broker, clock, visit } = all;
  const visitors = await Promise.all([0, 1, 2, 3].map(visit));
  const [, half, open, mute] = visitors;
  await half!.say(upgradeRequest().slice(0, 30));
  await open!.ask();
  await mute!.ask();
  await mute!.say(clientFrame("CONN", { first: 0x01 }));
  assertEquals(broker.connections, 4);
  await clock.advance(1000);
  // The other two are told.
  assertEquals(broker.connections, 2);
  const heard = await open!.until("within 1000 ms.");
  assert(heard.includes("ERROR"));
  await open!.say(closeFrame(1000));
  await clock.advance(3000);
  assertEquals(broker.connections, 0);
  for (const visitor of visitors) await visitor[Symbol.asyncDispose]();
});

test("a message in fragments that never ends counts against the limits, before CONNECT and after", async () => {
  for (const isConnected of [false, true]) {
    await using all = await scene({ limits: { maxBodyBytes: 100_000 } });
    await using visitor = await all.visit();
    await visitor.ask();
    if (isConnected) {
      await visitor.say(clientFrame(CONNECT));
      await visitor.until("CONNECTED");
    }
    await visitor.say(
      clientFrame(raw("SEND", { destination: "/queue/a" }).slice(0, -1), {
        first: 0x01,
      }),
    );
    const flood = (async () => {
      const piece = clientFrame("x".repeat(10_000), { first: 0x00 });
      for (let i = 0; i < 30; i++) await visitor.say(piece);
    })().catch(() => {});
    await visitor.until("ERROR");
    await all.clock.advance(5000);
    await flood;
    assertEquals(all.broker.connections, 0);
  }
});

test("a frame that comes in fragments must be complete in time", async () => {
  await using all = await scene({ frameTimeout: 500, heartBeat: [0, 0] });
  await using visitor = await all.visit();
  await visitor.ask();
  await visitor.say(clientFrame(CONNECT));
  await visitor.until("CONNECTED");
  await visitor.say(clientFrame("SEND\n", { first: 0x01 }));
  for (let i = 0; i < 4; i++) {
    await visitor.say(clientFrame("a:b\n", { first: 0x00 }));
    await all.clock.advance(100);
  }
  const error = visitor.until("complete within 500 ms.\0");
  assertEquals(await outcomeOf(error), "pending");
  await all.clock.advance(100);
  assert((await error).includes("ERROR"));
  await all.clock.advance(3000);
  assertEquals(serverFrames(await visitor.until())[0]?.opcode, 8);
  assertEquals(all.broker.connections, 0);
});
