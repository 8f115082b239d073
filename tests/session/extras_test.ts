import { Frame } from "../../codec/mod.ts";
import { UsageError } from "../../errors.ts";
import { ClientSession } from "../../session/client_session.ts";
import type { FrameExtras } from "../../session/client_headers.ts";
import {
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { connectedSession, message } from "../support/sessions.ts";

interface Maker {
  readonly make: (session: ClientSession, extras: FrameExtras) => Frame;
  /** Headers that have an option or an argument of their own. */
  readonly reserved: readonly string[];
}

const MAKERS: readonly Maker[] = [
  {
    make: (session, extras) => session.send("/queue/a", "", extras),
    reserved: ["destination", "transaction", "receipt"],
  },
  {
    make: (session, extras) => session.subscribe("/queue/a", extras),
    reserved: ["destination", "id", "ack", "receipt"],
  },
  {
    make: (session, extras) => session.unsubscribe("s", extras),
    reserved: ["id", "destination", "receipt"],
  },
  {
    make: (session, extras) => session.ack(message(), extras),
    reserved: ["id", "message-id", "subscription", "transaction", "receipt"],
  },
  {
    make: (session, extras) => session.nack(message(), extras),
    reserved: ["id", "message-id", "subscription", "transaction", "receipt"],
  },
  {
    make: (session, extras) => session.begin(extras),
    reserved: ["transaction", "receipt"],
  },
  {
    make: (session, extras) => session.commit("t", extras),
    reserved: ["transaction", "receipt"],
  },
  {
    make: (session, extras) => session.abort("t", extras),
    reserved: ["transaction", "receipt"],
  },
  {
    make: (session, extras) => session.disconnect(extras),
    reserved: ["receipt"],
  },
];

function ready(): ClientSession {
  const session = connectedSession();
  session.subscribe("/queue/a", { id: "s" });
  session.begin({ transaction: "t" });
  return session;
}

for (const { make, reserved } of MAKERS) {
  const { command } = make(ready(), {});

  test(`${command} takes headers of the caller's behind its own, in their order`, () => {
    const own = make(ready(), {}).headerList;
    const frame = make(ready(), { headers: { b: "2", a: "1" } });
    assertEquals(frame.headerList, [...own, ["b", "2"], ["a", "1"]]);
  });

  test(`${command} refuses headers that the session itself sets, and nothing happens`, () => {
    for (const name of reserved) {
      const session = ready();
      const error = assertThrows(
        () => make(session, { headers: { [name]: "forged" } }),
        UsageError,
      );
      assertStringIncludes(error.message, `"${name}" of a`);
      assertStringIncludes(error.message, ` ${command} frame`);
      assertStrictEquals(make(session, {}).command, command);
    }
  });
}

test("CONNECT says what the options say, and headers behind that", () => {
  const session = new ClientSession({
    versions: ["1.2"],
    host: "vhost",
    login: "me",
    passcode: "secret",
    heartBeat: [1000, 2000],
    headers: { "client-id": "c" },
  });
  assertEquals(session.connect().headerList, [
    ["accept-version", "1.2"],
    ["host", "vhost"],
    ["heart-beat", "1000,2000"],
    ["login", "me"],
    ["passcode", "secret"],
    ["client-id", "c"],
  ]);
});

test("CONNECT refuses headers that have an option, and receipts, without showing them", () => {
  const reserved = [
    "accept-version",
    "host",
    "login",
    "passcode",
    "heart-beat",
    "receipt",
  ];
  for (const name of reserved) {
    const session = new ClientSession({ headers: { [name]: "hunter2" } });
    const error = assertThrows(() => session.connect(), UsageError);
    assertStringIncludes(error.message, `"${name}"`);
    assertStrictEquals(error.message.includes("hunter2"), false);
    assertStrictEquals(session.state, "idle");
  }
});

test("a frame that was withdrawn is forgotten: its receipt, subscription or transaction", () => {
  const session = connectedSession();
  const receipt = session.newReceipt();
  const frames = [
    session.subscribe("/queue/a", { id: "s", receipt }),
    session.begin({ transaction: "t", receipt: session.newReceipt() }),
    session.send("/queue/a", "", { receipt: session.newReceipt() }),
  ];
  for (const frame of frames) {
    session.withdraw(frame);
    const id = frame.headers.get("receipt")!;
    assertEquals(session.receive(new Frame("RECEIPT", { "receipt-id": id })), {
      type: "receipt",
      id,
      command: undefined,
    });
  }
  assertThrows(() => session.unsubscribe("s"), UsageError);
  assertThrows(() => session.commit("t"), UsageError);
});

test("withdrawing a frame leaves the others alone", () => {
  const session = connectedSession();
  session.subscribe("/queue/a", { id: "s" });
  session.begin({ transaction: "t" });
  const receipt = session.newReceipt();
  session.send("/queue/a", "", { receipt });
  session.withdraw(session.send("/queue/a", "", { transaction: "t" }));
  session.withdraw(session.ack(message()));
  assertEquals(
    session.receive(new Frame("RECEIPT", { "receipt-id": receipt })),
    { type: "receipt", id: receipt, command: "SEND" },
  );
  session.unsubscribe("s");
  session.commit("t");
});
