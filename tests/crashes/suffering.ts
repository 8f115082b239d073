import process from "node:process";
import { runtimeTransport } from "../../transport/runtime.ts";

/** What can be done to a node of the broker. */
export type Order = "kill" | "start" | "freeze" | "thaw";

/** How many nodes the broker has. */
export const NODES = Number(process.env["STOMPEST_NODES"] ?? 0);

/** Has something done to a node of the broker under test, and waits for that. */
export async function order(what: Order, node = 0): Promise<void> {
  const transport = await runtimeTransport();
  const port = Number(process.env["STOMPEST_CONTROL"]);
  const link = await transport.connect({ hostname: "127.0.0.1", port });
  try {
    await link.write(new TextEncoder().encode(`${what} ${node}\n`));
    let answer = "";
    for (let octets; (octets = await link.read()) !== undefined;) {
      answer += new TextDecoder().decode(octets);
    }
    if (answer !== "ok\n") throw new Error(answer);
  } finally {
    link.close();
  }
}
