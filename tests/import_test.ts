import { readFile } from "node:fs/promises";
import { assertEquals, assertStringIncludes } from "./support/assert.ts";
import { test } from "./support/harness.ts";
import { startWorker } from "./support/worker.ts";

/** Imports modules where much is missing, and says what they have missed. */
async function importBare(modules: readonly string[]): Promise<string> {
  const said = Promise.withResolvers<string>();
  const worker = startWorker(
    new URL("./support/bare_worker.ts", import.meta.url),
    {
      said: (message) => said.resolve(message as string),
      failed: said.reject,
    },
  );
  try {
    worker.post(modules);
    return await said.promise;
  } finally {
    worker.terminate();
    // The runtime takes a turn to let go of it.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

test("to import an entry point does nothing: no timer, no chance, no memory to share", async () => {
  const root = new URL("../", import.meta.url);
  const manifest = await readFile(new URL("deno.json", root), "utf8");
  const { exports } = JSON.parse(manifest) as {
    exports: Record<string, string>;
  };
  const modules = Object.values(exports).map((path) =>
    new URL(path, root).href
  );
  assertEquals(await importBare(modules), "");
});

test("what an import does is noticed", async () => {
  const module = "data:text/javascript,new SharedArrayBuffer(4)";
  assertStringIncludes(await importBare([module]), "SharedArrayBuffer");
});
