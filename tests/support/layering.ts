/**
 * The rules about what may stand in which published file, as functions of the
 * files' text.
 *
 * @module
 */

/** A published source file. */
export interface Source {
  /** Relative to the project, such as `codec/frame.ts`. */
  readonly path: string;
  readonly text: string;
}

/**
 * What each area may import: what is named here, and what that may import. An
 * area is a folder, or a file in the project's root.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  "errors.ts": [],
  codec: ["errors.ts"],
  session: ["codec"],
  transport: ["errors.ts"],
  async: ["session", "transport"],
  sync: ["session", "transport"],
  broker: ["session", "transport"],
  testing: ["broker"],
  "async.ts": ["async"],
  "sync.ts": ["sync"],
  "mod.ts": ["async.ts", "sync.ts"],
  cli: ["mod.ts", "broker", "session"],
  "cli.ts": ["cli"],
};

/** The areas that are published. */
export const AREAS: readonly string[] = Object.keys(ARROWS);

/** Modules that only hand on what others export. */
const FRONT_DOORS = /^((codec|session|broker|testing)\/)?(mod|async|sync)\.ts$/;

const DEPENDENCIES = ["@std/assert", "@std/async", "@std/streams"];

/** What protocol code gets as an argument, or does without. */
const IMPURE = [
  /\bDeno\b/,
  /\bBun\b/,
  /\bprocess\b/,
  /\bnode:/,
  /\bset(Timeout|Interval|Immediate)\b/,
  /\bqueueMicrotask\b/,
  /\bDate\b/,
  /\bperformance\b/,
  /\bMath\s*\.\s*random\b/,
  /\bcrypto\b/,
  /\bconsole\b/,
];

/** Where modules of Node's are used, which every runtime of a command line has. */
const NODE_MODULES =
  /^(transport\/(node(_\w+)?|runtime)|cli\/(arguments|network_probe|process_terminal))\.ts$/;

/** Names that have a place of their own, and where that is. */
const PLACES: readonly (readonly [RegExp, places: RegExp])[] = [
  [/\bDeno(\??\.\w|\[)/, /^transport\/deno(_\w+)?\.ts$/],
  [/\bBun(\??\.\w|\[)/, /^transport\/bun(_\w+)?\.ts$/],
  [/["'`]node:/, NODE_MODULES],
  // Asking which runtime this is.
  [/["'`]Deno["'`]|typeof\s+Deno\b/, /^transport\/runtime\.ts$/],
  [/["'`]Bun["'`]|typeof\s+Bun\b/, /^transport\/runtime\.ts$/],
  [/\bAtomics\b|\bSharedArrayBuffer\b/, /^sync\//],
  // Whatever the page may do, a hidden tab's time is kept by a worker.
  [/\bWorker\b/, /^(sync\/|transport\/hidden_tab_timers\.ts$)/],
];

const FILE_NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*\.ts$/;
const NAMELESS = /^(utils?|helpers?|types|index|common|misc)\.ts$/;

const MOST_LINES = 300;
/** Folders where some files are longer still, and what none of them may exceed. */
const LONG: Readonly<Record<string, number>> = {
  async: 400,
  broker: 400,
  codec: 400,
  sync: 400,
  testing: 400,
  transport: 400,
};

/** Files that are made of others, which the rules hold for. */
const GENERATED = ["sync/pump_text.ts"];

/** What breaks a rule in one file, one sentence each. */
export function violationsIn({ path, text }: Source): string[] {
  const found: string[] = [];
  if (GENERATED.includes(path)) return found;
  const code = withoutComments(text);
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (!FILE_NAME.test(name)) found.push(`${path} is not in snake_case`);
  if (NAMELESS.test(name)) found.push(`${path} does not say what is in it`);
  const lines = text.split("\n").length - 1;
  const most = LONG[areaOf(path)] ?? MOST_LINES;
  if (lines > most) found.push(`${path} has ${lines} lines, over ${most}`);
  for (const specifier of importsOf(code)) {
    const why = refusal(path, specifier);
    if (why !== undefined) found.push(`${path} imports ${specifier}: ${why}`);
  }
  if (/^(codec|session)\//.test(path)) {
    for (const word of IMPURE) found.push(...mention(path, code, word));
  }
  for (const [word, places] of PLACES) {
    if (!places.test(path)) found.push(...mention(path, code, word));
  }
  if (FRONT_DOORS.test(path) && code.replace(RE_EXPORT, "").trim() !== "") {
    found.push(`${path} has code, but is a front door`);
  }
  return found;
}

const RE_EXPORT = /export (type )?\{[^}]*\} from "[^"]+";/g;

/** Files that import each other in a ring, types included, so that none can be read first. */
export function cyclesIn(sources: readonly Source[]): string[] {
  const edges = new Map(sources.map(({ path, text }) => [
    path,
    importsOf(withoutComments(text))
      .filter((specifier) => specifier.startsWith("."))
      .map((specifier) => resolve(path, specifier)),
  ]));
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push([...trail.slice(at), path].join(" → "));
    if (at >= 0 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}

/** Why a file may not import this; `undefined` if it may. */
function refusal(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) {
    // Where those have their place, the rule of places tells.
    if (specifier.startsWith("node:") && path.startsWith("cli/")) return;
    return DEPENDENCIES.includes(specifier)
      ? undefined
      : `not one of ${DEPENDENCIES.join(", ")}`;
  }
  const [from, to] = [areaOf(path), areaOf(resolve(path, specifier))];
  if (from === to || reach(from).has(to)) return undefined;
  return `no arrow leads from ${from} to ${to}`;
}

function reach(area: string): Set<string> {
  const reached = new Set<string>();
  for (const next of ARROWS[area] ?? []) {
    reached.add(next);
    for (const further of reach(next)) reached.add(further);
  }
  return reached;
}

function areaOf(path: string): string {
  const slash = path.indexOf("/");
  return slash < 0 ? path : path.slice(0, slash);
}

function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

function mention(path: string, code: string, word: RegExp): string[] {
  const match = word.exec(code);
  return match === null ? [] : [`${path} mentions ${match[0]}`];
}

const IMPORTS =
  /\b(?:import|export)(?:\s+type)?\s(?:[^"';]*?\sfrom\s*)?["']([^"']+)["']|\bimport\s*\(\s*["']([^"']+)["']/g;

function importsOf(code: string): string[] {
  return [...code.matchAll(IMPORTS)].map((match) => match[1] ?? match[2]!);
}

/** Strings stay, as do escapes in regular expressions, which look like more. */
const COMMENT_OR_TEXT =
  /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\\.)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

function withoutComments(text: string): string {
  return text.replace(COMMENT_OR_TEXT, (_, kept?: string) => kept ?? "");
}
