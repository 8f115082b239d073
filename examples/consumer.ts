// Prints the counts that arrive at /queue/testOut. What is no JSON ends in
// /queue/testConsumerError, with the reason. Ctrl-C shuts it down gracefully.
//
//   deno run --allow-net examples/consumer.ts [URL]
//   bun run examples/consumer.ts [URL]

import process from "node:process";
import { connect } from "../mod.ts";

const url = process.argv[2] ?? "stomp://guest:guest@127.0.0.1:61613";
const shutdown = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => shutdown.abort());
}

await using client = await connect(url, { signal: shutdown.signal });
client.consume("/queue/testOut", (message) => {
  console.log(message.json()); // returning acknowledges the message
}, { errorDestination: "/queue/testConsumerError", prefetch: 100 });
console.log("closed:", await client.closed);
