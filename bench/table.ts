import type { Case, Group } from "./groups.ts";
import { OURS, PEERS } from "./groups.ts";
import type { Runtime } from "./runtimes.ts";

/** What was measured for one case, in so many a second. */
export interface Row {
  readonly case: Case;
  readonly figures: ReadonlyMap<string, number>;
}

/** Shows what was measured on one runtime as a table in Markdown. */
export function table(
  group: Group,
  runtime: Runtime,
  rows: readonly Row[],
): string {
  const names = [
    ...new Set(rows.flatMap(({ figures }) => [...figures.keys()])),
  ];
  const isCompared = names.includes(OURS);
  const lines = rows.map(({ case: { name, target }, figures }) => [
    name,
    ...names.map((name) => shortened(figures.get(name))),
    ...isCompared ? judged(figures, runtime.isOurs ? target : undefined) : [],
  ]);
  const verdict = isCompared ? ["ratio", "target", ""] : [];
  const heading = [`${group.unit}/s`, ...names, ...verdict];
  return `\n### ${group.title}: ${runtime.name}\n\n${
    aligned([heading, heading.map(() => "---"), ...lines])
  }\n`;
}

/** How often ours went, as a multiple of the best of those it is compared with. */
function judged(
  figures: ReadonlyMap<string, number>,
  target: Case["target"],
): string[] {
  const { against, factor } = target ?? { against: PEERS, factor: 0 };
  const best = Math.max(...against.map((name) => figures.get(name) ?? 0));
  const ratio = figures.get(OURS)! / best;
  return [
    ratio.toFixed(2),
    factor === 0 ? "" : `${factor}`,
    factor === 0 ? "" : ratio >= factor ? "met" : "missed",
  ];
}

function shortened(rate: number | undefined): string {
  if (rate === undefined) return "";
  if (rate >= 1e6) return `${(rate / 1e6).toFixed(2)} M`;
  if (rate >= 1e4) return `${(rate / 1e3).toFixed(0)} k`;
  if (rate >= 1e3) return `${(rate / 1e3).toFixed(1)} k`;
  return rate.toFixed(0);
}

/** Fills the cells up, so that the source of the table is a table too. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.map((row) => row[column]!.length))
  );
  return rows.map((row) =>
    `| ${
      row.map((cell, column) =>
        column === 0
          ? cell.padEnd(widths[column]!)
          : cell.padStart(widths[column]!)
      ).join(" | ")
    } |`
  ).join("\n");
}
