import { Frame } from "../../codec/mod.ts";
import { ProtocolError, UsageError } from "../../errors.ts";
import type { ClientSession } from "../../session/client_session.ts";
import {
  nextState,
  type Role,
  type SessionState,
} from "../../session/states.ts";
import {
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { message, sessionIn } from "../support/sessions.ts";

const STATES: readonly SessionState[] = [
  "idle",
  "connecting",
  "refused",
  "connected",
  "disconnecting",
  "closed",
];

/**
 * What each frame leads to, one column for each state in the order above:
 * c(o)nnecting, (r)efused, (c)onnected, (d)isconnecting, or no place at all.
 */
const TABLE: readonly (readonly [Role, command: string, next: string])[] = [
  ["client", "CONNECT", "o-----"],
  ["client", "STOMP", "o-----"],
  ["client", "SEND", "---c--"],
  ["client", "SUBSCRIBE", "---c--"],
  ["client", "UNSUBSCRIBE", "---c--"],
  ["client", "ACK", "---c--"],
  ["client", "NACK", "---c--"],
  ["client", "BEGIN", "---c--"],
  ["client", "COMMIT", "---c--"],
  ["client", "ABORT", "---c--"],
  ["client", "DISCONNECT", "---d--"],
  ["client", "CONNECTED", "------"],
  ["client", "MESSAGE", "------"],
  ["client", "RECEIPT", "------"],
  ["client", "ERROR", "------"],
  ["broker", "CONNECTED", "-c----"],
  ["broker", "MESSAGE", "---cd-"],
  ["broker", "RECEIPT", "---cd-"],
  ["broker", "ERROR", "-r-cd-"],
  ["broker", "CONNECT", "------"],
  ["broker", "STOMP", "------"],
  ["broker", "SEND", "------"],
  ["broker", "SUBSCRIBE", "------"],
  ["broker", "UNSUBSCRIBE", "------"],
  ["broker", "ACK", "------"],
  ["broker", "NACK", "------"],
  ["broker", "BEGIN", "------"],
  ["broker", "COMMIT", "------"],
  ["broker", "ABORT", "------"],
  ["broker", "DISCONNECT", "------"],
  // Every object has these, so a table might seem to have them, too.
  ["client", "constructor", "------"],
  ["broker", "toString", "------"],
];

const NEXT: Readonly<Record<string, SessionState>> = {
  o: "connecting",
  r: "refused",
  c: "connected",
  d: "disconnecting",
};

/** What each state is called in a message. */
const STANDING: Readonly<Record<SessionState, string>> = {
  idle: "not opened with CONNECT",
  connecting: "waiting for CONNECTED",
  refused: "refused with ERROR",
  connected: "open",
  disconnecting: "closing after DISCONNECT",
  closed: "closed",
};

for (const [sender, command, row] of TABLE) {
  test(`a ${sender}'s ${command} is legal where the table says so, and nowhere else`, () => {
    for (const [i, state] of STATES.entries()) {
      const next = NEXT[row[i]!];
      for (const own of ["client", "broker"] as const) {
        if (next !== undefined) {
          assertStrictEquals(nextState(state, sender, command, own), next);
          continue;
        }
        const error = assertThrows(
          () => nextState(state, sender, command, own),
          // One's own frame is a caller's mistake, the peer's is its own.
          sender === own ? UsageError : ProtocolError,
        );
        assertStringIncludes(error.message, command);
        assertStringIncludes(error.message, STANDING[state]);
      }
    }
  });
}

/** How a client's frames are made. */
const MAKE: ReadonlyMap<string, (session: ClientSession) => Frame> = new Map([
  ["CONNECT", (session) => session.connect()],
  ["SEND", (session) => session.send("/queue/a", "")],
  ["SUBSCRIBE", (session) => session.subscribe("/queue/a")],
  ["UNSUBSCRIBE", (session) => session.unsubscribe("s-1")],
  ["ACK", (session) => session.ack(message())],
  ["NACK", (session) => session.nack(message())],
  ["BEGIN", (session) => session.begin()],
  ["COMMIT", (session) => session.commit("t-1")],
  ["ABORT", (session) => session.abort("t-1")],
  ["DISCONNECT", (session) => session.disconnect()],
]);

for (const [sender, command, row] of TABLE) {
  const make = MAKE.get(command);
  if (sender !== "client" || make === undefined) continue;
  test(`a session makes ${command} in the states that the table names, else it refuses and stays as it is`, () => {
    for (const [i, state] of STATES.entries()) {
      const session = sessionIn(state);
      if (state === "connected") {
        session.subscribe("/queue/a", { id: "s-1" });
        session.begin({ transaction: "t-1" });
      }
      const next = NEXT[row[i]!];
      if (next === undefined) {
        assertThrows(() => make(session), UsageError);
      } else {
        assertStrictEquals(make(session).command, command);
      }
      assertStrictEquals(session.state, next ?? state);
    }
  });
}

test("acknowledging in the wrong state is the caller's mistake, whatever the message lacks", () => {
  for (const state of STATES.filter((state) => state !== "connected")) {
    const session = sessionIn(state);
    assertThrows(() => session.ack(new Frame("MESSAGE")), UsageError);
    assertThrows(() => session.nack(new Frame("MESSAGE")), UsageError);
  }
});

for (const [sender, command, row] of TABLE) {
  if (sender !== "broker") continue;
  test(`a session takes ${command} in the states that the table names, else it is the broker's fault`, () => {
    for (const [i, state] of STATES.entries()) {
      const session = sessionIn(state);
      const frame = new Frame(command, { version: "1.2" });
      const next = NEXT[row[i]!];
      if (next === undefined) {
        assertThrows(() => session.receive(frame), ProtocolError);
      } else {
        assertStrictEquals(session.receive(frame).type, eventOf(command, next));
      }
      assertStrictEquals(session.state, next ?? state);
    }
  });
}

function eventOf(command: string, next: SessionState): string {
  return next === "refused" ? "refused" : command.toLowerCase();
}

test("a lost connection leaves nothing of subscriptions, transactions and receipts", () => {
  const session = sessionIn("connected");
  session.subscribe("/queue/a", { id: "s-1" });
  session.begin({ transaction: "t-1" });
  session.lost();
  assertStrictEquals(session.state, "closed");
  assertThrows(() => session.unsubscribe("s-1"), UsageError, "no subscription");
  assertThrows(() => session.commit("t-1"), UsageError, "no transaction");
  session.lost();
  assertStrictEquals(session.state, "closed");
});
