import {
  BrokerError,
  connectSync,
  FrameError,
  type SyncClient,
  TimeoutError,
} from "../../sync.ts";
import {
  assertEquals,
  assertInstanceOf,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { withChance } from "../support/random.ts";
import { conversationOf, MANY, MAX_BODY } from "./support/conversation.ts";
import { Thread } from "./support/thread.ts";
import { RECEIPT, S, SOON, texts, tried } from "./support/tried.ts";

/** Receives and acknowledges, and says what that was. */
function handled(client: SyncClient) {
  const frame = client.receiveFrame(SOON)!;
  client.ack(frame);
  return [frame.text(), frame.flaws.length];
}

tried(
  "messages with flaws",
  "they are handed out, or thrown in their place, and the connection goes on",
  (client) => {
    client.subscribe("/queue/a", S);
    assertEquals(handled(client), ["1", 0]);
    assertEquals(handled(client), ["2", 1]);
    const error = assertThrows(
      () => client.receiveFrame(SOON),
      FrameError,
      "maxBodyBytes",
    );
    assertEquals(error.message.includes('message-id "3"'), true);
    assertEquals(handled(client), ["4", 0]);
  },
  { limits: { maxBodyBytes: 1000 } },
);

tried(
  "a message that cannot be read, again and again",
  "the third meeting is thrown, and the client can go on",
  async (client, peer) => {
    client.subscribe("/queue/a", S);
    for (let connection = 0; connection < 3; connection++) {
      assertEquals(texts(client, 1), ["1"]);
    }
    assertThrows(() => client.receiveFrame(SOON), FrameError);
    assertEquals(texts(client, 1), ["3"]);
    client.disconnect();
    const connections = (await peer.heard()).filter((line) =>
      line === "CONNECT"
    );
    assertEquals(connections.length, 4);
  },
  { reconnect: { initialDelay: 1, jitter: 0 } },
);

tried(
  "an ERROR in answer to what is malformed",
  "its reason reaches the caller",
  (client) => {
    assertThrows(
      () => client.send("/queue/a", "x", RECEIPT),
      BrokerError,
      "the reason",
    );
  },
);

test("sound and damaged messages: each sound one is handed out in its place, each other one is told of, and the client goes on", async () => {
  await using peer = await Thread.peer("sound and damaged messages");
  const { sound, damaged } = withChance((random) =>
    conversationOf(random, MANY)
  );
  const client = connectSync(peer.url, {
    heartBeat: [0, 0],
    limits: { maxBodyBytes: MAX_BODY },
    drainTimeout: 0,
  });
  client.subscribe("/queue/a", { id: "s", ack: "auto" });
  const seen: string[] = [];
  let told = 0;
  while (seen.at(-1) !== sound.at(-1)) {
    try {
      seen.push(client.receiveFrame(SOON)!.text());
    } catch (error) {
      assertInstanceOf(error, FrameError);
      told++;
    }
  }
  assertEquals(seen, sound);
  assertEquals(told, damaged);
  assertThrows(() => client.disconnect(), TimeoutError);
});

tried(
  "a broker that escapes in 1.0",
  "headers come and go as they are meant",
  async (client, peer) => {
    client.subscribe("/queue/a", { id: "s" });
    assertEquals(client.receiveFrame(SOON)!.headers.get("note"), "a:b");
    client.send("/queue/a", "x", { headers: { note: "C:\\new" } });
    client.disconnect();
    assertEquals((await peer.heard()).slice(0, 5), [
      "CONNECT",
      "SUBSCRIBE /queue/a",
      "SEND /queue/a",
      "C:\\new",
      "DISCONNECT",
    ]);
  },
);
