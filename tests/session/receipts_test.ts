import { Frame } from "../../codec/mod.ts";
import type { ClientSession } from "../../session/client_session.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { Random } from "../support/random.ts";
import { connectedSession, message } from "../support/sessions.ts";

function confirm(session: ClientSession, id: string) {
  return session.receive(new Frame("RECEIPT", { "receipt-id": id }));
}

test("receipts have ids that are unique within the connection", () => {
  const session = connectedSession();
  const ids = new Set<string>();
  for (let i = 0; i < 1000; i++) ids.add(session.newReceipt());
  assertStrictEquals(ids.size, 1000);
});

test("every frame but CONNECT can ask for a receipt, which says who asked", () => {
  const session = connectedSession();
  session.subscribe("/queue/a", { id: "s-1" });
  session.begin({ transaction: "t-1" });
  session.begin({ transaction: "t-2" });
  const asking: readonly ((receipt: string) => Frame)[] = [
    (receipt) => session.send("/queue/a", "", { receipt }),
    (receipt) => session.subscribe("/queue/a", { receipt }),
    (receipt) => session.unsubscribe("s-1", { receipt }),
    (receipt) => session.ack(message(), { receipt }),
    (receipt) => session.nack(message(), { receipt }),
    (receipt) => session.begin({ receipt }),
    (receipt) => session.commit("t-1", { receipt }),
    (receipt) => session.abort("t-2", { receipt }),
    (receipt) => session.disconnect({ receipt }),
  ];
  const asked = asking.map((ask) => {
    const id = session.newReceipt();
    const { command, headers } = ask(id);
    assertStrictEquals(headers.get("receipt"), id);
    return { id, command };
  });
  for (const { id, command } of asked) {
    assertEquals(confirm(session, id), { type: "receipt", id, command });
  }
});

test("receipts are matched in whatever order they come, each of them once", () => {
  const random = new Random(25);
  const session = connectedSession();
  const outstanding = random.list(200, () => session.newReceipt());
  for (const receipt of outstanding) {
    session.send("/queue/a", "", { receipt });
  }
  while (outstanding.length > 0) {
    const at = random.below(outstanding.length);
    const [id = ""] = outstanding.splice(at, 1);
    const event = { type: "receipt", id, command: "SEND" } as const;
    assertEquals(confirm(session, id), event);
    assertEquals(confirm(session, id), { ...event, command: undefined });
  }
});

test("a receipt that nobody asked for is tolerated, also one without an id", () => {
  const session = connectedSession();
  session.newReceipt();
  assertEquals(confirm(session, "receipt-1"), {
    type: "receipt",
    id: "receipt-1",
    command: undefined,
  });
  assertEquals(session.receive(new Frame("RECEIPT")), {
    type: "receipt",
    id: "",
    command: undefined,
  });
  assertStrictEquals(session.state, "connected");
});

test("an ERROR names the outstanding receipt that it answers, once", () => {
  const session = connectedSession();
  const receipt = session.newReceipt();
  session.send("/queue/a", "", { receipt });
  const frame = new Frame("ERROR", { "receipt-id": receipt });
  const event = { type: "error", frame, subscription: undefined } as const;
  assertEquals(session.receive(frame), { ...event, receipt });
  assertEquals(session.receive(frame), { ...event, receipt: undefined });
  assertStrictEquals(confirm(session, receipt).type, "receipt");
});

test("an ERROR names the subscription that it is about, if that is one of ours", () => {
  const session = connectedSession();
  session.subscribe("/queue/a", { id: "s-1" });
  const about = (subscription: string) =>
    session.receive(new Frame("ERROR", { subscription }));
  const [known, unknown] = [about("s-1"), about("s-2")];
  assertEquals("subscription" in known && known.subscription, {
    id: "s-1",
    destination: "/queue/a",
    ack: "auto",
    isDurable: false,
  });
  assertEquals("subscription" in unknown && unknown.subscription, undefined);
});
