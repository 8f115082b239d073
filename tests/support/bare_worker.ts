// Imports what it is told to, in a global scope that lacks what a page or an edge
// runtime may lack, and in which nothing may happen by that.

/** The part of a worker's global scope that we use. */
interface WorkerScope {
  onmessage: (event: { readonly data: readonly string[] }) => void;
  postMessage(answer: string): void;
}

const scope = globalThis as unknown as WorkerScope;

/** What nobody may touch while a module is evaluated. */
const FORBIDDEN: readonly (readonly [object, string])[] = [
  [globalThis, "SharedArrayBuffer"],
  [globalThis, "Worker"],
  [globalThis, "Atomics"],
  [globalThis, "WebSocket"],
  [globalThis, "setTimeout"],
  [globalThis, "setInterval"],
  [Math, "random"],
  [crypto, "getRandomValues"],
  [crypto, "randomUUID"],
  [Date, "now"],
];

scope.onmessage = async ({ data: modules }) => {
  const touched: string[] = [];
  for (const [owner, name] of FORBIDDEN) {
    Object.defineProperty(owner, name, {
      configurable: true,
      get: () => {
        touched.push(name);
        return undefined;
      },
    });
  }
  try {
    for (const module of modules) await import(module);
  } catch (error) {
    touched.push(String(error));
  }
  scope.postMessage(touched.join(", "));
};
