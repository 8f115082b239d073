/** Copies chunks into one array, over and over: what memory can do. */
export function copyIntoOne(
  chunks: readonly Uint8Array[],
  size: number,
): void {
  const block = (one ??= new Uint8Array(size));
  copyAll(chunks, size, () => block);
}

let one: Uint8Array | undefined;

/**
 * Copies chunks into a new array for each body. Whoever hands out a body that
 * came in several chunks as one array must do at least this.
 */
export function copyIntoNew(
  chunks: readonly Uint8Array[],
  size: number,
): void {
  copyAll(chunks, size, () => new Uint8Array(size));
}

function copyAll(
  chunks: readonly Uint8Array[],
  size: number,
  next: () => Uint8Array,
): void {
  let block = next();
  let at = 0;
  for (const chunk of chunks) {
    for (let from = 0; from < chunk.length;) {
      const count = Math.min(size - at, chunk.length - from);
      block.set(chunk.subarray(from, from + count), at);
      from += count;
      at += count;
      if (at === size) {
        block = next();
        at = 0;
      }
    }
  }
}
