/** Who waits for this is not woken before time is up. */
let nobody: Int32Array | undefined;

/** Blocks the thread for so many ms. */
export function pause(milliseconds: number): void {
  if (milliseconds <= 0) return;
  nobody ??= new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(nobody, 0, 0, milliseconds);
}
