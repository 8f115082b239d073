/**
 * Installs the package that `deno task npm` builds into an empty project, as its users do, and tries it there.
 *
 * @module
 */

import manifest from "../deno.json" with { type: "json" };
import { buildForNpm, NPM_FOLDER } from "./npm.ts";
import { bunCommand } from "./suites.ts";
import { oneIf, type Tally, total } from "./tally.ts";
import { tempFolder } from "./temp_folder.ts";
import type { Workbench } from "./workbench.ts";

/** What a user writes first; it needs the types of no runtime. */
const PROGRAM = `
import { connect, type Message } from "@stompest/core";
import { serve } from "@stompest/core/broker";
import { connectSync } from "@stompest/core/sync";
import { FrameDecoderStream } from "@stompest/core/codec";
import { ClientSession } from "@stompest/core/session";
import { serveInMemory } from "@stompest/core/testing";
import { run } from "@stompest/core/cli";

const broker = await serve();
const client = await connect(broker.url);
await client.send("/queue/a", "there and back", { receipt: true });
const message: Message | null = await client.subscribe("/queue/a").receive();
if (message === null) throw new Error("nothing came");
await message.ack({ receipt: true });
await client.close();
await broker.close();
if (message.text() !== "there and back") throw new Error(message.text());
void [connectSync, FrameDecoderStream, ClientSession, serveInMemory, run];
`;

const TSCONFIG = {
  compilerOptions: {
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    target: "ESNext",
    module: "NodeNext",
    moduleResolution: "NodeNext",
    lib: ["ESNext", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
    types: [],
  },
  files: ["program.mts"],
};

/** A page's bundle may not grow beyond this by accident, in octets compressed; the aim is 20,000. */
const MOST_LOADED = 40_000;

/** Without the types of a browser: those of Node do. */
const WITH_NODE_TYPES = {
  compilerOptions: {
    ...TSCONFIG.compilerOptions,
    lib: ["ESNext"],
    types: ["node"],
    module: "ESNext",
    moduleResolution: "Bundler",
  },
  files: TSCONFIG.files,
};

/** Builds the package, installs it, and tries it with what its users have. */
export async function npmInstalls(bench: Workbench): Promise<Tally> {
  await using resources = new AsyncDisposableStack();
  const folder = await tempFolder("npm", resources);
  await buildForNpm();
  const inside = async (what: string, ...command: string[]) => {
    const { success } = await bench.run([
      "sh",
      "-c",
      'cd "$1" && shift && "$@"',
      "sh",
      folder,
      ...command,
    ]);
    bench.say(`${success ? "ok" : "FAILED"}: ${what}`);
    return oneIf(success);
  };
  const packed = `${Deno.cwd()}/${NPM_FOLDER}`;
  await Deno.writeTextFile(`${folder}/package.json`, '{"type":"module"}');
  await Deno.writeTextFile(
    `${folder}/tsconfig.json`,
    JSON.stringify(TSCONFIG),
  );
  await Deno.writeTextFile(
    `${folder}/tsconfig.node.json`,
    JSON.stringify(WITH_NODE_TYPES),
  );
  await Deno.writeTextFile(`${folder}/program.mts`, PROGRAM);
  const plain = PROGRAM.replaceAll(/, type Message|: Message \| null/g, "");
  await Deno.writeTextFile(`${folder}/program.mjs`, plain);
  await Deno.writeTextFile(
    `${folder}/page.mjs`,
    'import { connect } from "@stompest/core/async";\nglobalThis.connect = connect;\n',
  );
  await Deno.writeTextFile(
    `${folder}/index.html`,
    '<script type="module" src="./page.mjs"></script>\n',
  );
  const tarball = `stompest-core-${manifest.version}.tgz`;
  const npx = ["npx", "--yes"];
  const typescript = (version: string) =>
    inside(
      `TypeScript ${version} checks a program against the package`,
      ...npx,
      "-p",
      `typescript@${version}`,
      "tsc",
    );
  const tally = total([
    await inside("it is packed", "npm", "pack", "--silent", packed),
    await inside("it is installed", "npm", "i", "--silent", `./${tarball}`),
    await inside("Node 22", ...npx, "-p", "node@22", "node", "program.mjs"),
    await inside("Node 24", ...npx, "-p", "node@24", "node", "program.mjs"),
    await inside("Bun", ...bunCommand(), "program.mjs"),
    await inside(
      "the command",
      ...npx,
      "-p",
      "node@22",
      "node",
      "node_modules/.bin/stompest",
      "help",
    ),
    await typescript("5.6"),
    await typescript("latest"),
    await inside(
      "esbuild bundles it for a page",
      ...npx,
      "esbuild@0.25",
      "page.mjs",
      "--bundle",
      "--minify",
      "--format=esm",
      "--platform=browser",
      "--splitting",
      "--outdir=page",
    ),
    await inside(
      "Vite bundles it for a page",
      ...npx,
      "vite@7",
      "build",
      "--logLevel",
      "warn",
    ),
    await inside(
      "Node's types are there",
      "npm",
      "i",
      "--silent",
      "@types/node@22",
    ),
    await inside(
      "TypeScript 5.6 checks a program with Node's types and a bundler's resolution",
      ...npx,
      "-p",
      "typescript@5.6",
      "tsc",
      "-p",
      "tsconfig.node.json",
    ),
    await inside("publint", ...npx, "publint@0.3", `./${tarball}`),
    await inside(
      "are the types wrong?",
      ...npx,
      "@arethetypeswrong/cli@0.18",
      "--profile",
      "esm-only",
      `./${tarball}`,
    ),
  ]);
  const bytes = await loaded(`${folder}/page/page.js`);
  bench.say(`A page loads ${bytes} octets compressed for connect().`);
  return total([tally, oneIf(bytes <= MOST_LOADED)]);
}

/** What a page loads: the entry, and every piece that the entry imports at once. */
async function loaded(entry: string): Promise<number> {
  const seen = new Set<string>();
  const load = async (file: string): Promise<number> => {
    if (seen.has(file)) return 0;
    seen.add(file);
    const text = await Deno.readTextFile(file);
    let bytes = await compressed(text);
    for (const [, piece] of text.matchAll(/(?:from|import)"(\.\/[^"]+)"/g)) {
      bytes += await load(new URL(piece!, `file://${file}`).pathname);
    }
    return bytes;
  };
  return await load(entry);
}

async function compressed(text: string): Promise<number> {
  const stream = new Blob([text]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}
