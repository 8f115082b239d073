/**
 * Lets Node run this project's files as they are, with `node --import ./tasks/node_loader.ts`: the names that Deno takes
 * from the manifest are resolved as `tsconfig.json` says, every file is a module, and `using` is lowered where Node does
 * not know it yet.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

interface Config {
  readonly compilerOptions: {
    readonly paths: Readonly<Record<string, readonly [string]>>;
  };
}

/** The one call of TypeScript that is needed. */
interface TypeScript {
  transpileModule(
    source: string,
    options: { readonly compilerOptions: Readonly<Record<string, unknown>> },
  ): { readonly outputText: string };
}

const ROOT = new URL("..", import.meta.url);
const { compilerOptions: { paths } }: Config = JSON.parse(
  readFileSync(new URL("tsconfig.json", ROOT), "utf8"),
);

const OURS = (url: string): boolean =>
  url.startsWith(ROOT.href) && url.endsWith(".ts") &&
  !url.includes("/node_modules/");

registerHooks({
  resolve(specifier, context, next) {
    const path = Object.hasOwn(paths, specifier)
      ? paths[specifier]?.[0]
      : undefined;
    return path === undefined
      ? next(specifier, context)
      : next(new URL(path, ROOT).href, context);
  },
  load(url, context, next) {
    if (!OURS(url)) return next(url, context);
    if (!knowsUsing()) {
      const source = readFileSync(fileURLToPath(url), "utf8");
      if (/^\s*(await )?using \w+ =/m.test(source)) {
        return {
          format: "module",
          source: lowered(source),
          shortCircuit: true,
        };
      }
    }
    return next(url, { ...context, format: "module-typescript" });
  },
});

function knowsUsing(): boolean {
  return Number(process.versions.node.split(".")[0]) >= 24;
}

function lowered(source: string): string {
  const typescript: TypeScript = createRequire(ROOT)("typescript");
  return typescript.transpileModule(source, {
    compilerOptions: {
      target: "ES2022",
      module: "ESNext",
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
    },
  }).outputText;
}
