// Workers as tests start them, in the same words on each runtime: Node has no
// `Worker` of the web's.

import { parentPort, Worker as NodeWorker } from "node:worker_threads";

/** A worker that a test has started. */
export interface TestWorker {
  post(order: unknown): void;
  terminate(): void;
}

/** Who hears what a worker says, and what it dies of. */
export interface WorkerListeners {
  said(message: unknown): void;
  failed?(reason: string): void;
}

/** Starts a module in a worker. */
export function startWorker(
  module: URL,
  { said, failed = () => {} }: WorkerListeners,
): TestWorker {
  if (!("Worker" in globalThis)) {
    const worker = new NodeWorker(module);
    worker.on("message", said);
    worker.on("error", (error) => failed(String(error)));
    return {
      post: (order) => worker.postMessage(order),
      terminate: () => void worker.terminate(),
    };
  }
  const worker = new Worker(module, { type: "module" });
  worker.onmessage = ({ data }) => said(data);
  worker.onerror = (event) => {
    event.preventDefault();
    failed(event.message);
  };
  return {
    post: (order) => worker.postMessage(order),
    terminate: () => worker.terminate(),
  };
}

/** The part of a worker's global scope that we use. */
interface WorkerScope {
  onmessage: (event: { readonly data: never }) => void;
  postMessage(message: unknown): void;
}

const scope = globalThis as unknown as WorkerScope;
const isWeb = "Worker" in globalThis;
const post = isWeb
  ? scope.postMessage?.bind(globalThis)
  : (message: unknown) => parentPort!.postMessage(message);

/** In a worker: hears what it is told to do. */
export function onOrder<T>(listener: (order: T) => void): void {
  if (isWeb) scope.onmessage = ({ data }) => listener(data);
  else parentPort!.on("message", listener);
}

/** In a worker: says something to who started it. */
export function tellParent(message: unknown): void {
  post(message);
}
