import { readdir, readFile } from "node:fs/promises";
import { AREAS, type Source } from "./layering.ts";

const ROOT = new URL("../..", import.meta.url);

/** Every published source file; areas that nobody has built yet have none. */
export async function published(): Promise<Source[]> {
  const names = (await readdir(ROOT)).filter((name) => AREAS.includes(name));
  const paths: string[] = [];
  for (const name of names) {
    if (name.endsWith(".ts")) paths.push(name);
    else {
      const files = await readdir(new URL(name, ROOT), { recursive: true });
      for (const file of files) paths.push(`${name}/${file}`);
    }
  }
  return await Promise.all(
    paths.toSorted().filter((path) => path.endsWith(".ts")).map(
      async (path) => ({
        path,
        text: await readFile(new URL(path, ROOT), "utf8"),
      }),
    ),
  );
}
