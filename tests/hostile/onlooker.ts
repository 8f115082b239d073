/**
 * A client that does nobody any harm: it asks for a receipt every 10 ms, and says
 * in the end how long it has waited for the slowest, in ms.
 *
 * @module
 */

import process from "node:process";
import { runtimeTransport } from "../../transport/runtime.ts";
import { raw, RawPeer } from "../support/raw_peer.ts";

const peer = await RawPeer.dial(await runtimeTransport(), process.argv[2]!);
await peer.connect("1.2");
const ASK = raw("SEND", { destination: "/topic/other", receipt: "r" });
let slowest = 0;
let isOver = false;
process.stdin.once("data", () => isOver = true);
console.log("ready");
while (!isOver) {
  const start = performance.now();
  await peer.write(ASK);
  if (await peer.next() === undefined) break;
  slowest = Math.max(slowest, performance.now() - start);
  await new Promise((resolve) => setTimeout(resolve, 10));
}
console.log(slowest.toFixed(1));
process.exit(0);
