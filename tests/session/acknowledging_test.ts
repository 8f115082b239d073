import { Frame, type Version, VERSIONS } from "../../codec/mod.ts";
import { ProtocolError, UsageError } from "../../errors.ts";
import {
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { connectedSession, message } from "../support/sessions.ts";

/** The headers of an acknowledgement, and the header of MESSAGE for each. */
const MAPPING: Readonly<Record<Version, Readonly<Record<string, string>>>> = {
  "1.0": { "message-id": "message-id" },
  "1.1": { "message-id": "message-id", subscription: "subscription" },
  "1.2": { id: "ack" },
};

for (const version of VERSIONS) {
  const mapping = Object.entries(MAPPING[version]);
  const verbs = version === "1.0" ? ["ack"] as const : ["ack", "nack"] as const;

  test(`in STOMP ${version} ${verbs.join(" and ")} carry what that version wants`, () => {
    const session = connectedSession(version);
    const delivered = message();
    for (const verb of verbs) {
      const frame = session[verb](delivered);
      assertStrictEquals(frame.command, verb.toUpperCase());
      assertEquals(
        frame.headerList,
        mapping.map(([to, from]) => [to, delivered.headers.get(from)!]),
      );
    }
  });

  test(`in STOMP ${version} a MESSAGE without what ${verbs.join(" and ")} need is the broker's fault`, () => {
    const session = connectedSession(version);
    const delivered = message();
    for (const [, missing] of mapping) {
      const lacking = new Frame(
        "MESSAGE",
        delivered.headerList.filter(([name]) => name !== missing),
      );
      for (const verb of verbs) {
        const receipt = session.newReceipt();
        const error = assertThrows(
          () => session[verb](lacking, { receipt }),
          ProtocolError,
        );
        assertStringIncludes(error.message, `"${missing}"`);
        assertStringIncludes(error.message, `STOMP ${version}`);
      }
    }
  });
}

test("STOMP 1.0 has no NACK", () => {
  const session = connectedSession("1.0");
  assertThrows(() => session.nack(message()), UsageError, "1.0 has no NACK");
});

test("a message can be acknowledged after its subscription has ended", () => {
  const session = connectedSession();
  session.subscribe("/queue/a", { id: "s-1" });
  session.unsubscribe("s-1");
  assertStrictEquals(session.ack(message()).headers.get("id"), "a-1");
});
