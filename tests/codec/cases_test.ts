import { FrameDecoder } from "../../codec/mod.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { chunkings } from "../support/chunkings.ts";
import { decode, outcomeOf, outcomeOfStream } from "../support/decoding.ts";
import { encode } from "../support/encoding.ts";
import { octets, plain } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { BODIES } from "./cases/bodies.ts";
import type { Case } from "./cases/case.ts";
import { ESCAPES } from "./cases/escapes.ts";
import { GARBAGE } from "./cases/garbage.ts";
import { HANDSHAKE } from "./cases/handshake.ts";
import { HEADS } from "./cases/heads.ts";

const CASES = [...HEADS, ...ESCAPES, ...BODIES, ...GARBAGE, ...HANDSHAKE];

/** Octets that may stand behind anything: in every version a good frame. */
const TRAILER = "RECEIPT\nreceipt-id:7\n\n\0";
const TRAILING = plain("RECEIPT", { "receipt-id": "7" });

for (const row of CASES) {
  for (const version of row.versions) {
    const claim = `${
      row.error === undefined ? "reads" : "refuses"
    } ${row.name}`;
    test(`${claim} (${version ?? "before negotiation"})`, async () => {
      const outcome = decode(row.wire, { version });
      assertEquals(outcome.frames, row.frames);
      assertStringIncludes(outcome.error ?? "good", row.error ?? "good");
      checkTrailer(row, version);
      if (row.error === undefined) checkEarliestFrame(row, version);
      else checkEarliestError(row, version);
      if (row.canonical && version !== undefined) checkEncoder(row, version);
      for (const { name, chunks } of chunkings(octets(row.wire))) {
        assertEquals(await outcomeOfStream(chunks, { version }), outcome, name);
      }
    });
  }
}

/** What follows changes nothing about what came before it. */
function checkTrailer(row: Case, version: Case["versions"][number]): void {
  if (row.atEnd) return;
  const { error } = outcomeOf([octets(row.wire)], { version });
  const frames = error === undefined ? [...row.frames, TRAILING] : row.frames;
  assertEquals(decode(row.wire + TRAILER, { version }), { frames, error });
}

/** A frame is there as soon as its NUL is. */
function checkEarliestFrame(
  row: Case,
  version: Case["versions"][number],
): void {
  if (!row.wire.endsWith("\0")) return;
  const { frames } = outcomeOf([octets(row.wire.slice(0, -1))], { version });
  assertEquals(frames, row.frames.slice(0, -1));
}

/** The last octet of the row is the one that proves the error. */
function checkEarliestError(
  row: Case,
  version: Case["versions"][number],
): void {
  const decoder = new FrameDecoder({ version });
  decoder.push(octets(row.atEnd ? row.wire : row.wire.slice(0, -1)));
  assertEquals([...decoder].length, row.frames.length);
  if (row.atEnd) return;
  decoder.push(octets(row.wire.slice(-1)));
  let failed = false;
  try {
    [...decoder];
  } catch {
    failed = true;
  }
  assert(failed, "the last octet does not prove it");
}

function checkEncoder(
  row: Case,
  version: NonNullable<Case["versions"][number]>,
): void {
  const encoded = row.frames.map((frame) =>
    encode(frame, { version, contentLength: false })
  );
  assertEquals(encoded.join(""), row.wire);
}
