import { COMMANDS, mayCarryBody } from "../../codec/grammar.ts";
import {
  encodeFrame,
  FrameDecoder,
  type Version,
  VERSIONS,
} from "../../codec/mod.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import {
  frameOf,
  plain,
  type PlainFrame,
  show,
  wire,
} from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { type Random, withChance } from "../support/random.ts";

const FRAMES = 10_000;

/** What is hard on one version or another, and what each text is made of. */
const NASTY = [
  ..."ab \t\\ncrt:\r\n\x01\x7f",
  ..."é€\ufeff\uffff😀",
  "\\n",
  "\\\\c",
];

for (const version of VERSIONS) {
  test(`decode(encode(frame)) is the frame (${version})`, () => {
    withChance((random) => {
      const decoder = new FrameDecoder({ version });
      for (let i = 0; i < FRAMES; i++) {
        const frame = randomFrame(version, random);
        const contentLength = !frame.body.includes("\0") && random.onceIn(2)
          ? false
          : undefined;
        const octets = encodeFrame(frameOf(frame), { version, contentLength });
        const half = random.below(octets.length);
        decoder.push(octets.subarray(0, half));
        assertStrictEquals([...decoder].length, 0);
        decoder.push(octets.subarray(half));
        const [again] = decoder;
        const expected = contentLength ?? true ? withLength(frame) : frame;
        assertEquals(again && show(again), expected, `frame ${i}`);
        for (const [name] of expected.headers) {
          assertStrictEquals(
            again!.headers.get(name),
            expected.headers.find((header) => header[0] === name)![1],
            `frame ${i}, header ${JSON.stringify(name)}`,
          );
        }
      }
      decoder.end();
    });
  });
}

/** What the encoder adds to a frame with a body. */
function withLength(frame: PlainFrame): PlainFrame {
  const { command, headers, body } = frame;
  if (body === "" || headers.some(([name]) => name === "content-length")) {
    return frame;
  }
  return plain(
    command,
    [...headers, ["content-length", `${body.length}`]],
    body,
  );
}

function randomFrame(version: Version, random: Random): PlainFrame {
  const rule = random.pick(COMMANDS.filter(({ since }) => since <= version));
  const raw = rule.handshake || version === "1.0";
  const usable = NASTY.filter((text) =>
    !(raw && text === "\n" || rule.handshake && text === "\r")
  );
  const nameable = usable.filter((text) => !(raw && text === ":"));
  const body = mayCarryBody(rule, version) && !random.onceIn(3)
    ? wire(random.octets(random.below(40)))
    : "";
  const headers = random.list(random.below(6), () =>
    [
      randomText(1, nameable, random),
      randomText(0, usable, random),
    ] as const);
  if (random.onceIn(4)) headers.push(["content-length", `0${body.length}`]);
  return plain(rule.command, headers, body);
}

/** Mostly short, so that names repeat. */
function randomText(
  least: number,
  characters: readonly string[],
  random: Random,
): string {
  const length = least + random.below(random.onceIn(8) ? 60 : 4);
  return random.list(length, () => random.pick(characters)).join("");
}
