import { type Version, VERSIONS } from "../../codec/mod.ts";
import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStrictEquals,
} from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import { plain } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { bodiesOf, crlf, headerOf, raw } from "../support/raw_peer.ts";

test("SV-01: CONNECTED carries the version, octet for octet as expected", async () => {
  await using memory = await BrokerInMemory.start({ heartBeat: [5, 7] });
  for (const [i, version] of VERSIONS.entries()) {
    const peer = await memory.dial();
    await peer.write(raw("CONNECT", { "accept-version": version, host: "/" }));
    assertStrictEquals(
      await peer.octets(),
      `CONNECTED\nversion:${version}\nserver:stompest\n` +
        `session:session-${i + 1}\nheart-beat:5,7\n\n\0`,
    );
  }
});

/** What a client offers, and the highest version that both speak. */
const OFFERS: readonly (readonly [string | undefined, Version])[] = [
  ["1.0,1.1,1.2", "1.2"],
  ["1.2,1.1,1.0", "1.2"],
  ["1.0,1.1", "1.1"],
  ["1.0", "1.0"],
  ["1.1,1.3,2.0", "1.1"],
  [undefined, "1.0"],
];

test("SV-02: the version is the highest that both speak; no accept-version means 1.0", async () => {
  await using memory = await BrokerInMemory.start();
  for (const command of ["CONNECT", "STOMP"]) {
    for (const [offer, version] of OFFERS) {
      const peer = await memory.dial();
      const [connected] = await peer.say(
        raw(command, { "accept-version": offer, host: "/" }),
      );
      assertStrictEquals(connected?.command, "CONNECTED");
      assertStrictEquals(headerOf(connected, "version"), version);
    }
  }
});

test("SV-03: without a common version the answer is ERROR with the versions there are, then the end", async () => {
  await using memory = await BrokerInMemory.start();
  for (const offer of ["2.0", "0.9,1.3", "", "1.0.0", " 1.2"]) {
    const peer = await memory.dial();
    const [error, ...rest] = await peer.say(
      raw("CONNECT", { "accept-version": offer }),
    );
    assertStrictEquals(error?.command, "ERROR");
    assertStrictEquals(headerOf(error, "version"), "1.0,1.1,1.2");
    assertEquals(rest, []);
    assertStrictEquals(peer.hasEnded, true);
  }
});

test("SV-04: STOMP is taken as CONNECT is", async () => {
  await using memory = await BrokerInMemory.start({
    credentials: { me: "secret" },
  });
  const headers = {
    "accept-version": "1.1",
    host: "/",
    login: "me",
    passcode: "secret",
  };
  const peer = await memory.dial();
  const [connected] = await peer.say(raw("STOMP", headers));
  assertStrictEquals(headerOf(connected, "version"), "1.1");
  const stranger = await memory.dial();
  const [error] = await stranger.say(
    raw("STOMP", { ...headers, passcode: "wrong" }),
  );
  assertStrictEquals(error?.command, "ERROR");
});

const LOGINS: readonly (readonly [Record<string, string>, boolean])[] = [
  [{ login: "me", passcode: "secret" }, true],
  [{ login: "grün", passcode: "€:\\" }, true],
  [{ login: "empty", passcode: "" }, true],
  [{ login: "empty" }, true],
  [{}, false],
  [{ login: "me" }, false],
  [{ passcode: "secret" }, false],
  [{ login: "me", passcode: "" }, false],
  [{ login: "me", passcode: "secre" }, false],
  [{ login: "me", passcode: "secret " }, false],
  // As long as twice the passcode, in case somebody compares in a ring.
  [{ login: "me", passcode: "secretsecret" }, false],
  [{ login: "ME", passcode: "secret" }, false],
  [{ login: "stranger", passcode: "stranger" }, false],
  [{ login: "", passcode: "" }, false],
  // Every object has these.
  [{ login: "constructor", passcode: "constructor" }, false],
  [{ login: "__proto__", passcode: "__proto__" }, false],
];

test("SV-05: whose login and passcode do not match is told so in an ERROR, and the connection ends", async () => {
  await using memory = await BrokerInMemory.start({
    credentials: { me: "secret", "grün": "€:\\", empty: "" },
  });
  for (const [login, isAdmitted] of LOGINS) {
    const peer = await memory.dial();
    const headers = Object.fromEntries(
      Object.entries(login).map(([name, value]) => [name, toWire(value)]),
    );
    const [answer, ...rest] = await peer.say(
      raw("CONNECT", { "accept-version": "1.2", ...headers }),
    );
    const shown = JSON.stringify(login);
    assertEquals(rest, [], shown);
    assertStrictEquals(
      answer?.command,
      isAdmitted ? "CONNECTED" : "ERROR",
      shown,
    );
    assertStrictEquals(peer.hasEnded, !isAdmitted, shown);
    if (!isAdmitted) assertMatch(answer!.body, /^Login or passcode is wrong/);
  }
});

/** A text as the octets of its UTF-8, one character each. */
function toWire(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

test("where the broker has no credentials everybody is admitted", async () => {
  await using memory = await BrokerInMemory.start();
  await memory.connect("1.2", { login: "anybody", passcode: "anything" });
});

test("where the list of credentials is empty nobody is admitted", async () => {
  await using memory = await BrokerInMemory.start({ credentials: {} });
  const peer = await memory.dial();
  const [answer] = await peer.say(raw("CONNECT", { login: "", passcode: "" }));
  assertStrictEquals(answer?.command, "ERROR");
});

test("SV-06: the server has a name, and each session one of its own", async () => {
  await using memory = await BrokerInMemory.start();
  const sessions = new Set<string | undefined>();
  for (let i = 0; i < 50; i++) {
    const peer = await memory.dial();
    const [connected] = await peer.say(raw("CONNECT"));
    assertStrictEquals(headerOf(connected, "server"), "stompest");
    sessions.add(headerOf(connected, "session"));
  }
  assertStrictEquals(sessions.size, 50);
  assertNotEquals(sessions.has(undefined), true);
});

test("SV-07: the heart-beat header of CONNECTED is the broker's own; 0,0 says none", async () => {
  for (
    const [heartBeat, header] of [[[0, 0], "0,0"], [[9, 8], "9,8"]] as const
  ) {
    await using memory = await BrokerInMemory.start({ heartBeat });
    for (const offer of [undefined, "0,0", "1000,1000"]) {
      const peer = await memory.dial();
      const [connected] = await peer.say(
        raw("CONNECT", { "accept-version": "1.2", "heart-beat": offer }),
      );
      assertStrictEquals(headerOf(connected, "heart-beat"), header);
    }
  }
});

for (const version of VERSIONS) {
  const connect = raw("CONNECT", { "accept-version": version, host: "/" });
  const subscribe = raw("SUBSCRIBE", { destination: "/queue/a", id: "s" });
  const send = raw("SEND", { destination: "/queue/a", receipt: "r" }, "hi");

  test(`STOMP ${version}: CONNECT and what follows may come in one chunk, or octet by octet`, async () => {
    const text = connect + "\n" + subscribe + "\n" + send;
    for (const pieces of [[text], [...text]]) {
      await using memory = await BrokerInMemory.start();
      const peer = await memory.dial();
      for (const piece of pieces) await peer.write(piece);
      const [connected, receipt, message, ...rest] = await peer.frames();
      assertStrictEquals(connected?.command, "CONNECTED");
      assertEquals(bodiesOf([message!]), ["hi"]);
      assertEquals(receipt, plain("RECEIPT", { "receipt-id": "r" }));
      assertEquals(rest, []);
    }
  });

  test(`STOMP ${version}: lines of CONNECT, and EOLs behind it, may end in CR LF`, async () => {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.dial();
    const [connected] = await peer.say(crlf(connect) + "\r\n\r\n");
    assertStrictEquals(headerOf(connected, "version"), version);
    assertEquals(await peer.say(send), [
      plain("RECEIPT", { "receipt-id": "r" }),
    ]);
  });
}

test("STOMP 1.2: all lines may end in CR LF, and CR LF between frames is nothing", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.dial();
  await peer.say(crlf(raw("CONNECT", { "accept-version": "1.2" })) + "\r\n");
  const frames = await peer.say(
    "\r\n" + crlf(raw("SUBSCRIBE", { destination: "/queue/a", id: "s" })) +
      "\r\n\r\n" +
      crlf(raw("SEND", { destination: "/queue/a", a: "b" }, "hi")) + "\r\n",
  );
  assertEquals(bodiesOf(frames), ["hi"]);
  assertStrictEquals(headerOf(frames[0], "a"), "b");
});

test("in STOMP 1.0 and 1.1 CR is a part of the line: ERROR for a command that it makes unknown", async () => {
  for (const version of ["1.0", "1.1"] as const) {
    await using memory = await BrokerInMemory.start();
    const peer = await memory.connect(version);
    const [error] = await peer.say(
      crlf(raw("SEND", { destination: "/queue/a" })),
    );
    assertStrictEquals(error?.command, "ERROR");
    assertStrictEquals(peer.hasEnded, true);
  }
});
