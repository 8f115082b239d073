// Prints the counts that arrive at /queue/testOut. Ctrl-C shuts it down
// gracefully.
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
const subscription = client.subscribe("/queue/testOut", {
  ack: "client-individual",
  prefetch: 100,
});

for await (const message of subscription) {
  console.log(message.json()); // going on to the next acknowledges this one
}
console.log("closed:", await client.close());
