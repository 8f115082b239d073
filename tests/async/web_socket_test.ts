// connect() by WebSocket: what goes wrong on the way, and what may be given.

import { serve } from "../../testing/mod.ts";
import {
  connect,
  ConnectionError,
  type ConnectOptions,
  FrameError,
  StompError,
  TimeoutError,
  UsageError,
  type WebSocketFactory,
} from "../../mod.ts";
import { runtimeTransport } from "../../transport/runtime.ts";
import type { Link } from "../../transport/transport.ts";
import { acceptanceOf } from "../../transport/web_socket_handshake.ts";
import { take } from "../behaviours/behaviour.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { Authority } from "../support/certificates.ts";
import { octets, wire } from "../support/frames.ts";
import { test } from "../support/harness.ts";

const ANYWHERE = { hostname: "127.0.0.1", port: 0 };

/** What the runtime has, and what a page would use. */
const OWN: WebSocketFactory = (url, protocols) => new WebSocket(url, protocols);

/** A server that answers the first thing it hears, and what it has heard. */
async function serverThat(
  answer: (request: string, link: Link) => Promise<string> | string,
  hangsUp = true,
) {
  const transport = await runtimeTransport();
  const listener = await transport.listen(ANYWHERE);
  const ended = Promise.withResolvers<void>();
  const talk = async (link: Link) => {
    let heard = "";
    while (!heard.includes("\r\n\r\n") && heard.charCodeAt(0) !== 0x16) {
      const some = await link.read();
      if (some === undefined) return;
      heard += wire(some);
    }
    await link.write(octets(await answer(heard, link)));
    // Not every runtime hangs up when it is done: whoever says more, may go.
    if (!hangsUp) await link.read();
  };
  const work = (async () => {
    for (let link; (link = await listener.accept()) !== undefined;) {
      await talk(link).catch(() => {});
      link.close();
      ended.resolve();
    }
  })();
  return {
    url: `ws://127.0.0.1:${listener.address.port}/ws`,
    /** The first client is gone. */
    ended: ended.promise,
    async [Symbol.asyncDispose]() {
      listener.close();
      await work;
    },
  };
}

/** Opens the WebSocket, with such a header for the subprotocol. */
async function accept(request: string, protocol = ""): Promise<string> {
  const [, key] = /Sec-WebSocket-Key: *(.*)\r\n/i.exec(request)!;
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
    `Connection: Upgrade\r\nSec-WebSocket-Accept: ${await acceptanceOf(key!)}` +
    `\r\n${protocol}\r\n`;
}

const V12 = "Sec-WebSocket-Protocol: v12.stomp\r\n";

/** A server's frame. */
const frame = (opcode: number, payload: string) =>
  String.fromCharCode(0x80 | opcode, payload.length) + payload;

/** Deno says nothing more there, and keeps the socket. */
const LEFT_OPEN = "…";

const http = (status: string) =>
  `HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;

/** What may answer at a `ws://` URL, and what is said of it. */
const ANSWERS: readonly {
  readonly name: string;
  readonly answer: (request: string) => Promise<string> | string;
  readonly hangsUp?: boolean;
  readonly says: string;
  /** The same where a runtime's WebSocket is used, which may say no more. */
  readonly saysOwn?: string;
}[] = [
  {
    name: "speaks something else",
    answer: () => "SSH-2.0-OpenSSH_9.2\r\n",
    says: "speaks no HTTP",
  },
  {
    name: "hangs up",
    answer: () => "",
    says: "hung up",
  },
  {
    name: "answers 401",
    answer: () => http("401 Unauthorized"),
    says: '"HTTP/1.1 401 Unauthorized"',
  },
  {
    name: "answers 404",
    answer: () => http("404 Not Found"),
    says: "there is nothing at this path",
  },
  {
    name: "chooses no subprotocol",
    answer: (request) => accept(request),
    hangsUp: false,
    says: "no subprotocol was chosen",
    saysOwn: "",
  },
  {
    name: "chooses a foreign subprotocol",
    answer: (request) => accept(request, "Sec-WebSocket-Protocol: mqtt\r\n"),
    hangsUp: false,
    says: 'the subprotocol "mqtt" was chosen',
    saysOwn: "",
  },
  {
    name: "proves nothing",
    answer: async (request) => (await accept(request, V12)).replace("=", "x"),
    hangsUp: false,
    says: "not to ours",
    saysOwn: LEFT_OPEN,
  },
  {
    name: "closes the WebSocket with a code and a reason",
    answer: async (request) =>
      await accept(request, V12) + frame(8, "\x03\xf0full"),
    says: 'code 1008 (its rules do not permit this) and the reason "full"',
    saysOwn: 'code 1008 (its rules do not permit this) and the reason "full"',
  },
  {
    name: "breaks the rules of WebSockets",
    answer: async (request) => await accept(request, V12) + frame(3, "what?"),
    hangsUp: false,
    says: "There is no opcode 3",
    saysOwn: "was closed with code",
  },
  {
    name: "speaks no STOMP",
    answer: async (request) => await accept(request, V12) + frame(1, "hello"),
    hangsUp: false,
    says: "begins no command",
    saysOwn: "begins no command",
  },
];

for (const { name, answer, hangsUp, says, saysOwn } of ANSWERS) {
  for (const webSocket of [undefined, OWN]) {
    if (webSocket !== undefined && saysOwn === LEFT_OPEN) continue;
    const expected = webSocket === undefined
      ? says
      : saysOwn ?? "was never open";
    test(`${webSocket === undefined ? "a" : "the runtime's"} WebSocket at a server that ${name}: a typed error in time, and then to a broker`, async () => {
      await using broker = await serve({ webSocketPort: 0 });
      await using server = await serverThat(answer, hangsUp);
      const began = Date.now();
      const error = await assertRejects(
        () =>
          connect(`${server.url}?token=sesame`, {
            connectTimeout: 2000,
            connectedTimeout: 2000,
            ...webSocket === undefined ? {} : { webSocket },
          }),
        StompError,
      );
      assertStringIncludes(error.message, expected);
      assert(!error.message.includes("sesame"), error.message);
      assert(!`${error.cause}`.includes("sesame"));
      assert(
        error instanceof ConnectionError || error instanceof FrameError,
        error.name,
      );
      assert(Date.now() - began < 1900);
      await (await connect(broker.webSocketUrl!)).close();
    });
  }
}

test("a WebSocket that is not answered ends in time, and its socket is let go", async () => {
  const silent = await (await runtimeTransport()).listen(ANYWHERE);
  const { port } = silent.address;
  const dialing = connect(`ws://127.0.0.1:${port}/ws`, {
    connectTimeout: 200,
  });
  const link = (await silent.accept())!;
  const gone = (async () => {
    while (await link.read().catch(() => undefined) !== undefined);
  })();
  const error = await assertRejects(() => dialing, TimeoutError);
  assertStringIncludes(error.message, `:${port}`);
  await gone;
  link.close();
  silent.close();
});

test("nothing listens at a WebSocket's port: a typed error names the place", async () => {
  for (const webSocket of [undefined, OWN]) {
    const error = await assertRejects(
      () =>
        connect(
          "ws://127.0.0.1:1/ws",
          webSocket === undefined ? {} : {
            webSocket,
          },
        ),
      ConnectionError,
    );
    assertStringIncludes(error.message, "127.0.0.1:1");
  }
});

test("wss: whom one does not trust is refused, and whom one is told to trust is not", async () => {
  const authority = await Authority.create("the tests' authority");
  await using broker = await serve({
    tls: await authority.issue({ name: "broker", hosts: ["127.0.0.1"] }),
    webSocketPort: 0,
  });
  const url = broker.webSocketUrl!;
  assert(url.startsWith("wss:"));
  await assertRejects(
    () => connect(url),
    ConnectionError,
    "nobody who is trusted",
  );
  await assertRejects(
    () => connect(url, { webSocket: OWN }),
    ConnectionError,
    "was never open",
  );
  const tls = { caCerts: [authority.cert] };
  await using client = await connect(url, { tls });
  await client.send("/queue/a", "a", { receipt: true });
  await assertRejects(
    () => connect(url, { tls, webSocket: OWN }),
    UsageError,
    '"tls"',
  );
});

test("the option webSocket gets the URL without login and passcode, and the subprotocols of the versions", async () => {
  await using broker = await serve({
    webSocketPort: 0,
    credentials: { guest: "guest" },
  });
  const asked: unknown[] = [];
  const url = `${
    broker.webSocketUrl!.replace("://", "://guest:guest@")
  }/ws?a=%20b`;
  await using client = await connect(url, {
    versions: ["1.1", "1.2"],
    webSocket: (...args) => {
      asked.push(args);
      return OWN(...args);
    },
  });
  assertEquals(asked, [
    [`${broker.webSocketUrl}/ws?a=%20b`, ["v12.stomp", "v11.stomp"]],
  ]);
  await client.send("/queue/a", "a", { receipt: true });
});

test("something that has no subprotocols will do, such as SockJS", async () => {
  await using broker = await serve({ webSocketPort: 0 });
  await using client = await connect(broker.webSocketUrl!, {
    webSocket: (url) => new WebSocket(url),
  });
  await client.send("/queue/a", "a", { receipt: true });
});

/** What a function may return that is no WebSocket. */
const NO_WEB_SOCKETS: readonly (readonly [string, () => unknown])[] = [
  ["undefined", () => undefined],
  ["null", () => null],
  ["a promise", () => Promise.resolve(null)],
  ["object", () => ({ send() {} })],
  ["string", () => "ws://"],
];

for (const [says, webSocket] of NO_WEB_SOCKETS) {
  test(`the option webSocket returns ${says}: a usage error says so`, async () => {
    await assertRejects(
      () =>
        connect("ws://127.0.0.1:1", { webSocket } as unknown as ConnectOptions),
      UsageError,
      `not ${says}`,
    );
  });
}

test("the option webSocket throws: that is the cause", async () => {
  const cause = new Error("no cookies today");
  const error = await assertRejects(
    () =>
      connect("ws://127.0.0.1:1", {
        webSocket: () => {
          throw cause;
        },
      }),
    ConnectionError,
    "no cookies today",
  );
  assertEquals(error.cause, cause);
});

test("a frame over the limits ends its subscription, and the client goes on", async () => {
  await using broker = await serve({ webSocketPort: 0 });
  await using sender = await connect(broker.url);
  await sender.send("/queue/a", "x".repeat(5000), { receipt: true });
  await using client = await connect(broker.webSocketUrl!, {
    limits: { maxBodyBytes: 1000 },
    reconnect: false,
  });
  await assertRejects(() => take(client.subscribe("/queue/a"), 1), FrameError);
  await client.send("/queue/b", "small", { receipt: true });
  const [message] = await take(client.subscribe("/queue/b"), 1);
  assertEquals(message!.text(), "small");
});

test("a broker that is lost is found again by WebSocket, and what was subscribed goes on", async () => {
  await using broker = await serve({ webSocketPort: 0 });
  await using client = await connect(
    `failover:(${broker.webSocketUrl},stomp://127.0.0.1:1)?initialReconnectDelay=1`,
  );
  const subscription = client.subscribe("/queue/a");
  await subscription.ready;
  broker.misbehave({ dropAtFrame: 3 });
  await client.send("/queue/b", "lost", { receipt: true }).catch(() => {});
  broker.behave();
  await client.send("/queue/a", "after", { receipt: true });
  const [message] = await take(subscription, 1);
  assertEquals(message!.text(), "after");
});
