import { VERSIONS } from "../../codec/mod.ts";
import { UsageError } from "../../errors.ts";
import {
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { connectedSession, message } from "../support/sessions.ts";

test("transactions that are given no id get one each, also beside ids that look alike", () => {
  const session = connectedSession();
  const ids = new Set<string | undefined>();
  for (let i = 1; i <= 20; i++) {
    ids.add(session.begin().headers.get("transaction"));
    const alike = `transaction-${2 * i + 1}`;
    if (!ids.has(alike)) session.begin({ transaction: alike });
    ids.add(alike);
  }
  for (const id of ids) session.commit(id!);
});

test("BEGIN, COMMIT and ABORT carry the transaction, and nothing else", () => {
  for (const version of VERSIONS) {
    const session = connectedSession(version);
    for (const end of ["commit", "abort"] as const) {
      const begin = session.begin({ transaction: "t" });
      assertEquals(begin.headerList, [["transaction", "t"]]);
      assertEquals(session[end]("t").headerList, [["transaction", "t"]]);
    }
  }
});

test("a transaction is begun once and ended once", () => {
  const session = connectedSession();
  assertThrows(() => session.commit("t"), UsageError, 'no transaction "t"');
  assertThrows(() => session.abort("t"), UsageError, 'no transaction "t"');
  session.begin({ transaction: "t" });
  assertThrows(
    () => session.begin({ transaction: "t" }),
    UsageError,
    '"t" has been begun already',
  );
  session.commit("t");
  assertThrows(() => session.commit("t"), UsageError);
  assertThrows(() => session.abort("t"), UsageError);
});

test("SEND, ACK and NACK belong to the transaction that they are given", () => {
  const session = connectedSession();
  session.begin({ transaction: "t" });
  const extras = { transaction: "t" };
  for (
    const frame of [
      session.send("/queue/a", "", extras),
      session.ack(message(), extras),
      session.nack(message(), extras),
    ]
  ) {
    assertStrictEquals(frame.headers.get("transaction"), "t");
  }
  const alone = session.send("/queue/a", "");
  assertStrictEquals(alone.headers.has("transaction"), false);
});
