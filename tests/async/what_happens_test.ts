// The table "What happens when …" of docs/failure.md, row by row.

import { readFileSync } from "node:fs";
import {
  BrokerError,
  type Client,
  ConnectionError,
  type ConnectOptions,
  type StatusEvent,
  type Subscription,
  TimeoutError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { raw, type RawPeer } from "../support/raw_peer.ts";
import {
  confirm,
  header,
  message,
  outcomeOf,
  ScriptedBroker,
} from "../support/scripted_broker.ts";
import { settled } from "../support/virtual_clock.ts";

/** A client, its broker's end, and the time. */
class Scene {
  readonly broker: ScriptedBroker;
  readonly client: Client;
  peer: RawPeer;

  constructor(broker: ScriptedBroker, client: Client, peer: RawPeer) {
    this.broker = broker;
    this.client = client;
    this.peer = peer;
  }

  /** The connection dies. */
  async die(): Promise<void> {
    await this.peer.close();
    await settled();
  }

  /** The client comes back; returns what it says then. */
  async comeBack(pause = 100): Promise<string[]> {
    await this.broker.clock.advance(pause);
    this.peer = await this.broker.accept();
    assertEquals((await this.peer.next())?.command, "CONNECT");
    await this.peer.write(raw("CONNECTED", { version: "1.2" }));
    await settled();
    return await this.commands();
  }

  /** What the client has said. */
  async commands(): Promise<string[]> {
    return (await this.peer.frames()).map(({ command }) => command);
  }

  /** A subscription that the broker has confirmed. */
  async subscribed(ack: "auto" | "client-individual"): Promise<Subscription> {
    const subscription = this.client.subscribe("/queue/a", { id: "s", ack });
    await confirm(this.peer, await this.peer.next());
    return subscription;
  }

  /** A message that the program has in hand, and its loop. */
  async handed() {
    const subscription = await this.subscribed("client-individual");
    await this.peer.write(message("s", 1));
    const loop = subscription[Symbol.asyncIterator]();
    const { value } = await loop.next();
    return { message: value!, loop };
  }

  /** A handler that fails, with the copy that is sent, if one is. */
  async failed(errorDestination?: string): Promise<void> {
    this.client.consume("/queue/a", () => Promise.reject(POISON), {
      id: "s",
      errorDestination,
    });
    await confirm(this.peer, await this.peer.next());
    await this.peer.write(message("s", 1));
    await settled();
  }

  /** Answers whatever the client says at the end. */
  async leave(): Promise<string[]> {
    const said: string[] = [];
    for (let frame; (frame = await this.peer.next()) !== undefined;) {
      said.push(frame.command);
      if (header(frame, "receipt") !== undefined) {
        await confirm(this.peer, frame);
      }
    }
    return said;
  }
}

const POISON = new Error("poison");
const RECEIPT = { receipt: true };

async function unknown(promise: Promise<unknown>): Promise<void> {
  const error = await assertRejects(() => promise, ConnectionError, "unknown");
  assert(error.unknown);
}

interface Row {
  readonly options?: ConnectOptions;
  run(scene: Scene): Promise<void>;
}

/** By the first cell of its row. */
const ROWS: Readonly<Record<string, Row>> = {
  "the connection dies after a `send()` without `receipt`": {
    run: async (scene) => {
      await scene.client.send("/queue/a", "x");
      await scene.die();
      assertEquals(await scene.comeBack(), [], "it is not repeated");
    },
  },
  "the connection dies before the receipt of a `send()`": {
    run: async (scene) => {
      const send = scene.client.send("/queue/a", "x", RECEIPT);
      await scene.peer.next();
      const failed = unknown(send);
      await scene.die();
      await failed;
      assertEquals(await scene.comeBack(), [], "it is not repeated");
    },
  },
  "a `send()` finds no connection": {
    run: async (scene) => {
      await scene.die();
      const send = scene.client.send("/queue/a", "x");
      assertEquals(await outcomeOf(send), "pending");
      assertEquals(await scene.comeBack(), ["SEND"]);
      await send;
    },
  },
  "the connection dies while a message waits to be handed out": {
    run: async (scene) => {
      const subscription = await scene.subscribed("client-individual");
      await scene.peer.write(message("s", 1));
      await scene.die();
      const loop = subscription[Symbol.asyncIterator]();
      const next = loop.next();
      assertEquals(await scene.comeBack(), ["SUBSCRIBE"]);
      assertEquals(await outcomeOf(next), "pending");
      await scene.peer.write(message("s", 1, { redelivered: "true" }));
      assertEquals((await next).value!.redelivered, true);
    },
  },
  "… and in `auto` mode": {
    run: async (scene) => {
      const subscription = await scene.subscribed("auto");
      await scene.peer.write(message("s", 1));
      await scene.die();
      const { value } = await subscription[Symbol.asyncIterator]().next();
      assertEquals(value!.text(), "1");
    },
  },
  "the connection dies while a message is handled": {
    run: async (scene) => {
      const { message: held, loop } = await scene.handed();
      await scene.die();
      assert(held.isStale);
      assertEquals(await held.ack(), false);
      const next = loop.next();
      assertEquals(await scene.comeBack(), ["SUBSCRIBE"]);
      await scene.peer.write(message("s", 1, { redelivered: "true" }));
      const { value: again } = await next;
      assertEquals([again!.redelivered, again!.isStale], [true, false]);
    },
  },
  "the connection dies behind an ACK": {
    run: async (scene) => {
      const { message: held } = await scene.handed();
      const failed = unknown(held.ack(RECEIPT));
      await scene.die();
      await failed;
      assertEquals(await scene.comeBack(), ["SUBSCRIBE"], "no ACK comes late");
    },
  },
  "the connection dies in a transaction": {
    run: async (scene) => {
      const transaction = await scene.client.begin();
      await scene.die();
      for (
        const lost of [transaction.send("/queue/a", "x"), transaction.commit()]
      ) await assertRejects(() => lost, ConnectionError, "nothing of it");
      assertEquals(await scene.comeBack(), []);
    },
  },
  "the connection dies in a `commit()`": {
    run: async (scene) => {
      const transaction = await scene.client.begin();
      const failed = unknown(transaction.commit());
      await settled();
      await scene.die();
      await failed;
    },
  },
  "the connection dies before the answer to a `request()`": {
    run: async (scene) => {
      const failed = unknown(scene.client.request("/queue/a", "?"));
      await settled();
      await scene.die();
      await failed;
      assertEquals(await scene.comeBack(), [], "it is not repeated");
    },
  },
  "the connection dies while the client closes": {
    run: async (scene) => {
      await scene.handed();
      const closing = scene.client.close();
      await settled();
      await scene.die();
      const report = await closing;
      assertEquals([report.graceful, report.unfinished], [false, 1]);
    },
  },
  "no broker is left to try": {
    options: { reconnect: { jitter: 0, maxAttempts: 1 } },
    run: async (scene) => {
      const { loop } = await scene.handed();
      const next = assertRejects(() => loop.next(), ConnectionError);
      await scene.die();
      const send = assertRejects(
        () => scene.client.send("/queue/a"),
        ConnectionError,
      );
      await scene.broker.clock.advance(100);
      await (await scene.broker.accept()).close();
      await Promise.all([next, send]);
      assertInstanceOf((await scene.client.closed).cause, ConnectionError);
    },
  },
  "the broker falls silent": {
    options: { heartBeat: [0, 1000] },
    run: async (scene) => {
      const events: StatusEvent[] = [];
      void (async () => {
        for await (const event of scene.client.status()) events.push(event);
      })();
      const failed = unknown(scene.client.send("/queue/a", "x", RECEIPT));
      await scene.broker.clock.advance(2000);
      await failed;
      assertEquals(events.slice(0, 2).map(({ type }) => type), [
        "broker-silent",
        "disconnected",
      ]);
    },
  },
  "the broker takes nothing more": {
    run: async (scene) => {
      const events = scene.client.status();
      scene.peer.pause();
      const send = scene.client.send("/queue/a", new Uint8Array(400_000));
      await scene.broker.clock.advance(10_000);
      assertEquals((await events.next()).value!.type, "write-stalled");
      assertEquals(await outcomeOf(send), "pending");
      scene.peer.resume();
      await send;
    },
  },
  "a receipt does not come": {
    run: async (scene) => {
      const send = scene.client.send("/queue/a", "x", {
        receipt: true,
        timeout: 100,
      });
      const failed = assertRejects(() => send, TimeoutError);
      await scene.broker.clock.advance(150);
      await failed;
      await scene.client.send("/queue/a", "the next");
    },
  },
  "an ERROR names a receipt": {
    run: async (scene) => {
      const failed = assertRejects(
        () => scene.client.send("/queue/a", "x", RECEIPT),
        BrokerError,
        "no",
      );
      const receipt = header(await scene.peer.next(), "receipt");
      await scene.peer.write(
        raw("ERROR", { message: "no", "receipt-id": receipt }),
      );
      await failed;
      await scene.client.send("/queue/a", "the next");
    },
  },
  "an ERROR does not say what it is about": {
    run: async (scene) => {
      scene.client.subscribe("/queue/a", { id: "a" });
      scene.client.subscribe("/queue/b", { id: "b" });
      const failed = unknown(scene.client.send("/queue/c", "x", RECEIPT));
      await settled();
      await scene.peer.write(raw("ERROR", { message: "no" }));
      await failed;
      assertEquals(await scene.comeBack(), ["SUBSCRIBE"], "one at a time");
    },
  },
  "the broker refuses or cancels a subscription": {
    run: async (scene) => {
      const subscription = await scene.subscribed("client-individual");
      const next = subscription[Symbol.asyncIterator]().next();
      await scene.peer.write(
        raw("ERROR", { message: "deleted", subscription: "s" }),
      );
      await assertRejects(() => next, BrokerError, "deleted");
      await scene.client.send("/queue/a", "the client lives on");
    },
  },
  "the broker refuses a subscription that has worked before": {
    options: { heartBeat: [0, 0], receiptTimeout: 60_000 },
    run: async (scene) => {
      const subscription = await scene.subscribed("client-individual");
      const next = subscription[Symbol.asyncIterator]().next();
      await scene.die();
      const refuse = () =>
        scene.peer.write(raw("ERROR", { message: "no leader" }));
      assertEquals(await scene.comeBack(), ["SUBSCRIBE"]);
      await refuse();
      assertEquals(await scene.comeBack(1000), ["SUBSCRIBE"]);
      await scene.broker.clock.advance(20_000);
      await refuse();
      assertEquals(await outcomeOf(next), "pending");
      assertEquals(await scene.comeBack(1000), ["SUBSCRIBE"]);
      await scene.broker.clock.advance(10_000);
      await refuse();
      await assertRejects(() => next, BrokerError, "no leader");
    },
  },
  "a handler fails": {
    run: async (scene) => {
      await scene.failed();
      const leaving = scene.leave();
      const report = await scene.client.closed;
      assertEquals(await leaving, ["UNSUBSCRIBE", "DISCONNECT"]);
      assertEquals([report.unfinished, report.cause], [1, POISON]);
      assertEquals(report.unfinished, 1);
    },
  },
  "a handler fails, and there is an `errorDestination`": {
    run: async (scene) => {
      await scene.failed("/queue/failed");
      const copy = await scene.peer.next();
      assertEquals(header(copy, "destination"), "/queue/failed");
      assertEquals(await scene.commands(), [], "no ACK before the receipt");
      await confirm(scene.peer, copy);
      assertEquals(await scene.commands(), ["ACK"]);
      assertEquals(scene.client.stats().failed, 1);
    },
  },
  "the copy for the `errorDestination` is not confirmed": {
    run: async (scene) => {
      await scene.failed("/queue/failed");
      const receipt = header(await scene.peer.next(), "receipt");
      await scene.peer.write(
        raw("ERROR", { message: "full", "receipt-id": receipt }),
      );
      assertEquals(await scene.leave(), ["UNSUBSCRIBE", "DISCONNECT"]);
      const { cause, unfinished } = await scene.client.closed;
      assertInstanceOf(cause, AggregateError);
      assertEquals(cause.errors[0], POISON);
      assertInstanceOf(cause.errors[1], BrokerError);
      assertEquals(unfinished, 1);
    },
  },
  "`close()` comes while messages are handled": {
    run: async (scene) => {
      const { message: held, loop } = await scene.handed();
      const closing = scene.client.close();
      assertEquals(await outcomeOf(closing), "pending");
      await held.ack();
      assertEquals((await loop.next()).done, true);
      assertEquals(await scene.leave(), ["ACK", "UNSUBSCRIBE", "DISCONNECT"]);
      const { graceful, handled } = await closing;
      assertEquals([graceful, handled], [true, 1]);
    },
  },
  "`close()` cannot be done in time": {
    run: async (scene) => {
      await scene.handed();
      const closing = scene.client.close({ timeout: 500 });
      await scene.broker.clock.advance(500);
      const { graceful, unfinished, cause } = await closing;
      assertEquals([graceful, unfinished], [false, 1]);
      assertInstanceOf(cause, ConnectionError);
    },
  },
};

for (const [when, { run, options }] of Object.entries(ROWS)) {
  test(`what happens when ${when}`, async () => {
    await using broker = await ScriptedBroker.start();
    const { client, peer } = await broker.connect(
      { reconnect: { jitter: 0 }, ...options },
      { version: "1.2", "heart-beat": "1000,1000" },
    );
    await run(new Scene(broker, client, peer));
  });
}

test("the table has these rows, and no others", () => {
  const readme = readFileSync("docs/failure.md", "utf8");
  const section = /\n## What happens when …\n([\s\S]*?)\n## /.exec(readme)![1]!;
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  const cells = rows.slice(2).map((row) => row.split("|")[1]!.trim());
  assertEquals(cells, Object.keys(ROWS));
});
