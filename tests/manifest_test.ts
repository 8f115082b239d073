import { readFile } from "node:fs/promises";
import { assertEquals, assertMatch } from "./support/assert.ts";
import { test } from "./support/harness.ts";
import { published } from "./support/published.ts";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
}

async function json<T>(path: string): Promise<T> {
  return JSON.parse(
    await readFile(new URL(`../${path}`, import.meta.url), "utf8"),
  );
}

const manifest = await json<Manifest>("deno.json");

test("a user installs what everybody does: the manifest names the standard library as JSR does", () => {
  for (const [name, where] of Object.entries(manifest.imports)) {
    assertMatch(name, /^@std\/\w+$/);
    assertEquals(where, `jsr:${name}@^1`);
  }
});

test("no published file names a package of npm, or a folder that is there for development", async () => {
  const strange = (await published()).flatMap(({ path, text }) =>
    [...text.matchAll(/npm:|deno-std|["'/]dev\//g)].map(([found]) =>
      `${path}: ${found}`
    )
  );
  assertEquals(strange, []);
});

test("what stands in for a package is of the version that is asked for, and is never published", async () => {
  for (const name of Object.keys(manifest.imports)) {
    const folder = name.replace("@std/", "dev/");
    const member = await json<Manifest & { publish: unknown }>(
      `${folder}/deno.json`,
    );
    assertEquals(member.name, name);
    assertMatch(member.version, /^1\./);
    assertEquals(member.publish, false);
  }
});

test("every name that Deno knows from the manifest is known to Bun and to editors", async () => {
  interface Config {
    readonly compilerOptions: {
      readonly paths: Readonly<Record<string, readonly string[]>>;
    };
  }
  const { compilerOptions: { paths } } = await json<Config>("tsconfig.json");
  const expected: Record<string, readonly string[]> = {};
  for (const name of Object.keys(manifest.imports)) {
    expected[name] = [`./${name.replace("@std", "dev")}/mod.ts`];
  }
  for (const [subpath, file] of Object.entries(manifest.exports)) {
    expected[manifest.name + subpath.slice(1)] = [file];
  }
  assertEquals(paths, expected);
});
