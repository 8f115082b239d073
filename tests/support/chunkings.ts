import type { Random } from "./random.ts";

/** One way to cut octets into chunks, and what to call it in a message. */
export interface Chunking {
  readonly name: string;
  readonly chunks: readonly Uint8Array[];
}

/** Whole, octet by octet, and every split in two. */
export function* chunkings(bytes: Uint8Array): Generator<Chunking> {
  yield { name: "whole", chunks: [bytes] };
  yield { name: "octet by octet", chunks: octetByOctet(bytes) };
  for (let at = 1; at < bytes.length; at++) {
    yield { name: `split at ${at}`, chunks: cutAt(bytes, [at]) };
  }
}

/** Chunks of one octet each. */
export function octetByOctet(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}

/** Up to eight cuts anywhere; equal ones make empty chunks. */
export function randomCuts(bytes: Uint8Array, random: Random): Chunking {
  const cuts = random.list(random.below(9), () => random.below(bytes.length))
    .sort((a, b) => a - b);
  return { name: `cut at ${cuts}`, chunks: cutAt(bytes, cuts) };
}

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  return [0, ...cuts].map((cut, i) => bytes.subarray(cut, cuts[i]));
}
