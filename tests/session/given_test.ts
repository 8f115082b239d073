import { Frame } from "../../codec/mod.ts";
import { UsageError } from "../../errors.ts";
import { owned } from "../../session/owned_options.ts";
import { ClientSession } from "../../session/mod.ts";
import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { connectedSession, message } from "../support/sessions.ts";

/** Whatever types say, JavaScript hands over anything. */
// deno-lint-ignore no-explicit-any
type Anything = any;

const WRONG_OPTIONS: readonly (readonly [Anything, string])[] = [
  [{ heartBeat: [-1, 0] }, "heartBeat"],
  [{ heartBeat: [1.5, 0] }, "heartBeat"],
  [{ heartBeat: [0] }, "heartBeat"],
  [{ heartBeat: [NaN, 0] }, "heartBeat"],
  [{ heartBeat: 1 }, "heartBeat"],
  [{ heartBeat: null }, "heartBeat"],
  [{ heartBeat: "10,10" }, "heartBeat"],
  [{ versions: [] }, "versions"],
  [{ versions: "1.2" }, "versions"],
  [{ versions: ["1.3"] }, "1.3"],
  [{ host: "" }, "host"],
  [{ host: 1 }, "host"],
  [{ login: 1 }, "login"],
  [{ passcode: 12345 }, "passcode"],
  [{ headers: new Map([["a", "b"]]) }, "headers"],
  [{ headers: "a" }, "headers"],
  [{ dialect: "kafka" }, "dialect"],
  [{ heartbeat: [0, 0] }, '"heartbeat"'],
  [null, "null"],
  ["stomp://h", "stomp://h"],
  [[], "an array"],
];

test("a session refuses options that are wrong, and says which", () => {
  for (const [options, says] of WRONG_OPTIONS) {
    const error = assertThrows(() => new ClientSession(options), UsageError);
    assertStringIncludes(error.message, says);
    assert(!error.message.includes("12345"), error.message);
  }
});

const EXTRAS: readonly Anything[] = [
  { headers: new Map() },
  { headers: "a" },
  { headers: { a: 1 } },
  { receipt: 1 },
  { receipt: true },
  { receipt: "" },
  { recipt: "r" },
  null,
  "extras",
  [],
];

type Call = (session: ClientSession, extras: Anything) => unknown;

const CALLS: Readonly<Record<string, Call>> = {
  send: (session, extras) => session.send("/queue/a", "", extras),
  subscribe: (session, extras) => session.subscribe("/queue/a", extras),
  unsubscribe: (session, extras) => session.unsubscribe("s", extras),
  deleteSubscription: (session, extras) =>
    session.deleteSubscription("d", extras),
  ack: (session, extras) => session.ack(message(), extras),
  nack: (session, extras) => session.nack(message(), extras),
  begin: (session, extras) => session.begin(extras),
  commit: (session, extras) => session.commit("t", extras),
  abort: (session, extras) => session.abort("t", extras),
  disconnect: (session, extras) => session.disconnect(extras),
};

function ready(): ClientSession {
  const session = connectedSession("1.2", { dialect: "stompest" });
  session.subscribe("/queue/a", { id: "s" });
  session.subscribe("/topic/a", { durable: "d" });
  session.begin({ transaction: "t" });
  return session;
}

for (const [name, call] of Object.entries(CALLS)) {
  test(`${name}() refuses extras that are wrong, and then nothing has happened`, () => {
    const session = ready();
    for (const extras of EXTRAS) {
      assertThrows(
        () => call(session, extras),
        UsageError,
        "",
        JSON.stringify(extras),
      );
    }
    call(session, {});
  });

  test(`${name}() refuses the id of a receipt that is outstanding`, () => {
    const session = ready();
    session.send("/queue/b", "", { receipt: "r" });
    const again = () => call(session, { receipt: "r" });
    assertThrows(again, UsageError, '"r" has been asked for already');
    const receipt = new Frame("RECEIPT", { "receipt-id": "r" });
    assertEquals(session.receive(receipt), {
      type: "receipt",
      id: "r",
      command: "SEND",
    });
    again();
  });
}

const WRONG_SUBSCRIPTIONS: readonly Anything[] = [
  { ack: "manual" },
  { prefetch: 0 },
  { prefetch: 1.5 },
  { prefetch: "10" },
  { id: "" },
  { id: 7 },
  { durable: "" },
  { transaction: "t" },
];

test("subscribe() refuses what a SUBSCRIBE cannot say", () => {
  const session = ready();
  for (const options of WRONG_SUBSCRIPTIONS) {
    assertThrows(
      () => session.subscribe("/queue/b", options),
      UsageError,
      Object.keys(options)[0],
    );
  }
});

test("only a MESSAGE frame is acknowledged or refused", () => {
  const session = ready();
  const others: readonly Anything[] = [
    new Frame("RECEIPT", { "receipt-id": "r", ack: "a", id: "1" }),
    new Frame("ERROR", { ack: "a" }),
    { command: "MESSAGE", headers: new Map([["ack", "a"]]) },
    "a-1",
    undefined,
    null,
  ];
  for (const other of others) {
    assertThrows(() => session.ack(other), UsageError, "MESSAGE");
    assertThrows(() => session.nack(other), UsageError, "MESSAGE");
  }
});

test("a frame belongs to a transaction that is under way, and to no other", () => {
  const session = ready();
  const transaction = "never begun";
  for (const name of ["send", "ack", "nack"]) {
    const call = () => CALLS[name]!(session, { transaction });
    assertThrows(call, UsageError, '"never begun"');
    session.begin({ transaction });
    call();
    session.abort(transaction);
    assertThrows(call, UsageError, '"never begun"');
  }
  assertThrows(() => session.commit("t", { transaction: "u" } as Anything));
});

test("a session receives frames", () => {
  for (const other of [undefined, "CONNECTED", { command: "RECEIPT" }]) {
    const receive = () => ready().receive(other as Anything);
    assertThrows(receive, UsageError, "decode it first");
  }
});

test("what a caller does with the options later changes nothing", () => {
  const options = {
    versions: ["1.2" as const],
    heartBeat: [1000, 2000] as [number, number],
    headers: { "client-id": "c" },
    login: "me",
  };
  const session = new ClientSession(options);
  options.versions.push("1.2");
  options.heartBeat[0] = 7;
  options.headers["client-id"] = "forged";
  options.login = "you";
  assertEquals(
    session.connect().headerList,
    new ClientSession({
      versions: ["1.2"],
      heartBeat: [1000, 2000],
      headers: { "client-id": "c" },
      login: "me",
    }).connect().headerList,
  );
});

test("options are copied as deep as they are data, and what has methods stays itself", () => {
  const signal = new AbortController().signal;
  const clock = { now: () => 0, after: () => () => {} };
  const given = {
    signal,
    clock,
    headers: { a: "1" },
    tls: { caCerts: ["pem"] },
    ack: "auto",
  };
  const copy = owned(given);
  given.headers.a = "2";
  given.tls.caCerts.push("another");
  assertStrictEquals(copy.signal, signal);
  assertStrictEquals(copy.clock, clock);
  assertEquals(copy.headers, { a: "1" });
  assertEquals(copy.tls, { caCerts: ["pem"] });
  assertEquals(copy.ack, "auto");
});

test("a frame that is withdrawn twice takes nothing from whoever has its name now", () => {
  const session = ready();
  const first = session.subscribe("/queue/b", { id: "again" });
  session.withdraw(first);
  session.subscribe("/queue/b", { id: "again" });
  session.withdraw(first);
  assertEquals(session.subscription("again")?.destination, "/queue/b");
  const leave = session.unsubscribe("again");
  session.subscribe("/queue/c", { id: "again" });
  session.withdraw(leave);
  assertEquals(session.subscription("again")?.destination, "/queue/c");
});
