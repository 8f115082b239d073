// Runs the embedded broker in the foreground until Ctrl-C.
//
//   deno task broker [PORT]
//   bun run examples/broker.ts [PORT]

import process from "node:process";
import { ConnectionError, serve } from "../broker/mod.ts";

const port = Number(process.argv[2] ?? 61613);
const broker = await serve({ port }).catch((error) => {
  if (!(error instanceof ConnectionError)) throw error;
  console.error(
    `${error.message} Choose another port: deno task broker PORT`,
  );
  process.exit(1);
});
process.once("SIGINT", async () => {
  await broker.close();
  process.exit();
});
console.log(`listening at ${broker.url}`);
