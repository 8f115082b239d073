import { readFile } from "node:fs/promises";
import { PUMP_TEXT as text } from "../../sync/pump_text.ts";
import { digestOf, PUMP_TEXT } from "../../tasks/pump.ts";
import { assertEquals, assertFalse } from "../support/assert.ts";
import { test } from "../support/harness.ts";

test("the worker's text is made of the sources as they are; else run `deno task pump`", async () => {
  const module = await readFile(PUMP_TEXT, "utf8");
  const [, digest] = /text: ([0-9a-f]+)/.exec(module)!;
  assertEquals(digest, await digestOf(text));
  assertFalse(digest === await digestOf(text + " "));
});
