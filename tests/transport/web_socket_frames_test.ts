import {
  encodeFrame,
  WebSocketFrameDecoder,
} from "../../transport/web_socket_frames.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { chunkings, randomCuts } from "../support/chunkings.ts";
import { octets, wire } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { withChance } from "../support/random.ts";
import {
  char,
  clientFrame,
  closeFrame,
  number,
  serverFrames,
} from "../support/web_socket.ts";

/** What comes of octets in these chunks. */
function read(chunks: readonly Uint8Array[]) {
  const decoder = new WebSocketFrameDecoder();
  let payload = "";
  const pings: string[] = [];
  for (const chunk of chunks) {
    payload += wire(decoder.push(chunk.slice()));
    const ping = decoder.takePing();
    if (ping !== undefined) pings.push(wire(ping));
  }
  const { end, isClosed, isText } = decoder;
  return { payload, pings, end, isClosed, isText };
}

const PART = { first: 0x01 };
const MORE = { first: 0x00 };
const LAST = { first: 0x80 };
const BINARY = { first: 0x82 };
const PING = { first: 0x89 };
const PONG = { first: 0x8a };
const LONG = "x".repeat(70_000);

/** What messages carry, and what is read of them. */
const SOUND: readonly (readonly [string, string, string])[] = [
  ["a message of text", clientFrame("hello"), "hello"],
  ["a message of octets", clientFrame("\xff\xfe", BINARY), "\xff\xfe"],
  ["an empty message", clientFrame(""), ""],
  ["two messages", clientFrame("a") + clientFrame("b", BINARY), "ab"],
  [
    "a message in fragments, of which some are empty",
    clientFrame("a", PART) + clientFrame("", MORE) + clientFrame("b", MORE) +
    clientFrame("", LAST),
    "ab",
  ],
  [
    "control frames between fragments",
    clientFrame("a", PART) + clientFrame("p", PING) + clientFrame("b", LAST) +
    clientFrame("", PONG),
    "ab",
  ],
  [
    "a character that is cut by frames",
    clientFrame("gr\xc3", PART) + clientFrame("\xbc\xc3", MORE) +
    clientFrame("\x9fe", LAST),
    "gr\xc3\xbc\xc3\x9fe",
  ],
  ["a length in two octets", clientFrame("y".repeat(126)), "y".repeat(126)],
];

for (const [what, said, payload] of SOUND) {
  test(`frames of a WebSocket: ${what}, however chunked`, () => {
    for (const { name, chunks } of chunkings(octets(said))) {
      const seen = read(chunks);
      assertEquals(seen.payload, payload, name);
      assertEquals(seen.end, undefined, name);
      assertEquals(seen.pings, what.includes("control") ? ["p"] : [], name);
    }
  });
}

test("frames of a WebSocket: a length in eight octets", () => {
  assertEquals(read([octets(clientFrame(LONG))]).payload, LONG);
});

/** What ends a WebSocket, behind a message, and the code that says so. */
const ENDS: readonly (readonly [string, string, number | undefined])[] = [
  ["a good-bye without a code", clientFrame("", { first: 0x88 }), undefined],
  ["a good-bye", closeFrame(1000, "bye"), 1000],
  ["a good-bye with a code of one's own", closeFrame(4999), 4999],
  ["a frame that is not masked", clientFrame("x", { isMasked: false }), 1002],
  ["a reserved bit", clientFrame("x", { first: 0xc1 }), 1002],
  [
    "an opcode for data that there is not",
    clientFrame("", { first: 0x83 }),
    1002,
  ],
  [
    "an opcode for control that there is not",
    clientFrame("", { first: 0x8b }),
    1002,
  ],
  ["a ping in fragments", clientFrame("", { first: 0x09 }), 1002],
  ["a ping that is too long", clientFrame("x".repeat(126), PING), 1002],
  ["a continuation of nothing", clientFrame("x", LAST), 1002],
  [
    "a message within a message",
    clientFrame("x", PART) + clientFrame("y"),
    1002,
  ],
  ["a good-bye of one octet", clientFrame("\x03", { first: 0x88 }), 1002],
  ["a code that must not be sent", closeFrame(1005), 1002],
  ["a code that means nothing", closeFrame(999), 1002],
  ["a code beyond all", closeFrame(5000), 1002],
  ["a reason that is no text", closeFrame(1000, "\xff"), 1007],
  ["text that is none", clientFrame("\xff"), 1007],
  [
    "text that ends within a character",
    clientFrame("\xc3", PART) + clientFrame("", LAST),
    1007,
  ],
  ["a frame beyond all", char(0x82, 0xff) + number(2 ** 60, 8) + "mask", 1009],
];

for (const [what, said, code] of ENDS) {
  test(`frames of a WebSocket: ${what} ends it, and what came before is read`, () => {
    const all = octets(clientFrame("before") + said + clientFrame("behind"));
    for (const { name, chunks } of chunkings(all)) {
      const seen = read(chunks);
      assert(seen.payload.startsWith("before"), name);
      assert(!seen.payload.includes("behind"), name);
      assertEquals(seen.end?.code, code, name);
      assertEquals(seen.isClosed, what.includes("good-bye") && code !== 1002);
    }
  });
}

test("any octets are read the same however they are chunked, and nothing is made up", () => {
  withChance((random) => {
    for (let i = 0; i < 300; i++) {
      const said = random.list(1 + random.below(6), () => {
        const first = random.pick([0x82, 0x02, 0x00, 0x80, 0x89, 0x8a, 0x88]);
        const length = random.pick([0, 1, 5, 125, 126, 300]);
        const payload = wire(random.octets(length));
        return random.onceIn(8)
          ? wire(random.octets(9))
          : clientFrame(payload, { first, isMasked: !random.onceIn(30) });
      }).join("");
      const all = octets(said);
      const whole = read([all]);
      const { name, chunks } = randomCuts(all, random);
      const cut = read(chunks);
      // How much text stands before what is none depends on the cuts.
      if (whole.end?.code === 1007) continue;
      assertEquals({ ...cut, pings: [] }, { ...whole, pings: [] }, name);
      assert(whole.payload.length <= all.length);
    }
  });
});

test("a server's frames have heads of the shortest kind, and are not masked", () => {
  for (const length of [0, 125, 126, 0xffff, 0x10000]) {
    const payload = "x".repeat(length);
    const frame = wire(encodeFrame(2, octets(payload)));
    assertEquals(serverFrames(frame), [{ opcode: 2, payload }]);
    assertEquals(
      frame.length - length,
      length < 126 ? 2 : length < 0x10000 ? 4 : 10,
    );
  }
});
