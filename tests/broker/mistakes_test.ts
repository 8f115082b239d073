import { type Version, VERSIONS } from "../../codec/mod.ts";
import {
  assertEquals,
  assertMatch,
  assertStrictEquals,
} from "../support/assert.ts";
import { BrokerInMemory } from "../support/broker_in_memory.ts";
import { test } from "../support/harness.ts";
import { headerOf, raw, type RawPeer } from "../support/raw_peer.ts";

interface Mistake {
  readonly name: string;
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the ERROR says. */
  readonly says: RegExp;
  /** The versions in which it is one; all unless it says so. */
  readonly versions?: readonly Version[];
  /** What the client has said before. */
  readonly before?: string;
}

const destination = "/queue/a";
const SUBSCRIBE = raw("SUBSCRIBE", { destination, id: "s" });
/** Delivers m-1 on the subscription s. */
const DELIVER = raw("SUBSCRIBE", { destination, id: "s", ack: "client" }) +
  raw("SEND", { destination }, "1");
const BEGIN = raw("BEGIN", { transaction: "t" });

const FROM_1_1 = ["1.1", "1.2"] as const;
const ONLY_1_0 = ["1.0"] as const;
const ONLY_1_1 = ["1.1"] as const;
const ONLY_1_2 = ["1.2"] as const;

/** An acknowledgement that all versions understand. */
function naming(message: string, subscription = "s"): Record<string, string> {
  const ack = `${message}@${subscription}`;
  return { id: ack, "message-id": message, subscription };
}

function acknowledgements(command: "ACK" | "NACK"): Mistake[] {
  const versions = command === "ACK" ? VERSIONS : FROM_1_1;
  const mistake = (
    name: string,
    headers: Mistake["headers"],
    says: RegExp,
    more: Partial<Mistake> = {},
  ) => ({ name, command, headers, says, versions, ...more });
  const nothing = new RegExp(`no message that this ${command} could be for`);
  return [
    mistake("without id", {}, /no "id" header/, { versions: ONLY_1_2 }),
    mistake("without message-id", { subscription: "s" }, /no "message-id"/, {
      versions: versions.filter((version) => version !== "1.2"),
    }),
    mistake("without subscription", { "message-id": "m-1" }, /no "subscr/, {
      versions: ONLY_1_1,
      before: DELIVER,
    }),
    mistake("of an unknown message", naming("m-9"), nothing, {
      before: DELIVER,
    }),
    mistake("through an unknown subscription", naming("m-1", "x"), nothing, {
      before: DELIVER,
    }),
    mistake(
      "of a message that was acknowledged before",
      naming("m-1"),
      nothing,
      {
        before: DELIVER + raw("ACK", naming("m-1")),
      },
    ),
    mistake("of a message that a transaction holds", naming("m-1"), nothing, {
      before: DELIVER + BEGIN +
        raw("ACK", { ...naming("m-1"), transaction: "t" }),
    }),
    mistake("of a message in mode auto", naming("m-1"), nothing, {
      before: SUBSCRIBE + raw("SEND", { destination }, "1"),
    }),
    mistake("after UNSUBSCRIBE", naming("m-1"), nothing, {
      before: DELIVER + raw("UNSUBSCRIBE", { id: "s" }),
    }),
    mistake(
      "in a transaction that was not begun",
      { ...naming("m-1"), transaction: "t" },
      /no transaction "t"/,
      { before: DELIVER },
    ),
  ];
}

const MISTAKES: readonly Mistake[] = [
  {
    name: "without destination",
    command: "SEND",
    headers: {},
    says: /no "destination" header/,
  },
  {
    name: "with an empty destination",
    command: "SEND",
    headers: { destination: "" },
    says: /no "destination" header/,
  },
  {
    name: "in a transaction that was not begun",
    command: "SEND",
    headers: { destination, transaction: "t" },
    says: /no transaction "t"/,
  },
  {
    name: "in a transaction that has ended",
    command: "SEND",
    headers: { destination, transaction: "t" },
    says: /no transaction "t"/,
    before: BEGIN + raw("COMMIT", { transaction: "t" }),
  },
  {
    name: "without destination",
    command: "SUBSCRIBE",
    headers: { id: "s" },
    says: /no "destination" header/,
  },
  {
    name: "without id",
    command: "SUBSCRIBE",
    headers: { destination },
    says: /no "id" header/,
    versions: FROM_1_1,
  },
  {
    name: "with the id of another",
    command: "SUBSCRIBE",
    headers: { destination: "/queue/b", id: "s" },
    says: /subscription "s" on this connection already/,
    before: SUBSCRIBE,
  },
  {
    name: "with a destination that has one without id",
    command: "SUBSCRIBE",
    headers: { destination },
    says: /subscription "\/queue\/a" on this connection already/,
    versions: ONLY_1_0,
    before: raw("SUBSCRIBE", { destination }),
  },
  {
    name: "in an unknown ack mode",
    command: "SUBSCRIBE",
    headers: { destination, id: "s", ack: "Client" },
    says: /"Client" is not an ack mode: use auto, client, client-individual/,
  },
  {
    name: "with a prefetch-count that is no number",
    command: "SUBSCRIBE",
    headers: { destination, id: "s", "prefetch-count": "-1" },
    says: /"-1" is not a prefetch-count/,
  },
  {
    name: "without id",
    command: "UNSUBSCRIBE",
    headers: { destination },
    says: /no "id" header/,
    versions: FROM_1_1,
    before: SUBSCRIBE,
  },
  {
    name: "without id and destination",
    command: "UNSUBSCRIBE",
    headers: {},
    says: /no "destination" header/,
    versions: ONLY_1_0,
  },
  {
    name: "of nothing",
    command: "UNSUBSCRIBE",
    headers: { id: "x" },
    says: /no subscription "x"/,
    before: SUBSCRIBE,
  },
  {
    name: "a second time",
    command: "UNSUBSCRIBE",
    headers: { id: "s" },
    says: /no subscription "s"/,
    before: SUBSCRIBE + raw("UNSUBSCRIBE", { id: "s" }),
  },
  ...acknowledgements("ACK"),
  ...acknowledgements("NACK"),
  {
    name: "without transaction",
    command: "BEGIN",
    headers: {},
    says: /no "transaction" header/,
  },
  {
    name: "of a transaction that was begun",
    command: "BEGIN",
    headers: { transaction: "t" },
    says: /transaction "t" has been begun already/,
    before: BEGIN,
  },
  ...["COMMIT", "ABORT"].flatMap((command): Mistake[] => [
    {
      name: "without transaction",
      command,
      headers: {},
      says: /no "transaction" header/,
      before: BEGIN,
    },
    {
      name: "of a transaction that was not begun",
      command,
      headers: { transaction: "u" },
      says: /no transaction "u"/,
      before: BEGIN,
    },
    {
      name: "a second time",
      command,
      headers: { transaction: "t" },
      says: /no transaction "t"/,
      before: BEGIN + raw(command, { transaction: "t" }),
    },
  ]),
  ...["CONNECT", "CONNECTED", "MESSAGE", "RECEIPT", "ERROR"].map((command) => ({
    name: "in the middle",
    command,
    headers: { "accept-version": "1.2" },
    says: new RegExp(`The client sent ${command} while .* open`),
  })),
  {
    name: "in the middle",
    command: "STOMP",
    headers: { "accept-version": "1.2" },
    says: /The client sent STOMP/,
    versions: FROM_1_1,
  },
];

/**
 * The answer must be one ERROR that explains, names the receipt that was asked
 * for, and is the last that comes.
 */
async function assertRefused(
  peer: RawPeer,
  text: string,
  says: RegExp,
  receipt?: string,
): Promise<void> {
  const [error, ...more] = await peer.say(text);
  assertEquals(more, []);
  assertStrictEquals(error?.command, "ERROR");
  assertMatch(error!.body, says);
  assertMatch(headerOf(error, "message")!, says);
  assertStrictEquals(headerOf(error, "receipt-id"), receipt);
  assertStrictEquals(
    headerOf(error, "content-length"),
    String(error!.body.length),
  );
  assertMatch(headerOf(error, "content-type")!, /^text\/plain/);
  assertStrictEquals(peer.hasEnded, true);
}

for (const mistake of MISTAKES) {
  const { name, command, headers, says, before = "" } = mistake;
  test(`SV-10, SV-11, SV-12: ${command} ${name} is answered with ERROR and the end`, async () => {
    for (const version of mistake.versions ?? VERSIONS) {
      for (const receipt of ["r", undefined]) {
        await using memory = await BrokerInMemory.start();
        const peer = await memory.connect(version);
        const answers = await peer.say(before);
        assertEquals(
          answers.filter((frame) => frame.command === "ERROR"),
          [],
        );
        await assertRefused(
          peer,
          raw(command, { ...headers, receipt }),
          says,
          receipt,
        );
      }
    }
  });
}

test("SV-13: a SEND or SUBSCRIBE that was refused has no effect, nor has anything behind it", async () => {
  await using memory = await BrokerInMemory.start();
  const peer = await memory.connect();
  const send = raw("SEND", { destination }, "1");
  await assertRefused(
    peer,
    send + raw("SEND", { destination, transaction: "t", receipt: "r" }, "2") +
      raw("SEND", { destination, receipt: "q" }, "3") + "nonsense",
    /no transaction/,
    "r",
  );
  const other = await memory.connect();
  await other.write(SUBSCRIBE);
  assertEquals(await other.bodies(), ["1"]);
});

/** Octets that are no frames. Whether a receipt was asked for, nobody knows. */
const NONSENSE: readonly (readonly [string, string, RegExp, Version[]?])[] = [
  ["an unknown command", "HELLO\nreceipt:r\n\n\0", /"H" begins no command/],
  ["a command in lower case", "send\n\n\0", /"s" begins no command/],
  ["a header without a colon", "SEND\nreceipt\n\n\0", /line 1 .* no colon/],
  ["a header without a name", "SEND\n:a\n\n\0", /an empty name/],
  ["a NUL in the head", "SEND\na\0b:c\n\n\0", /a NUL/],
  ["octets that are not UTF-8", "SEND\na:\xff\n\n\0", /not UTF-8/],
  [
    "a wrong content-length",
    "SEND\ncontent-length:1\n\nab\0",
    /is "b", not NUL/,
  ],
  ["a content-length that is none", "SEND\ncontent-length:x\n\n\0", /digits/],
  ["NACK in 1.0", "NACK\n\n\0", /"N" begins no command of STOMP 1.0/, ["1.0"]],
  ["STOMP in 1.0", "STOMP\n\n\0", /begins no command of STOMP 1.0/, ["1.0"]],
  ["an unknown escape", "SEND\na:\\t\n\n\0", /an escape/, ["1.1", "1.2"]],
  ["the escape \\r in 1.1", "SEND\na:\\r\n\n\0", /an escape/, ["1.1"]],
  ["a bare CR in 1.2", "SEND\na:b\rc\n\n\0", /a bare CR/, ["1.2"]],
  ["a body of SUBSCRIBE", "SUBSCRIBE\n\na\0", /cannot have a body/, [
    "1.1",
    "1.2",
  ]],
];

for (const [name, text, says, versions = VERSIONS] of NONSENSE) {
  test(`SV-12, SV-25: ${name} is answered with ERROR and the end`, async () => {
    for (const version of versions) {
      await using memory = await BrokerInMemory.start();
      const peer = await memory.connect(version);
      await assertRefused(peer, text, says);
    }
  });
}

/** What comes first and is no CONNECT. */
const OPENINGS: readonly (readonly [string, string, RegExp])[] = [
  ["SEND", raw("SEND", { destination }), /not opened with CONNECT/],
  ["DISCONNECT", raw("DISCONNECT"), /not opened with CONNECT/],
  ["MESSAGE", raw("MESSAGE"), /not opened with CONNECT/],
  ["CONNECTED", raw("CONNECTED", { version: "1.1" }), /not opened/],
  ["HTTP", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", /speak HTTP/],
  ["TLS", "\x16\x03\x01\x02\x00\x01\x00", /speak TLS/],
  [
    "a heart-beat header that is none",
    raw("CONNECT", { "accept-version": "1.2", "heart-beat": "1" }),
    /heart-beat header is "1"/,
  ],
];

for (const [name, text, says] of OPENINGS) {
  test(`SV-05: ${name} instead of a proper CONNECT is answered with ERROR and the end`, async () => {
    await using memory = await BrokerInMemory.start();
    await assertRefused(await memory.dial(), text, says);
  });
}

test("SV-11: an ERROR before CONNECTED names the receipt, too", async () => {
  await using memory = await BrokerInMemory.start();
  await assertRefused(
    await memory.dial(),
    raw("SEND", { destination, receipt: "r" }),
    /not opened with CONNECT/,
    "r",
  );
});

const LIMITS = { maxHeaderBytes: 200, maxHeaderCount: 5, maxBodyBytes: 100 };

const EXCESSES: readonly (readonly [string, string, RegExp])[] = [
  ["a head", `SEND\na:${"x".repeat(200)}`, /over the limit of 200 octets/],
  ["headers", `SEND\n${"a:b\n".repeat(6)}\n\0`, /limit of 5 headers/],
  ["a body", `SEND\n\n${"x".repeat(101)}`, /over the limit of 100 octets/],
  ["a body announced", "SEND\ncontent-length:101\n\n", /over the limit of 100/],
];

for (const [name, text, says] of EXCESSES) {
  test(`SV-24: ${name} over the limit is answered with ERROR and the end, as soon as it is seen`, async () => {
    await using memory = await BrokerInMemory.start({ limits: LIMITS });
    const peer = await memory.connect();
    await assertRefused(peer, text, says);
    await assertRefused(
      await memory.dial(),
      text.replace("SEND", "CONNECT"),
      /./,
    );
  });
}

test("SV-24: what is just within the limits is taken", async () => {
  await using memory = await BrokerInMemory.start({ limits: LIMITS });
  const peer = await memory.connect();
  const head = `SEND\ndestination:/queue/a\nb:\nc:\nd:\ne:`;
  const text = head + "x".repeat(198 - head.length) + "\n\n" + "x".repeat(100);
  assertEquals(await peer.say(`${text}\0`), []);
});

test("one client's mistake is nobody else's", async () => {
  await using memory = await BrokerInMemory.start();
  const [good, bad] = [await memory.connect(), await memory.connect()];
  await good.say(SUBSCRIBE);
  await assertRefused(bad, "nonsense", /begins no command/);
  await good.write(raw("SEND", { destination }, "1"));
  assertEquals(await good.bodies(), ["1"]);
});
