import { type Client, connect, UsageError } from "../../mod.ts";
import { type DialectName, serveInMemory } from "../../testing/mod.ts";
import { tryDifferences } from "../behaviours/differences.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { headerOf, raw, RawPeer } from "../support/raw_peer.ts";

/** A session with a broker of this dialect, word by word. */
async function dialed(
  dialect: DialectName,
  body: (peer: RawPeer) => Promise<void>,
): Promise<void> {
  await using memory = await serveInMemory({ dialect });
  const { transport } = memory.access;
  await using peer = await RawPeer.dial(transport, memory.broker.url);
  await peer.connect("1.2");
  await body(peer);
}

/** The same by our client, which knows the dialect by its name. */
async function connected(
  dialect: DialectName,
  body: (client: Client) => Promise<void>,
): Promise<void> {
  await using memory = await serveInMemory({ dialect });
  await using client = await connect(memory.broker.url, memory.access);
  await body(client);
}

for (
  const dialect of ["stompest", "rabbitmq", "activemq", "artemis"] as const
) {
  tryDifferences(dialect, (what, run) => {
    test(`the test kit as ${dialect}: ${what}`, async () => {
      const credentials = { guest: "guest" };
      await using memory = await serveInMemory({ dialect, credentials });
      const { transport } = memory.access;
      await run({
        login: { login: "guest", passcode: "guest" },
        dial: () => RawPeer.dial(transport, memory.broker.url),
        say: (peer, text) => text === "" ? peer.frames() : peer.say(text),
      });
    });
  });
}

interface Row {
  /** What became of a message that was refused. */
  readonly refused: "again" | "dead" | "gone";
  /** Whether a message says that it was not delivered before. */
  readonly redelivered: string | undefined;
  /** What an ACK of nothing is answered with: does ERROR name the receipt, does the connection go on? */
  readonly namesReceipt: boolean;
  readonly goesOn: boolean;
  /** What has been confirmed before COMMIT. */
  readonly early: readonly string[];
}

const ROWS: Readonly<Partial<Record<DialectName, Row>>> = {
  stompest: {
    refused: "again",
    redelivered: undefined,
    namesReceipt: true,
    goesOn: false,
    early: ["s"],
  },
  rabbitmq: {
    refused: "again",
    redelivered: "false",
    namesReceipt: false,
    goesOn: true,
    early: [],
  },
  activemq: {
    refused: "dead",
    redelivered: undefined,
    namesReceipt: true,
    goesOn: true,
    early: ["s"],
  },
  artemis: {
    refused: "gone",
    redelivered: undefined,
    namesReceipt: true,
    goesOn: false,
    early: ["s"],
  },
};

for (const [name, row] of Object.entries(ROWS)) {
  const dialect = name as DialectName;

  test(`the test kit as ${name}: what NACK means`, () =>
    dialed(dialect, async (peer) => {
      const deadLetters = dialect === "activemq"
        ? "/queue/ActiveMQ.DLQ"
        : "/queue/dead-letters";
      await peer.write(
        raw("SUBSCRIBE", { id: "d", destination: deadLetters }) +
          raw("SUBSCRIBE", {
            id: "s",
            destination: "/queue/a",
            ack: "client-individual",
          }) + raw("SEND", { destination: "/queue/a" }),
      );
      const [message] = await peer.frames();
      assertEquals(headerOf(message, "redelivered"), row.redelivered);
      const frames = await peer.say(
        raw("NACK", { id: headerOf(message, "ack") }),
      );
      assertEquals(
        frames.map((frame) => headerOf(frame, "subscription")),
        { again: ["s"], dead: ["d"], gone: [] }[row.refused],
      );
    }));

  test(`the test kit as ${name}: what follows an ACK of nothing`, () =>
    dialed(dialect, async (peer) => {
      const [error] = await peer.say(raw("ACK", { id: "none", receipt: "r" }));
      assertEquals(error!.command, "ERROR");
      assertEquals(headerOf(error, "receipt-id") === "r", row.namesReceipt);
      assertEquals(peer.hasEnded, !row.goesOn);
    }));

  test(`the test kit as ${name}: receipts in a transaction`, () =>
    dialed(dialect, async (peer) => {
      const transaction = "t";
      const early = await peer.say(
        raw("BEGIN", { transaction }) +
          raw("SEND", { destination: "/queue/a", transaction, receipt: "s" }),
      );
      const ids = (frames: typeof early) =>
        frames.map((frame) => headerOf(frame, "receipt-id"));
      assertEquals(ids(early), [...row.early]);
      const late = await peer.say(raw("COMMIT", { transaction, receipt: "c" }));
      assertEquals(ids(late), row.early.length > 0 ? ["c"] : ["c", "s"]);
    }));

  test(`the test kit as ${name}: our client takes it for that`, () =>
    connected(dialect, async (client) => {
      assert(client.server!.length > 0);
      client.consume("/queue/double", async (message) => {
        const { headers } = message;
        const id = headers.get("correlation-id")!;
        await client.send(headers.get("reply-to")!, `${message.text()}!`, {
          headers: { "correlation-id": id },
        });
      });
      const answer = await client.request("/queue/double", "2");
      assertEquals(answer.text(), "2!");
      const transaction = await client.begin();
      const send = () => transaction.send("/queue/a", "x", { receipt: true });
      const isEarly = dialect === "stompest" || dialect === "activemq";
      if (isEarly) await send();
      else await assertRejects(send, UsageError);
      await transaction.commit();
    }));
}
