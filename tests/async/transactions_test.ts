import { ConnectionError, type Message, UsageError } from "../../mod.ts";
import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import type { RawPeer } from "../support/raw_peer.ts";
import {
  confirm,
  header,
  message,
  outcomeOf,
  ScriptedBroker,
} from "../support/scripted_broker.ts";

/** Command, transaction, and what a frame is about. */
async function told(peer: RawPeer): Promise<string[]> {
  return (await peer.frames()).map((frame) =>
    [
      frame.command,
      header(frame, "transaction"),
      header(frame, "destination") ?? header(frame, "id"),
    ].filter((word) => word !== undefined).join(" ")
  );
}

test("a transaction: begun, sent in, acknowledged in, and its commit confirmed", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  await peer.write(message("s", 0));
  for await (const message of subscription) {
    const tx = await client.begin();
    await tx.send("/queue/b", "x");
    assertEquals(await message.ack({ transaction: tx }), true);
    const committing = tx.commit();
    assertEquals(await outcomeOf(committing), "pending");
    const frames = await peer.frames();
    assertEquals(frames.map(({ command }) => command), [
      "BEGIN",
      "SEND",
      "ACK",
      "COMMIT",
    ]);
    assertEquals(
      new Set(frames.map((frame) => header(frame, "transaction"))),
      new Set([tx.id]),
    );
    // No receipt but the one of COMMIT: RabbitMQ would give it only after that.
    assertEquals(
      frames.map((frame) => header(frame, "receipt") !== undefined),
      [false, false, false, true],
    );
    await confirm(peer, frames[3]);
    await committing;
    assertEquals(message.settled, "ack");
    break;
  }
});

test("what was acknowledged in a transaction is not once that is aborted", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const subscription = client.subscribe("/queue/a", { id: "s" });
  await confirm(peer, await peer.next());
  await peer.write(message("s", 0));
  let taken: Message | undefined;
  for await (const message of subscription) {
    taken = message;
    break;
  }
  const tx = await client.begin();
  await taken!.ack({ transaction: tx });
  await tx.abort();
  await tx.abort();
  assertEquals(taken!.settled, undefined);
  assertEquals(await taken!.ack(), true);
  assertEquals(await told(peer), [
    `BEGIN ${tx.id}`,
    `ACK ${tx.id} a0`,
    `ABORT ${tx.id}`,
    "ACK a0",
  ]);
});

test("transaction(work) commits what succeeds and aborts what throws", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const working = client.transaction(async (tx) => {
    await tx.send("/queue/b", "x");
    return 42;
  });
  await peer.next();
  await peer.next();
  await confirm(peer, await peer.next());
  assertEquals(await working, 42);

  const reason = new Error("no");
  assertStrictEquals(
    await assertRejects(() => client.transaction(() => Promise.reject(reason))),
    reason,
  );
  assertEquals((await told(peer)).map((line) => line.split(" ")[0]), [
    "BEGIN",
    "ABORT",
  ]);
});

test("disposing of a transaction that was not committed aborts it", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  {
    await using _tx = await client.begin();
  }
  assertEquals((await told(peer)).map((line) => line.split(" ")[0]), [
    "BEGIN",
    "ABORT",
  ]);
});

test("a transaction is lost with its connection, and says so", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const tx = await client.begin();
  const other = await client.begin();
  await peer.frames();
  const committing = other.commit();
  committing.catch(() => {});
  await peer.close();
  const unknown = await assertRejects(() => committing, ConnectionError);
  assertEquals(unknown.unknown, true);
  const error = await assertRejects(() => tx.commit(), ConnectionError, "lost");
  assertEquals(error.unknown, false);
  await assertRejects(() => tx.send("/queue/a"), ConnectionError, "lost");
  await tx.abort();
});

test("a transaction has one end", async () => {
  await using broker = await ScriptedBroker.start();
  const { client, peer } = await broker.connect();
  const tx = await client.begin();
  const committing = tx.commit();
  await peer.next();
  await confirm(peer, await peer.next());
  await committing;
  await assertRejects(() => tx.commit(), UsageError, "committed");
  await assertRejects(() => tx.send("/queue/a"), UsageError, "committed");
  await tx.abort();
  assertEquals(await told(peer), []);
});

test("what makes no sense in a transaction is refused", async () => {
  await using broker = await ScriptedBroker.start();
  const one = await broker.connect();
  const two = await broker.connect();
  const tx = await two.client.begin();
  const subscription = one.client.subscribe("/queue/a", { id: "s" });
  await confirm(one.peer, await one.peer.next());
  await one.peer.write(message("s", 0));
  for await (const message of subscription) {
    await assertRejects(
      () => message.ack({ transaction: tx }),
      UsageError,
      "another connection",
    );
    const own = await one.client.begin();
    await assertRejects(
      () => message.ack({ transaction: own, receipt: true }),
      UsageError,
      "receipt",
    );
    await assertRejects(
      () => own.send("/queue/b", "", { receipt: true } as never),
      UsageError,
      "receipt",
    );
    break;
  }
});
