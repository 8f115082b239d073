/** What a run came to. */
export interface Timing {
  readonly count: number;
  readonly milliseconds: number;
}

/** Does something at least so many times. */
export type Run = (count: number) => Promise<Timing>;

/** Prepares what one case measures. */
export type Subject = (caseName: string) => Run;

/** A run that does `size` things at once, as often as is needed. */
export function inBlocks(
  size: number,
  doBlock: () => void | Promise<void>,
): Run {
  return async (count) => {
    const blocks = Math.ceil(count / size);
    const start = performance.now();
    for (let done = 0; done < blocks; done++) {
      const pending = doBlock();
      if (pending !== undefined) await pending;
    }
    return { count: blocks * size, milliseconds: performance.now() - start };
  };
}
