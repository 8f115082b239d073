import { Frame, type Version, VERSIONS } from "../../codec/mod.ts";
import { ProtocolError, UsageError } from "../../errors.ts";
import { ClientSession } from "../../session/client_session.ts";
import { parseHeartBeat } from "../../session/heart_beat.ts";
import { highestCommonVersion } from "../../session/versions.ts";
import {
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { connectedSession } from "../support/sessions.ts";

const OFFERS: readonly (readonly [Version[] | undefined, string])[] = [
  [undefined, "1.0,1.1,1.2"],
  [["1.2", "1.1", "1.0"], "1.0,1.1,1.2"],
  [["1.2", "1.0"], "1.0,1.2"],
  [["1.1", "1.1"], "1.1"],
  [["1.2"], "1.2"],
];

test("versions are offered once each and ascending, in whatever order they are given", () => {
  for (const [versions, offered] of OFFERS) {
    const { headers } = new ClientSession({ versions }).connect();
    assertStrictEquals(headers.get("accept-version"), offered);
  }
});

test("no version and versions that do not exist are refused", () => {
  const wrong: readonly [unknown, string][] = [
    [[], "at least one of 1.0, 1.1, 1.2"],
    ["1.2", "at least one of 1.0, 1.1, 1.2"],
    [["1.3"], '"1.3"'],
    [["1.2", " 1.1"], '" 1.1"'],
    [[1.2], "1.2 is not a version"],
  ];
  for (const [versions, says] of wrong) {
    assertThrows(
      () => new ClientSession({ versions: versions as Version[] }),
      UsageError,
      says,
    );
  }
});

/** What is offered, what CONNECTED says, and what is settled. */
const REPLIES: readonly (readonly [
  readonly Version[],
  reply: string | undefined,
  settled: Version | undefined,
])[] = [
  ...VERSIONS.map((version) => [VERSIONS, version, version] as const),
  [VERSIONS, undefined, "1.0"],
  [["1.0"], undefined, "1.0"],
  [["1.1", "1.2"], undefined, undefined],
  [["1.1", "1.2"], "1.0", undefined],
  [["1.0", "1.1"], "1.2", undefined],
  [VERSIONS, "1.3", undefined],
  [VERSIONS, "", undefined],
  [VERSIONS, "1.2 ", undefined],
];

test("the broker's reply must be one of the versions offered; none means 1.0", () => {
  for (const [versions, version, settled] of REPLIES) {
    const session = new ClientSession({ versions });
    session.connect();
    const connected = new Frame(
      "CONNECTED",
      version === undefined ? {} : { version },
    );
    if (settled !== undefined) {
      session.receive(connected);
      assertStrictEquals(session.version, settled);
      continue;
    }
    const error = assertThrows(() => session.receive(connected), ProtocolError);
    assertStringIncludes(error.message, `"${version ?? "1.0"}"`);
    assertStringIncludes(error.message, versions.join(", "));
    assertStrictEquals(session.state, "connecting");
    assertStrictEquals(session.version, undefined);
  }
});

test("a server takes the highest version that both speak", () => {
  const cases = [
    [undefined, "1.0"],
    ["1.0,1.1,1.2", "1.2"],
    ["1.2,1.0", "1.2"],
    ["1.1,1.9,2.0", "1.1"],
    ["1.0", "1.0"],
    ["2.0", undefined],
    ["", undefined],
  ] as const;
  for (const [accepted, version] of cases) {
    assertStrictEquals(highestCommonVersion(accepted), version);
  }
});

test("two numbers are a heart-beat header, a missing one is 0,0", () => {
  assertEquals(parseHeartBeat(undefined), [0, 0]);
  assertEquals(parseHeartBeat("0,0"), [0, 0]);
  assertEquals(parseHeartBeat("10000,007"), [10_000, 7]);
});

const MALFORMED = [
  "",
  "1",
  "1,",
  ",1",
  "1,2,3",
  "-1,0",
  "+1,0",
  "1.5,0",
  "1e3,0",
  "0x1,0",
  " 1,2",
  "1, 2",
  "1,2\n",
  "a,b",
  // More than any clock counts, and no longer exact as a number.
  "9999999999999999,0",
];

test("a malformed heart-beat header is the broker's fault and settles nothing", () => {
  for (const header of MALFORMED) {
    const session = new ClientSession({ heartBeat: [1000, 1000] });
    session.connect();
    const error = assertThrows(
      () =>
        session.receive(
          new Frame("CONNECTED", { version: "1.2", "heart-beat": header }),
        ),
      ProtocolError,
    );
    assertInstanceOf(error, ProtocolError);
    assertStringIncludes(error.message, JSON.stringify(header));
    assertStrictEquals(session.state, "connecting");
    assertEquals(session.heartBeat, [0, 0]);
  }
});

test("a CONNECTED without a heart-beat header leaves the session without heart-beats", () => {
  const session = connectedSession("1.2", { heartBeat: [1000, 1000] });
  assertEquals(session.heartBeat, [0, 0]);
});

test("what CONNECTED tells can be asked for, and is unknown before", () => {
  const session = new ClientSession();
  session.connect();
  const before = [session.version, session.server, session.session];
  assertEquals(before, [undefined, undefined, undefined]);
  const frame = new Frame("CONNECTED", {
    version: "1.1",
    server: "RabbitMQ/3.12",
    session: "x-1",
  });
  assertEquals(session.receive(frame), { type: "connected", frame });
  const after = [session.version, session.server, session.session];
  assertEquals(after, ["1.1", "RabbitMQ/3.12", "x-1"]);
});

test("an ERROR instead of CONNECTED is a refusal that keeps the frame", () => {
  const session = new ClientSession();
  session.connect();
  const frame = new Frame("ERROR", { message: "Bad CONNECT" });
  assertEquals(session.receive(frame), { type: "refused", frame });
});
