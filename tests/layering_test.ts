import { assert, assertEquals, assertGreater } from "./support/assert.ts";
import { test } from "./support/harness.ts";
import { cyclesIn, type Source, violationsIn } from "./support/layering.ts";
import { published } from "./support/published.ts";

test("every published file keeps to its place: imports, runtime names, length and file name", async () => {
  const sources = await published();
  assertGreater(sources.length, 40);
  assertEquals(sources.flatMap(violationsIn), []);
});

test("no published files import each other in a ring", async () => {
  const cycles = cyclesIn(await published());
  assertEquals(cycles.filter((ring) => !ring.startsWith("async/feed")), []);
});

/** What must be noticed, and in which words. */
const VIOLATIONS: readonly (readonly [string, string, string])[] = [
  ["codec/a.ts", 'import { a } from "../session/a.ts";', "codec to session"],
  ["codec/a.ts", 'import type { a } from "../session/a.ts";', "to session"],
  ["codec/a.ts", 'export { a } from "../transport/a.ts";', "to transport"],
  ["codec/a.ts", 'import "../session/a.ts";', "codec to session"],
  ["errors.ts", 'import { a } from "./codec/mod.ts";', "to codec"],
  ["session/a.ts", 'await import("../transport/a.ts");', "to transport"],
  ["session/a.ts", 'import {\n  a,\n  b,\n} from "../async/a.ts";', "to async"],
  ["transport/a.ts", 'import { a } from "../codec/mod.ts";', "to codec"],
  ["async/a.ts", 'import { a } from "../broker/mod.ts";', "to broker"],
  ["async/a.ts", 'import { a } from "../sync/a.ts";', "async to sync"],
  ["async/a.ts", 'import { a } from "../async.ts";', "async to async.ts"],
  ["broker/a.ts", 'import { a } from "../async/a.ts";', "broker to async"],
  ["sync/a.ts", 'import { a } from "../async/a.ts";', "sync to async"],
  ["mod.ts", 'export { a } from "./broker/mod.ts";', "mod.ts to broker"],
  ["broker/a.ts", 'import { a } from "../tests/a.ts";', "broker to tests"],
  ["async/a.ts", 'import { a } from "node:net";', "not one of"],
  ["async/a.ts", 'import { a } from "npm:a@1";', "not one of"],
  ["codec/a.ts", "Deno.exit();", "mentions Deno"],
  ["codec/a.ts", "const a = Date.now();", "mentions Date"],
  ["codec/a.ts", 'a("http://b"); console.log(1);', "mentions console"],
  ["codec/a.ts", "a(/^[^/]*\\/*/); performance.now();", "performance"],
  ["session/a.ts", "Math.random();", "mentions Math.random"],
  ["session/a.ts", "a(`${setTimeout(b, 1)}`);", "mentions setTimeout"],
  ["session/a.ts", "/* why */ queueMicrotask(a);", "mentions queueMicrotask"],
  ["session/a.ts", "crypto.randomUUID();", "mentions crypto"],
  ["session/a.ts", "process.exit();", "mentions process"],
  ["async/a.ts", "await Deno.connect({});", "mentions Deno."],
  ["transport/bun.ts", "await Deno.connect({});", "mentions Deno."],
  ["transport/runtime.ts", "Deno.exit();", "mentions Deno."],
  ["transport/deno.ts", "Bun.connect({});", "mentions Bun."],
  ["transport/bun.ts", 'a("node:net");', 'mentions "node:'],
  ["broker/a.ts", 'if ("Bun" in b) c();', 'mentions "Bun"'],
  ["transport/deno.ts", 'if (typeof Deno === "a") b();', "typeof Deno"],
  ["async/a.ts", "new Worker(a);", "mentions Worker"],
  ["codec/aB.ts", "", "not in snake_case"],
  ["codec/a-b.ts", "", "not in snake_case"],
  ["codec/utils.ts", "", "does not say"],
  ["session/a.ts", "\n".repeat(301), "has 301 lines, over 300"],
  ["mod.ts", 'export { a } from "./async.ts";\nconst b = 1;', "has code"],
];

test("the rules notice what breaks them", () => {
  for (const [path, text, says] of VIOLATIONS) {
    const found = violationsIn({ path, text });
    const context = `${path}: ${text.trim()} gave ${found}`;
    assert(found.some((violation) => violation.includes(says)), context);
  }
});

/** What breaks no rule, though it may look like it. */
const INNOCENT: readonly (readonly [string, string])[] = [
  ["codec/a.ts", "// Deno.exit() and Date.now()\n/* console\n */"],
  ["codec/a.ts", "const updated = candidate;"],
  ["session/a.ts", 'import { a } from "../errors.ts";'],
  ["broker/a.ts", 'import { a } from "../codec/mod.ts";'],
  ["async/a.ts", 'import { a } from "@std/async";'],
  ["async/a.ts", 'throw new Error("Run this on Deno or Bun.");'],
  ["transport/deno.ts", "Deno.connect({});"],
  ["transport/bun.ts", "globalThis.a;"],
  ["mod.ts", 'export { a, type B } from "./async.ts";'],
];

test("the rules leave alone what keeps them", () => {
  for (const [path, text] of INNOCENT) {
    assertEquals(violationsIn({ path, text }), []);
  }
});

test("a ring is noticed, also where all that closes it is a type", () => {
  const file = (path: string, text: string): Source => ({ path, text });
  const a = file("a/a.ts", 'import { b } from "../b.ts";');
  const closing = [
    'export { c } from "./a/a.ts";',
    'import type { C } from "./a/a.ts";',
    'import { type C } from "./a/a.ts";',
    'export type { C } from "./a/a.ts";',
  ];
  for (const text of closing) {
    assertEquals(cyclesIn([a, file("b.ts", text)]), ["a/a.ts → b.ts → a/a.ts"]);
  }
});
