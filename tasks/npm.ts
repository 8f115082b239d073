/**
 * Builds the package for npm into the folder `npm/`, which git ignores: `deno task npm`. Every published file becomes a
 * JavaScript module with its declarations and its source map; what is used of the standard library is carried inside.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path/posix";
import manifest from "../deno.json" with { type: "json" };
import { publishedModules } from "./project.ts";
import { typescript as ts } from "./typescript.ts";

/** Relative to the project. */
export const NPM_FOLDER = "npm";

const STANDARD = "@std/";

const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
};

/** What Node has known from this version on is used. */
const ENGINES = { node: ">=22" };

/** What our declarations use and older defaults of TypeScript lack. */
const REFERENCES = '/// <reference lib="esnext.disposable" />\n';

/** Builds the package afresh. */
export async function buildForNpm(): Promise<void> {
  if (existsSync(NPM_FOLDER)) {
    await Deno.remove(NPM_FOLDER, { recursive: true });
  }
  const paths = await publishedModules();
  const borrowed = new Map<string, Set<string>>();
  for (const path of paths) {
    const source = await Deno.readTextFile(path);
    borrow(source, borrowed);
    await emitCode(path, source);
  }
  await emitTypes(paths);
  for (const [module, names] of borrowed) await carry(module, names);
  for (const name of ["README.md", "LICENSE"]) {
    await Deno.copyFile(name, join(NPM_FOLDER, name));
  }
  await write(COMMAND, COMMAND_TEXT);
  await write("package.json", `${JSON.stringify(packageJson(), null, 2)}\n`);
}

async function emitCode(path: string, source: string): Promise<void> {
  const base = path.replace(/\.ts$/, "");
  const { outputText, sourceMapText } = ts.transpileModule(source, {
    fileName: path,
    compilerOptions: {
      ...OPTIONS,
      sourceMap: true,
      inlineSources: true,
      removeComments: true,
    },
  });
  await write(`${base}.js`, resolved(`${base}.js`, outputText));
  await write(`${base}.js.map`, sourceMapText!);
}

/** The types are right: `deno check` has seen to that, and knows those of the runtimes. */
async function emitTypes(paths: readonly string[]): Promise<void> {
  const written: Promise<void>[] = [];
  const program = ts.createProgram(paths, {
    ...OPTIONS,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    declaration: true,
    emitDeclarationOnly: true,
    noCheck: true,
    types: [],
    rootDir: ".",
    outDir: NPM_FOLDER,
  });
  program.emit(undefined, (file, text) => {
    const path = relative(NPM_FOLDER, file);
    // What stands in for the standard library has no place in the package.
    if (!paths.includes(path.replace(/\.d\.ts$/, ".ts"))) return;
    written.push(write(path, REFERENCES + resolved(path, text)));
  });
  await Promise.all(written);
}

const IMPORT = /(\bfrom\s*|\bimport\s*\(?\s*)"([^"]+)"/g;

/** Names modules as they are called in the package. Comments show what users write, which stays. */
function resolved(path: string, text: string): string {
  return text.replace(IMPORT, (all, before: string, specifier: string) => {
    if (specifier.startsWith(".")) {
      return `${before}"${specifier.replace(/\.ts$/, ".js")}"`;
    }
    return path.endsWith(".js") && specifier.startsWith(STANDARD)
      ? `${before}"${carriedFrom(path, specifier)}"`
      : all;
  });
}

function carriedFrom(path: string, specifier: string): string {
  const way = relative(dirname(path), carried(specifier));
  return way.startsWith(".") ? way : `./${way}`;
}

/** Where the package has it. */
function carried(specifier: string): string {
  return `${specifier.slice(1)}.js`;
}

const BORROWED = /^import \{([^}]*)\} from "(@std\/\w+)";/gm;

/** Notes what a file uses of the standard library. */
function borrow(source: string, borrowed: Map<string, Set<string>>): void {
  for (const [, list = "", module = ""] of source.matchAll(BORROWED)) {
    const names = borrowed.get(module) ?? new Set();
    borrowed.set(module, names);
    for (const name of list.split(",")) names.add(name.trim().split(" ")[0]!);
  }
}

/** Puts what is used of a module into the package. */
async function carry(
  module: string,
  names: ReadonlySet<string>,
): Promise<void> {
  const entry = carried(module).replace(/js$/, "ts");
  await write(entry, `export { ${[...names].join(", ")} } from "${module}";\n`);
  const file = join(NPM_FOLDER, entry);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", file],
  }).output();
  await Deno.remove(file);
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(`Cannot bundle ${module}: ${decoder.decode(stderr)}`);
  }
  await write(
    carried(module),
    `// From ${module}. Copyright the Deno authors. MIT license.\n` +
      decoder.decode(stdout),
  );
}

/** The command, which Node and Bun start under its name. */
const COMMAND = "stompest.js";
const COMMAND_TEXT = `#!/usr/bin/env node
import { processTerminal, run } from "./cli.js";

const terminal = processTerminal();
terminal.exit(await run(terminal.args, terminal));
`;

function packageJson(): Record<string, unknown> {
  const { name, version, description, license } = manifest;
  return {
    name,
    version,
    description,
    license,
    keywords: ["stomp", "rabbitmq", "activemq", "artemis", "websocket"],
    type: "module",
    engines: ENGINES,
    sideEffects: false,
    bin: { stompest: COMMAND },
    exports: {
      ...Object.fromEntries(
        Object.entries(manifest.exports).map(([subpath, file]) => {
          const base = file.replace(/\.ts$/, "");
          return [subpath, { types: `${base}.d.ts`, default: `${base}.js` }];
        }),
      ),
      "./package.json": "./package.json",
    },
  };
}

async function write(path: string, text: string): Promise<void> {
  const file = join(NPM_FOLDER, path);
  await Deno.mkdir(dirname(file), { recursive: true });
  await Deno.writeTextFile(file, text);
}

if (import.meta.main) {
  await buildForNpm();
  console.log(`${NPM_FOLDER}: ready for \`npm publish\``);
}
