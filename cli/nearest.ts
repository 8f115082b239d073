/** The name that a misspelt one was probably meant to be. */
export function nearest(
  word: string,
  names: readonly string[],
): string | undefined {
  const [best] = names
    .map((name) => ({ name, edits: edits(word, name) }))
    .filter(({ name, edits }) => edits <= Math.max(1, name.length / 2))
    .sort((a, b) => a.edits - b.edits);
  return best?.name;
}

/** How many letters must be changed, added or removed. */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= to.length; j++) {
      row[j] = Math.min(
        above[j]! + 1,
        row[j - 1]! + 1,
        above[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1),
      );
    }
  }
  return row[to.length]!;
}
