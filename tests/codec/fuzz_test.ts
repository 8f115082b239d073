import {
  encodeFrame,
  type FrameDecoderOptions,
  VERSIONS,
} from "../../codec/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { octetByOctet, randomCuts } from "../support/chunkings.ts";
import { type Outcome, outcomeOf } from "../support/decoding.ts";
import { frameOf, octets, wire } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { type Random, withChance } from "../support/random.ts";

const ROUNDS = 4000;

const CAPTURES = [
  "CONNECT\naccept-version:1.0,1.1,1.2\nhost:/\nlogin:a\\b\npasscode:c\n\n\0\n" +
  "SEND\ndestination:/queue/a\ncontent-length:5\n\na\0b\0c\0\n" +
  "SUBSCRIBE\nid:0\ndestination:/queue/\\c\\\\\nack:client\n\n\0DISCONNECT\n\n\0",
  "CONNECTED\r\nversion:1.2\r\nserver:\xc3\xa9/1\r\n\r\n\0\r\n\r\n" +
  "MESSAGE\r\nid:\\r\\n\\c\r\nid:2\r\n\r\nbody\0\nRECEIPT\nreceipt-id:7\n\n\0",
  "CONNECTED\nversion:1.1\n\n\0\nMESSAGE\na:\\n\r\nb::\n\nx\0ERROR\nm:\\c\n\n\0",
  "CONNECTED\nsession:\\t\n\n\0MESSAGE\na:\\t\r\n\n\xff\xfe\0ACK\na:b\n\nbody\0",
  "ERROR\nmessage:C:\\temp\\\rx\ncontent-length:3\n\n\0\0\0\0\n\n",
];

/** What noise is made of: octets alone would seldom get past a command. */
const WORDS = [
  ..."SEND ACK NACK STOMP CONNECTED MESSAGE ERROR SUBSCRIBE SEN".split(" "),
  ..."\n\n\n\n\r\r\0\0\0::: \\\\ncrt019ab",
  ...["\r\n", "\n\n", "\n\n\0", "SEND\n", "MESSAGE\na:b\n\n", "\\c", "\\r"],
  ...["content-length:", "content-length:3\n", "version:1.1\n", "\xc3\xa9"],
  ..."\xc3\xe2\x82\xed\xa0\xf0\x90\xff\x80\x01\x16",
];

const OPTIONS: readonly FrameDecoderOptions[] = [
  {},
  ...VERSIONS.map((version) => ({ version })),
  { limits: { maxHeaderBytes: 40, maxHeaderCount: 2, maxBodyBytes: 4 } },
  ...[undefined, ...VERSIONS].flatMap((version) => [
    { version, lenient: true },
    {
      version,
      lenient: true,
      limits: { maxHeaderBytes: 40, maxHeaderCount: 2, maxBodyBytes: 4 },
    },
  ]),
];

test("any bytes yield frames or a FrameError, never anything else, and frames, their order and the error message are the same for every chunking: mutated captures", () => {
  withChance((random) => {
    for (let round = 0; round < ROUNDS; round++) {
      check(mutated(octets(random.pick(CAPTURES)), random), random);
    }
  });
});

test("any bytes yield frames or a FrameError, never anything else, and frames, their order and the error message are the same for every chunking: noise", () => {
  withChance((random) => {
    for (let round = 0; round < ROUNDS; round++) {
      const words = random.list(random.below(30), () => random.pick(WORDS));
      check(octets(words.join("")), random);
      check(random.octets(random.below(20)), random);
    }
  });
});

test("what was read can be written, and reads the same", () => {
  withChance((random) => {
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = mutated(octets(random.pick(CAPTURES)), random);
      for (const version of VERSIONS) {
        for (const frame of outcomeOf([bytes], { version }).frames) {
          // CR has no place in a handshake that a peer of any version reads.
          if (frame.command.startsWith("CONNECT")) continue;
          const contentLength = frame.body.includes("\0");
          const again = encodeFrame(frameOf(frame), { version, contentLength });
          assertEquals(
            outcomeOf([again], { version }),
            { frames: [frame], error: undefined },
            `after ${JSON.stringify(wire(bytes))}`,
          );
        }
      }
    }
  });
});

function check(bytes: Uint8Array, random: Random): void {
  const options = random.pick(OPTIONS);
  const whole = run([bytes], options);
  const chunkings = [
    { name: "octet by octet", chunks: octetByOctet(bytes) },
    ...random.list(3, () => randomCuts(bytes, random)),
  ];
  for (const { name, chunks } of chunkings) {
    const outcome = run(chunks, options);
    if (JSON.stringify(outcome) === JSON.stringify(whole)) continue;
    const where = `${JSON.stringify(wire(bytes))}, ${name}`;
    assertEquals(outcome, whole, `${where}, ${JSON.stringify(options)}`);
  }
}

function run(
  chunks: readonly Uint8Array[],
  options: FrameDecoderOptions,
): Outcome {
  try {
    return outcomeOf(chunks, options);
  } catch (cause) {
    const bytes = JSON.stringify(chunks.map(wire));
    throw new Error(
      `${bytes} yields neither frames nor a FrameError: ${cause}`,
      { cause },
    );
  }
}

/** Changes, removes, repeats or inserts a few octets. */
function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  let text = wire(bytes);
  for (let times = random.below(4); times > 0; times--) {
    const at = random.below(text.length);
    const end = at + random.below(random.onceIn(4) ? 30 : 3);
    const middle = [
      random.pick(WORDS),
      wire(random.octets(1)),
      text.slice(at, end).repeat(2),
      "",
    ];
    text = text.slice(0, at) + random.pick(middle) + text.slice(end);
  }
  return octets(text);
}
