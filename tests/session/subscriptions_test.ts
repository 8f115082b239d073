import { Frame, VERSIONS } from "../../codec/mod.ts";
import { UsageError } from "../../errors.ts";
import type { ClientSession } from "../../session/client_session.ts";
import {
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { connectedSession } from "../support/sessions.ts";

/** The id of the subscription that a MESSAGE is for. */
function idOf(
  session: ClientSession,
  headers: Record<string, string>,
): string | undefined {
  const event = session.receive(new Frame("MESSAGE", headers));
  return event.type === "message" ? event.subscription?.id : "not a message";
}

test("SUBSCRIBE carries destination, id and ack mode in every version", () => {
  for (const version of VERSIONS) {
    const session = connectedSession(version);
    assertEquals(
      session.subscribe("/queue/a", { id: "s", ack: "client" }).headerList,
      [["destination", "/queue/a"], ["id", "s"], ["ack", "client"]],
    );
    assertStrictEquals(
      session.subscribe("/queue/a").headers.get("ack"),
      "auto",
    );
  }
});

test("subscriptions that are given no id get one each, also beside ids that look alike", () => {
  for (const version of VERSIONS) {
    const session = connectedSession(version);
    const ids = new Set<string | undefined>();
    for (let i = 1; i <= 20; i++) {
      ids.add(session.subscribe("/queue/a").headers.get("id"));
      const alike = `subscription-${2 * i + 1}`;
      if (!ids.has(alike)) session.subscribe("/queue/a", { id: alike });
      ids.add(alike);
    }
    assertStrictEquals(ids.has(undefined), false);
    for (const id of ids) session.unsubscribe(id!);
  }
});

test("an id is refused while a subscription has it, and free afterwards", () => {
  const session = connectedSession();
  session.subscribe("/queue/a", { id: "s" });
  assertThrows(
    () => session.subscribe("/queue/b", { id: "s" }),
    UsageError,
    '"s" already',
  );
  session.unsubscribe("s");
  session.subscribe("/queue/b", { id: "s" });
});

test("UNSUBSCRIBE goes by the id, which must be a subscription's", () => {
  const session = connectedSession("1.0");
  session.subscribe("/queue/a", { id: "s" });
  for (const id of ["", "/queue/a", "S"]) {
    assertThrows(
      () => session.unsubscribe(id),
      UsageError,
      `no subscription with the id ${JSON.stringify(id)}`,
    );
  }
  assertEquals(session.unsubscribe("s").headerList, [["id", "s"]]);
  assertThrows(() => session.unsubscribe("s"), UsageError);
});

test("destinations that are no text or empty are refused", () => {
  const session = connectedSession();
  for (const destination of ["", undefined, null, 1, {}]) {
    const wrong = destination as string;
    assertThrows(() => session.send(wrong, ""), UsageError, "destination");
    assertThrows(() => session.subscribe(wrong), UsageError, "destination");
  }
});

test("STOMP 1.0 has no client-individual, and the refusal leaves nothing behind", () => {
  const session = connectedSession("1.0");
  assertThrows(
    () => session.subscribe("/queue/a", { id: "s", ack: "client-individual" }),
    UsageError,
    "1.0",
  );
  session.subscribe("/queue/a", { id: "s", ack: "client" });
});

test("a message is for the subscription that it names", () => {
  const session = connectedSession();
  session.subscribe("/queue/a", { id: "one" });
  session.subscribe("/queue/a", { id: "two" });
  const destination = "/queue/a";
  assertStrictEquals(
    idOf(session, { destination, subscription: "two" }),
    "two",
  );
  assertStrictEquals(
    idOf(session, { destination, subscription: "one" }),
    "one",
  );
  session.unsubscribe("one");
  // It was on its way; the subscription of the same destination is another one.
  assertStrictEquals(
    idOf(session, { destination, subscription: "one" }),
    undefined,
  );
});

test("a message that names no subscription is for the first of its destination", () => {
  const session = connectedSession("1.0");
  session.subscribe("/queue/b", { id: "b" });
  session.subscribe("/queue/a", { id: "one" });
  session.subscribe("/queue/a", { id: "two" });
  assertStrictEquals(idOf(session, { destination: "/queue/a" }), "one");
  assertStrictEquals(idOf(session, { destination: "/queue/c" }), undefined);
  assertStrictEquals(idOf(session, {}), undefined);
});

test("messages come until the connection ends, also after DISCONNECT", () => {
  const session = connectedSession();
  session.subscribe("/queue/a", { id: "s" });
  session.disconnect();
  assertStrictEquals(idOf(session, { subscription: "s" }), "s");
});

test("an UNSUBSCRIBE that could not be written has ended nothing", () => {
  const session = connectedSession("1.2", {
    dialect: "activemq",
    headers: { "client-id": "me" },
  });
  session.subscribe("/queue/a", { id: "s" });
  const before = session.subscription("s");
  session.withdraw(session.unsubscribe("s"));
  assertEquals(session.subscription("s"), before);

  session.subscribe("/topic/a", { durable: "d" });
  const [leave, forget] = session.deleteSubscription("d");
  session.withdraw(forget!);
  assertEquals(session.subscription("d"), undefined, "the first one has left");
  session.withdraw(leave!);
  assertEquals(session.subscription("d")?.isDurable, true);
});
