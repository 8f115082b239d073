import { readFile } from "node:fs/promises";
import { digestOfSources, PUMP_TEXT } from "../../tasks/pump.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";

test("the worker's text is made of the sources as they are; else run `deno task pump`", async () => {
  const text = await readFile(PUMP_TEXT, "utf8");
  const [, digest] = /digest ([0-9a-f]+)/.exec(text)!;
  assertEquals(digest, await digestOfSources());
});
