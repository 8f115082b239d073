import { ConnectionError } from "../errors.ts";
import { nodeThreads } from "../transport/runtime.ts";
import type { PumpOrder } from "./pump_order.ts";
import { PUMP_TEXT } from "./pump_text.ts";

/** A worker that can be told to end. */
export interface PumpWorker {
  /** Ends it at once, and with it the connection. */
  terminate(): void;
}

/**
 * Starts a worker that connects and moves octets. It does not keep the program
 * alive. That it runs shows on the channel; nothing else it says can be heard
 * while the calling thread waits.
 *
 * @throws {ConnectionError} if this runtime has no workers, or lets us have
 * none.
 */
export function startWorker(order: PumpOrder): PumpWorker {
  const threads = nodeThreads() as NodeThreads | undefined;
  try {
    return threads === undefined
      ? startWebWorker(order)
      : startNodeWorker(threads, order);
  } catch (cause) {
    throw new ConnectionError(
      `Cannot start the worker that a blocking client needs: ${
        cause instanceof Error ? cause.message : String(cause)
      }. Where there are no workers, use the asynchronous client.`,
      { cause },
    );
  }
}

/** The address of the worker's script; it serves all workers of this thread. */
let script: string | undefined;

function startWebWorker(order: PumpOrder): PumpWorker {
  script ??= URL.createObjectURL(
    new Blob([PUMP_TEXT], { type: "text/javascript" }),
  );
  const worker = new Worker(script, { type: "module", name: "stompest" });
  release(worker);
  // What goes wrong is on the channel; here it would end the program.
  worker.onerror = (event) => event.preventDefault();
  worker.postMessage(order);
  return worker;
}

/** What releases a worker of this runtime from keeping the program alive. */
type Release = (this: Worker, keepsAlive: boolean) => void;

/**
 * Bun's workers have `unref()`. Deno's have the same without a name, as a
 * method with a symbol for a key, by which its own `node:worker_threads` does
 * it. Without either, the program lives until the client is disconnected.
 */
function release(worker: Worker & { unref?: () => void }): void {
  if (worker.unref !== undefined) return worker.unref();
  const prototype: Record<symbol, unknown> = Object.getPrototypeOf(worker);
  for (const key of Object.getOwnPropertySymbols(prototype)) {
    if (key.description === undefined || key.description === "") {
      (prototype[key] as Release).call(worker, false);
    }
  }
}

/** The part of Node's workers that we use; its types are not a dependency. */
interface NodeWorker extends PumpWorker {
  unref(): void;
  on(event: "error", listener: () => void): void;
  postMessage(order: PumpOrder): void;
}

interface NodeThreads {
  readonly Worker: new (
    script: URL,
    options: { readonly name: string; readonly execArgv: readonly string[] },
  ) => NodeWorker;
}

function startNodeWorker(threads: NodeThreads, order: PumpOrder): PumpWorker {
  const address = `data:text/javascript,${encodeURIComponent(PUMP_TEXT)}`;
  const worker = new threads.Worker(new URL(address), {
    name: "stompest",
    // What the program was started with, such as loaders, is not for this one.
    execArgv: [],
  });
  worker.unref();
  // What goes wrong is on the channel; here it would end the program.
  worker.on("error", () => {});
  worker.postMessage(order);
  return worker;
}
