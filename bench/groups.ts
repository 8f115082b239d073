import type { Effort } from "./rounds.ts";
import { BODY_SIZES, sizeName } from "./samples.ts";

/** What a ratio should be at least. */
export interface Target {
  readonly factor: number;
  /** Who ours is compared with: the best of them. */
  readonly against: readonly string[];
}

/** One line of a table. */
export interface Case {
  readonly name: string;
  /** What is only measured here, beside ours and the peers. */
  readonly extras?: readonly string[];
  readonly target?: Target;
  /** Where it is not that of the group. */
  readonly effort?: Effort;
}

/** One table: subjects that a worker knows, and what they are to do. */
export interface Group {
  readonly name: string;
  readonly title: string;
  /** What is counted a second. */
  readonly unit: string;
  readonly effort: Effort;
  /** Whether ours also runs on runtimes that our client has no socket for. */
  readonly isOursEverywhere: boolean;
  readonly cases: readonly Case[];
  /** What one has to know to read the table. */
  readonly note: string;
}

/** What ours is called. */
export const OURS = "stompest";

/** The clients that are measured beside it. */
export const PEERS: readonly string[] = ["stompit", "stompjs"];

const LARGEST = Math.max(...BODY_SIZES);
const COPYING = ["copy, new", "copy, one"];

/** Garbage collectors take a while to get used to large arrays. */
const PATIENT: Effort = { warmUp: 1200, round: 150, rounds: 9 };

/** The tables, all but the one of memory. */
export const GROUPS: readonly Group[] = [
  {
    name: "decode",
    title: "Decoding MESSAGE frames with nine headers out of 64 KiB chunks",
    unit: "frames",
    effort: { warmUp: 200, round: 60, rounds: 9 },
    isOursEverywhere: true,
    cases: BODY_SIZES.map((size) => ({
      name: sizeName(size),
      ...size === LARGEST ? { extras: COPYING, effort: PATIENT } : {},
      ...decodeTarget(size),
    })),
    note:
      `"copy, new" copies each body into a new array, the least that handing it out as one array takes when it came ` +
      `in four pieces: the bandwidth that ${sizeName(LARGEST)} is judged by. ` +
      `"copy, one" copies all into the same array, which stays in the cache.`,
  },
  {
    name: "encode",
    title: "Encoding SEND frames with five headers and a content-length",
    unit: "frames",
    effort: { warmUp: 200, round: 50, rounds: 7 },
    isOursEverywhere: true,
    cases: BODY_SIZES.flatMap((size) =>
      ["text", "octets"].map((kind) => ({
        name: `${sizeName(size)} ${kind}`,
        extras: ["encodeFrame"],
        ...kind === "octets" ? { target: { factor: 3, against: PEERS } } : {},
      }))
    ),
    note:
      "Bodies are octets, as in the other tables; text is measured beside it, where all have to encode UTF-8. Ours is " +
      'the buffer that the clients write with, which hands on large octets as stompit does; "encodeFrame" makes an ' +
      "array of each frame, and so does stompjs.",
  },
  {
    name: "client",
    title: "Clients over TCP, bodies of 256 B",
    unit: "messages",
    effort: { warmUp: 400, round: 300, rounds: 5 },
    isOursEverywhere: false,
    cases: ["send", "send, 1,000 receipts in flight", "receive and ack"].map(
      (name) => ({ name, target: { factor: 3, against: PEERS } }),
    ),
    note:
      "The other end reads, and answers CONNECT and what asks for a receipt; as a source it writes prepared octets. " +
      "A run ends with the receipt of a last SEND.",
  },
];

function decodeTarget(size: number): { target?: Target } {
  if (size <= 256) return { target: { factor: 8, against: PEERS } };
  if (size === 1024) return { target: { factor: 6, against: PEERS } };
  if (size !== LARGEST) return {};
  return { target: { factor: 0.7, against: ["copy, new"] } };
}
