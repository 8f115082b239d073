import { UsageError } from "../errors.ts";
import type { Transport } from "./transport.ts";

/**
 * TCP on the runtime that this runs on. This file is the one that asks which it
 * is; the adapter of the other runtime is never loaded.
 *
 * @throws {UsageError} on a runtime without an adapter.
 */
export async function runtimeTransport(): Promise<Transport> {
  const transport = await transportIfAny();
  if (transport !== undefined) return transport;
  throw new UsageError(
    "There is no TCP on this runtime: connect by WebSocket, with a ws:// or " +
      "wss:// URL, run on Deno, Bun or Node, or give a " +
      '"transport" of your own.',
  );
}

/** The same, but `undefined` on a runtime without TCP, such as a page. */
export async function transportIfAny(): Promise<Transport | undefined> {
  if ("Deno" in globalThis) return (await import("./deno.ts")).denoTransport;
  if ("Bun" in globalThis) return (await import("./bun.ts")).bunTransport;
  if (isNode()) return (await import("./node.ts")).nodeTransport;
  return undefined;
}

/** Whether this is Node, or somebody who has what we need of it. */
function isNode(): boolean {
  return builtin("node:net") !== undefined;
}

/**
 * Node's module for threads, which whoever starts them there has to use;
 * `undefined` where threads are what the web says they are.
 */
export function nodeThreads(): unknown {
  if ("Deno" in globalThis || "Bun" in globalThis) return undefined;
  return builtin("node:worker_threads");
}

function builtin(name: string): unknown {
  const { process } = globalThis as unknown as {
    process?: { getBuiltinModule?: (name: string) => unknown };
  };
  return process?.getBuiltinModule?.(name);
}

/**
 * This machine's own host name and addresses, as far as this runtime tells; the
 * names of loopback are not among them.
 */
export async function ownHostNames(): Promise<readonly string[]> {
  if ("Deno" in globalThis) {
    return await (await import("./deno_host_names.ts")).denoHostNames();
  }
  if ("Bun" in globalThis || isNode()) {
    return (await import("./node_host_names.ts")).nodeHostNames();
  }
  return [];
}
