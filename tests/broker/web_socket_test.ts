import { Frame, serve, type TestBroker } from "../../testing/mod.ts";
import { connect, ConnectionError } from "../../mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { octets, wire } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { raw } from "../support/raw_peer.ts";

/** A client by WebSocket, as a browser has it. */
class WebClient implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #heard: (string | Uint8Array)[] = [];
  #wake: (() => void) | undefined;
  #isClosed = false;

  constructor(url: string, protocols: readonly string[]) {
    this.#socket = new WebSocket(url, [...protocols]);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onmessage = ({ data }) => {
      this.#heard.push(typeof data === "string" ? data : new Uint8Array(data));
      this.#wake?.();
    };
    this.#socket.onclose = () => {
      this.#isClosed = true;
      this.#wake?.();
    };
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.onopen = () => resolve();
      this.#socket.onerror = () => reject(new Error("cannot connect"));
    });
    return this;
  }

  say(message: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(message);
  }

  /** The next message that is no heart-beat; `undefined` at the end. */
  async next(): Promise<string | Uint8Array | undefined> {
    for (;;) {
      const message = this.#heard.shift();
      if (message !== undefined && message !== "\n") return message;
      if (message === undefined && this.#isClosed) return undefined;
      if (message === undefined) {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    while (!this.#isClosed) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

function withBroker(
  claim: string,
  body: (broker: TestBroker, url: string) => Promise<void>,
): void {
  test(`WebSocket: ${claim}`, async () => {
    await using broker = await serve({ webSocketPort: 0 });
    await body(broker, broker.webSocketUrl!);
  });
}

const CONNECT = raw("CONNECT", { "accept-version": "1.2", host: "/" });

/** What is offered, and what is chosen. */
const PROTOCOLS: readonly (readonly [readonly string[], string])[] = [
  [["v12.stomp"], "v12.stomp"],
  [["v10.stomp", "v11.stomp", "v12.stomp"], "v12.stomp"],
  [["v11.stomp", "v10.stomp"], "v11.stomp"],
  [["v10.stomp"], "v10.stomp"],
  [[], ""],
];

for (const [offered, chosen] of PROTOCOLS) {
  withBroker(`of ${offered} it chooses ${chosen || "none"}`, async (_, url) => {
    await using client = await new WebClient(url, offered).open();
    assertEquals(client.protocol, chosen);
  });
}

withBroker(
  "text is answered with text, wherever messages end",
  async (_, url) => {
    await using client = await new WebClient(url, ["v12.stomp"]).open();
    const said = CONNECT +
      raw("SUBSCRIBE", { id: "s", destination: "/queue/a" }) +
      raw("SEND", { destination: "/queue/a" }, "grüße");
    const half = said.length >> 1;
    client.say(said.slice(0, half));
    client.say("");
    client.say(said.slice(half) + "\n");
    let heard = "";
    while (!heard.includes("grüße\0")) heard += await client.next();
    assert(heard.startsWith("CONNECTED\nversion:1.2\n"), heard);
  },
);

withBroker("octets are answered with octets", async (_, url) => {
  await using client = await new WebClient(url, ["v12.stomp"]).open();
  client.say(new Uint8Array(octets(CONNECT)));
  const connected = await client.next();
  assert(connected instanceof Uint8Array);
  assert(wire(connected).startsWith("CONNECTED\n"));
});

withBroker("what is no text comes as octets anyhow", async (broker, url) => {
  await using other = await connect(broker.url);
  await using client = await new WebClient(url, ["v12.stomp"]).open();
  client.say(CONNECT);
  assertEquals(typeof await client.next(), "string");
  client.say(
    raw("SUBSCRIBE", { id: "s", destination: "/queue/a", receipt: "r" }),
  );
  await client.next();
  await other.send("/queue/a", Uint8Array.of(0xff, 0xfe));
  const message = await client.next();
  assert(message instanceof Uint8Array);
  assert(wire(message).endsWith("\xff\xfe\0"));
});

withBroker("ERROR comes before the end", async (_, url) => {
  await using client = await new WebClient(url, ["v12.stomp"]).open();
  client.say("NONSENSE\n\n\0");
  assert(String(await client.next()).startsWith("ERROR\n"));
  assertEquals(await client.next(), undefined);
});

withBroker(
  "what a client that is gone had comes again",
  async (broker, url) => {
    await using other = await connect(broker.url);
    await other.send("/queue/a", "x", { receipt: true });
    {
      await using client = await new WebClient(url, ["v12.stomp"]).open();
      client.say(
        CONNECT +
          raw("SUBSCRIBE", { id: "s", destination: "/queue/a", ack: "client" }),
      );
      let heard = "";
      while (!heard.includes("MESSAGE")) heard += await client.next();
    }
    for await (const message of other.subscribe("/queue/a")) {
      assert(message.redelivered);
      break;
    }
  },
);

withBroker("a large body comes through both ways", async (_, url) => {
  await using client = await new WebClient(url, ["v12.stomp"]).open();
  client.say(CONNECT);
  await client.next();
  const body = "x".repeat(3_000_000);
  client.say(raw("SUBSCRIBE", { id: "s", destination: "/queue/a" }));
  client.say(raw("SEND", { destination: "/queue/a" }, body));
  let length = 0;
  while (length < body.length) length += (await client.next())!.length;
});

withBroker("somebody who does not want one is told so", async (_, url) => {
  const response = await fetch(url.replace("ws:", "http:"));
  assertEquals(response.status, 426);
  assert((await response.text()).includes("WebSocket"));
});

test("WebSocket: a port that is taken is a ConnectionError, and the other port is free again", async () => {
  await using broker = await serve({ webSocketPort: 0 });
  const taken = Number(new URL(broker.webSocketUrl!).port);
  await assertRejects(
    () => serve({ webSocketPort: taken }),
    ConnectionError,
    "something listens there already",
  );
});

withBroker("the test kit misbehaves there, too", async (broker, url) => {
  broker.misbehave({ errorOn: { SEND: "not today" } });
  await using client = await new WebClient(url, ["v12.stomp"]).open();
  client.say(CONNECT + raw("SEND", { destination: "/queue/a" }));
  let heard = "";
  for (let message; (message = await client.next()) !== undefined;) {
    heard += message;
  }
  assert(/^CONNECTED\n[^]*ERROR\nmessage:not today\n/.test(heard), heard);
  assertEquals(
    broker.frames().map(({ frame }) => frame.command),
    ["CONNECT", "SEND"],
  );
});

withBroker("the test speaks for the broker there, too", async (broker, url) => {
  using interception = broker.intercept();
  await using client = await new WebClient(url, ["v12.stomp"]).open();
  client.say(CONNECT);
  using connection = await interception.accept();
  assertEquals((await connection.next())?.command, "CONNECT");
  await connection.send(new Frame("CONNECTED", { version: "1.2" }));
  assert(`${await client.next()}`.startsWith("CONNECTED"));
});
