// What @stomp/stompjs's users talk with a broker about, in our own words, on Node: a ws:// URL.
// By names that only Node looks up.
const load = (name) => import(name);
const { Client } = await load("@stomp/stompjs");
const { WebSocket } = await load("ws");
Object.assign(globalThis, { WebSocket });

const [brokerURL] = process.argv.slice(2);

/** A client that is connected, and what it has heard, in order. */
async function connected(options = {}) {
  const heard = [];
  const client = new Client({
    brokerURL,
    connectHeaders: { login: "guest", passcode: "guest", host: "/" },
    reconnectDelay: 0,
    onUnhandledReceipt: ({ headers }) => heard.push(headers["receipt-id"]),
    onUnhandledMessage: (message) => heard.push(message),
    ...options,
  });
  await new Promise((resolve, reject) => {
    client.onConnect = resolve;
    client.onStompError = reject;
    client.onWebSocketError = reject;
    client.activate();
  });
  return { client, heard };
}

async function until(condition, what) {
  for (let i = 0; i < 500; i++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never: ${what}`);
}

function assert(isWell, what) {
  if (!isWell) throw new Error(what);
}

/** Each in a connection of its own. */
const CONVERSATIONS = {
  "a handler that refuses sees its receipt before the message again":
    async () => {
      const { client, heard } = await connected();
      const destination = "/queue/conversation-nack";
      client.subscribe(destination, (message) => {
        heard.push(message.headers.redelivered ?? "first");
        if (heard.length > 2) message.ack();
        else message.nack({ receipt: "nack" });
      }, { ack: "client-individual" });
      client.publish({ destination, body: "x" });
      await until(() => heard.length >= 3, "redelivered");
      assert(heard.join() === "first,nack,true", heard.join());
      return client;
    },
  "a NACK that names the message-id": async () => {
    const { client, heard } = await connected();
    const destination = "/queue/conversation-nack-id";
    client.subscribe(destination, (message) => {
      heard.push(message.headers.redelivered ?? "first");
      if (heard.length > 1) message.ack();
      else client.nack(message.headers["message-id"], "s");
    }, { ack: "client-individual", id: "s" });
    client.publish({ destination, body: "x" });
    await until(() => heard.length === 2, "redelivered");
    assert(heard.join() === "first,true", heard.join());
    return client;
  },
  "an answer to a reply-to without a SUBSCRIBE": async () => {
    const { client, heard } = await connected();
    const destination = "/queue/conversation-rpc";
    client.subscribe(destination, ({ headers }) => {
      const to = headers["reply-to"];
      client.publish({ destination: to, body: "answer" });
    });
    const replyTo = "/temp-queue/conversation";
    client.publish({
      destination,
      headers: { "reply-to": replyTo },
      body: "?",
    });
    await until(() => heard.length === 1, "an answer");
    assert(heard[0].body === "answer", heard[0].body);
    assert(heard[0].headers.subscription === replyTo, "its subscription");
    return client;
  },
  "heart-beats are as often as the client wishes": async () => {
    const { client } = await connected({
      heartbeatIncoming: 400,
      heartbeatOutgoing: 400,
    });
    const stays = new Promise((_, reject) => {
      client.onWebSocketClose = () => reject(new Error("it was closed"));
    });
    const rests = new Promise((resolve) => setTimeout(resolve, 2500));
    await Promise.race([stays, rests]);
    client.onWebSocketClose = () => {};
    return client;
  },
  "a large message arrives whole, also in small WebSocket messages":
    async () => {
      const { client, heard } = await connected({
        splitLargeFrames: true,
        maxWebSocketChunkSize: 8192,
      });
      const destination = "/topic/conversation-large";
      client.subscribe(destination, ({ body }) => heard.push(body), {
        receipt: "subscribed",
      });
      await until(() => heard.length === 1, "a receipt");
      const body = "é".repeat(300_000);
      client.publish({ destination, body });
      await until(() => heard.length === 2, "the message");
      assert(heard[1] === body, "the body");
      return client;
    },
  "headers keep what must be escaped": async () => {
    const { client, heard } = await connected();
    const destination = "/queue/conversation-headers";
    // Before a c, n or r it takes an escaped backslash for the other half of one.
    const value = "a:b\\ \nd\re";
    client.subscribe(destination, ({ headers }) => heard.push(headers.xy));
    client.publish({ destination, headers: { xy: value }, body: "" });
    await until(() => heard.length === 1, "the message");
    assert(heard[0] === value, heard[0]);
    return client;
  },
  "a topic with a wildcard": async () => {
    const { client, heard } = await connected();
    client.subscribe(
      "/topic/conversation.*.end",
      ({ body }) => heard.push(body),
      {
        receipt: "subscribed",
      },
    );
    await until(() => heard.length === 1, "a receipt");
    client.publish({ destination: "/topic/conversation.a.end", body: "1" });
    client.publish({ destination: "/topic/conversation.a.b.end", body: "2" });
    client.publish({ destination: "/topic/conversation.b.end", body: "3" });
    await until(() => heard.length === 3, "both messages");
    assert(heard.join() === "subscribed,1,3", heard.join());
    return client;
  },
  "a mistake is told, and ends the connection": async () => {
    const { client } = await connected();
    const told = new Promise((resolve) => client.onStompError = resolve);
    const closed = new Promise((resolve) => client.onWebSocketClose = resolve);
    client.publish({ destination: "", body: "x", headers: { receipt: "r" } });
    const { headers } = await told;
    assert(headers["receipt-id"] === "r", JSON.stringify(headers));
    await closed;
    return client;
  },
  "a good-bye ends with code 1000": async () => {
    const { client } = await connected();
    const closed = new Promise((resolve) => client.onWebSocketClose = resolve);
    await client.deactivate();
    const { code } = await closed;
    assert(code === 1000, String(code));
    return client;
  },
};

for (const [name, talk] of Object.entries(CONVERSATIONS)) {
  try {
    await (await talk()).deactivate();
  } catch (error) {
    console.log(`not ok ${name}: ${error.message}`);
    process.exit(1);
  }
  console.log(`ok ${name}`);
}
console.log("ok done");
process.exit(0);
