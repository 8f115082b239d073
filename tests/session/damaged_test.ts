import { DamagedFrame, Frame, FrameError } from "../../codec/mod.ts";
import { ClientSession } from "../../session/mod.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/harness.ts";

function connected(version: "1.0" | "1.2"): ClientSession {
  const session = new ClientSession();
  session.connect();
  session.receive(new Frame("CONNECTED", { version }));
  return session;
}

test("a MESSAGE that cannot be handed out is an event of its own, for its subscription", () => {
  const session = connected("1.2");
  session.subscribe("/queue/a", { id: "s" });
  const frame = new DamagedFrame(
    "MESSAGE",
    [["subscription", "s"], ["message-id", "7"]],
    "it is over a limit",
  );
  const event = session.receive(frame);
  assert(event.type === "damaged", event.type);
  assertEquals(event.subscription?.destination, "/queue/a");
  assertEquals(
    event.frame.error.message,
    "Cannot hand out a MESSAGE frame: it is over a limit. It has the " +
      'subscription "s", message-id "7".',
  );
});

test("a RECEIPT whose receipt-id is damaged ends the session: nobody knows whose it is", () => {
  const frame = new DamagedFrame("RECEIPT", [], "header line 1 has an escape");
  assertThrows(() => connected("1.2").receive(frame), FrameError, "escape");
});

test("an ERROR over a limit is an ERROR", () => {
  const frame = new DamagedFrame("ERROR", [["message", "why"]], "too long");
  const event = connected("1.2").receive(frame);
  assertEquals(event.type, "error");
});

for (
  const { name, destinations, found } of [
    { name: "the only one", destinations: ["/topic/a.*"], found: "/topic/a.*" },
    {
      name: "the one of its destination",
      destinations: ["/topic/x", "/topic/a.b"],
      found: "/topic/a.b",
    },
    {
      name: "nobody, where two can be meant",
      destinations: ["/topic/x", "/topic/a.*"],
      found: undefined,
    },
  ]
) {
  test(`in 1.0 a MESSAGE without subscription is for ${name}`, () => {
    const session = connected("1.0");
    for (const destination of destinations) session.subscribe(destination);
    const event = session.receive(
      new Frame("MESSAGE", { destination: "/topic/a.b", "message-id": "1" }),
    );
    assert(event.type === "message", event.type);
    assertEquals(event.subscription?.destination, found);
  });
}
