import { abortable as abortablePromise } from "@std/async";
import { TimeoutError } from "../errors.ts";
import type { Clock } from "../transport/clock.ts";

/** Waits no longer once the signal aborts, and rejects with its reason. */
export function abortable<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  return signal === undefined ? promise : abortablePromise(promise, signal);
}

/**
 * Does work under a time-out and, where there is one, a signal. The work gets
 * a signal for both, to clean up after itself.
 *
 * @throws {TimeoutError} that names the operation; the signal's reason.
 */
export async function within<T>(
  clock: Clock,
  milliseconds: number,
  operation: string,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer?.throwIfAborted();
  const timer = new AbortController();
  const cancel = clock.after(
    milliseconds,
    () => timer.abort(new TimeoutError(operation, milliseconds)),
  );
  const signal = outer === undefined
    ? timer.signal
    : AbortSignal.any([outer, timer.signal]);
  try {
    return await abortable(work(signal), signal);
  } finally {
    cancel();
  }
}

/** Resolves after so many milliseconds; rejects if the signal aborts before. */
export async function pause(
  clock: Clock,
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  if (milliseconds === 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(milliseconds, resolve);
  try {
    await abortable(promise, signal);
  } finally {
    cancel();
  }
}
