import { UsageError } from "../errors.ts";
import type { Address, Listener, Transport } from "./transport.ts";
import type { WebSocketTimeouts } from "./web_socket_server_link.ts";

/**
 * TCP on the runtime that this runs on. This file is the one that asks which it
 * is; the adapter of the other runtime is never loaded.
 *
 * @throws {UsageError} on a runtime without an adapter.
 */
export async function runtimeTransport(): Promise<Transport> {
  if ("Deno" in globalThis) return (await import("./deno.ts")).denoTransport;
  if ("Bun" in globalThis) return (await import("./bun.ts")).bunTransport;
  if (isNode()) return (await import("./node.ts")).nodeTransport;
  throw new UsageError(
    "There is no TCP on this runtime: connect by WebSocket, run on Deno, Bun " +
      'or Node, or give a "transport" of your own.',
  );
}

/** Whether this is Node, or somebody who has what we need of it. */
function isNode(): boolean {
  const { process } = globalThis as unknown as {
    process?: { getBuiltinModule?: (name: string) => unknown };
  };
  return process?.getBuiltinModule?.("node:net") !== undefined;
}

/**
 * Listens for WebSockets, on the runtime that this runs on. Bun has time-outs of
 * its own.
 *
 * @throws {ConnectionError} if the address cannot be had, {UsageError} on a
 * runtime without an adapter.
 */
export async function listenForWebSockets(
  address: Address,
  timeouts: Partial<WebSocketTimeouts> = {},
): Promise<Listener> {
  if ("Deno" in globalThis) {
    const { listenForDenoWebSockets } = await import(
      "./deno_web_socket_listener.ts"
    );
    return await listenForDenoWebSockets(address, timeouts);
  }
  if ("Bun" in globalThis) {
    const { listenForBunWebSockets } = await import(
      "./bun_web_socket_listener.ts"
    );
    return listenForBunWebSockets(address);
  }
  throw new UsageError(
    "There is no server for WebSockets on this runtime: run on Deno or Bun.",
  );
}
