// Runs the embedded broker in the foreground until Ctrl-C.
//
//   deno task broker [PORT]
//   bun run examples/broker.ts [PORT]

import process from "node:process";
import { serve } from "../broker/mod.ts";

const broker = await serve({ port: Number(process.argv[2] ?? 61613) });
console.log(`listening at ${broker.url}`);
process.once("SIGINT", async () => {
  await broker.close();
  process.exit();
});
