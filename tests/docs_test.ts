import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { assert, assertEquals } from "./support/assert.ts";
import { test } from "./support/harness.ts";

const PAGES = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...readdirSync("docs").map((name) => `docs/${name}`),
];

/** What a heading is called in a link. */
function anchor(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");
}

function anchorsOf(page: string): string[] {
  const text = readFileSync(page, "utf8").replace(/```[\s\S]*?```/g, "");
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    anchor(heading!)
  );
}

for (const page of PAGES) {
  test(`every link of ${page} leads somewhere`, () => {
    const text = readFileSync(page, "utf8");
    const broken = [...text.matchAll(/\]\(([^)]+)\)/g)]
      .map(([, link]) => link!)
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => {
        const [file, heading] = link.split("#");
        const target = file === "" ? page : join(dirname(page), file!);
        if (!existsSync(target)) return true;
        return heading !== undefined && !anchorsOf(target).includes(heading);
      });
    assertEquals(broken, []);
  });

  test(`${page} has at most 200 lines`, () => {
    assert(readFileSync(page, "utf8").split("\n").length <= 201);
  });
}

test("the README leads to every page of the documentation", () => {
  const text = readFileSync("README.md", "utf8");
  const left = readdirSync("docs").filter((name) =>
    !text.includes(`(docs/${name}`)
  );
  assertEquals(left, []);
});
