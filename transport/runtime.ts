import { UsageError } from "../errors.ts";
import type { Transport } from "./transport.ts";

/**
 * TCP on the runtime that this runs on. The one place that asks which it is;
 * the adapter of the other runtime is never loaded.
 *
 * @throws {UsageError} on a runtime without an adapter.
 */
export async function runtimeTransport(): Promise<Transport> {
  if ("Deno" in globalThis) return (await import("./deno.ts")).denoTransport;
  if ("Bun" in globalThis) return (await import("./bun.ts")).bunTransport;
  throw new UsageError(
    "There is no TCP adapter for this runtime: run on Deno or Bun, or give " +
      'a "transport" of your own.',
  );
}
