import { setTimeout as delay } from "node:timers/promises";
import { ProcessGroup, type ProcessOptions } from "./process_group.ts";

/** Allows for slow and busy machines; an ordinary start takes less than ten seconds. */
const START_LIMIT_MS = 120_000;
const ATTEMPT_LIMIT_MS = 2_000;
const PAUSE_MS = 50;
const LOG_TAIL_CHARS = 8_000;

/** How to start a service, and how to see that it serves. */
export interface ServiceOptions extends Omit<ProcessOptions, "onOutput"> {
  /** What to call it in messages. */
  readonly name: string;
  /** Stops the service when it is disposed of, whether it came up or not. */
  readonly resources: AsyncDisposableStack;
  /** Asked again and again until it says yes; gives an answer at once when its signal is aborted. */
  readonly isReady: (signal: AbortSignal) => Promise<boolean>;
  /** Gives up the start. */
  readonly signal?: AbortSignal | undefined;
}

/** A place for processes that goes with these resources, also when they are handed on. */
export function processes(
  resources: AsyncDisposableStack,
): AsyncDisposableStack {
  return resources.use(new AsyncDisposableStack());
}

/**
 * Starts a program that is to run in the background, and waits until it is ready. It can be started again with the same
 * options once it has been killed.
 *
 * @throws the signal's reason; or an `Error` with the end of what the program wrote, when it ends or is not ready in
 * time
 */
export async function startService(
  program: string,
  options: ServiceOptions,
): Promise<ProcessGroup> {
  const { name, resources, isReady, signal, ...how } = options;
  signal?.throwIfAborted();
  let log = "";
  const decoder = new TextDecoder();
  const onOutput = (chunk: Uint8Array) => {
    log = (log + decoder.decode(chunk, { stream: true })).slice(
      -LOG_TAIL_CHARS,
    );
  };
  const service = resources.use(
    new ProcessGroup(program, { ...how, onOutput }),
  );

  const ended = new AbortController();
  service.ended.then(({ code }) =>
    ended.abort(`${name} ended with code ${code} before it was ready`)
  );
  const late = AbortSignal.timeout(START_LIMIT_MS);
  const over = AbortSignal.any([
    ended.signal,
    late,
    ...signal === undefined ? [] : [signal],
  ]);

  while (
    !await isReady(
      AbortSignal.any([over, AbortSignal.timeout(ATTEMPT_LIMIT_MS)]),
    )
  ) {
    if (!over.aborted) await delay(PAUSE_MS);
    if (!over.aborted) continue;
    signal?.throwIfAborted();
    await service.stop();
    const problem = late.aborted
      ? `${name} was not ready after ${START_LIMIT_MS / 1000} s`
      : over.reason;
    throw new Error(`${problem}. The end of its log:\n${log}`);
  }
  return service;
}
