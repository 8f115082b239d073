// Imports what it is told to, in a global scope that notices who touches what a
// page or an edge runtime may lack, or what makes something happen.

import { onOrder, tellParent } from "./worker.ts";

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

onOrder(async (modules: readonly string[]) => {
  const touched: string[] = [];
  for (const [owner, name] of FORBIDDEN) {
    const value: unknown = Reflect.get(owner, name);
    Object.defineProperty(owner, name, {
      configurable: true,
      get: () => {
        if (isByModule()) touched.push(name);
        return value;
      },
    });
  }
  try {
    for (const module of modules) await import(module);
  } catch (error) {
    touched.push(String(error));
  }
  tellParent(touched.join(", "));
});

/** Whether a module is the one who asks, and not the runtime or our loader. */
function isByModule(): boolean {
  const frames = (new Error().stack ?? "").split("\n")
    .filter((frame) => /file:|data:|\.ts:/.test(frame))
    .filter((frame) => !/bare_worker|node_modules/.test(frame));
  return frames.length > 0 && !frames.some((frame) => /tasks\//.test(frame));
}
