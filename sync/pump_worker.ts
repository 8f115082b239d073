/**
 * What runs in the worker. It is bundled with everything it imports into
 * `pump_text.ts`, because a worker that is started from a text needs no
 * permission to read files: run `deno task pump` after a change.
 *
 * @module
 */

import { systemClock } from "../transport/clock.ts";
import { nodeThreads, runtimeTransport } from "../transport/runtime.ts";
import { SharedChannel } from "./shared_channel.ts";
import type { PumpOrder } from "./pump_order.ts";
import { Pump } from "./pump.ts";

/** The part of a worker's global scope that we use; Node has a port instead. */
interface WorkerScope {
  onmessage: (event: { readonly data: PumpOrder }) => void;
  close?(): void;
}

interface NodeThreads {
  readonly parentPort: {
    /** Once the order has come the port does not keep the thread alive. */
    once(event: "message", listener: (order: PumpOrder) => void): void;
  };
}

const scope = globalThis as unknown as WorkerScope;
const threads = nodeThreads() as NodeThreads | undefined;

if (threads === undefined) scope.onmessage = ({ data }) => void pump(data);
else threads.parentPort.once("message", (order) => void pump(order));

async function pump({ memory, address, tls }: PumpOrder): Promise<void> {
  const channel = new SharedChannel(memory);
  try {
    channel.state = "dialing";
    const transport = await runtimeTransport();
    const link = await transport.connect(address, { tls });
    await new Pump(channel, link, systemClock).run();
  } catch (error) {
    channel.fail(error);
  } finally {
    scope.close?.();
  }
}
