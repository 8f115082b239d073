// Takes counts from /queue/testIn, and sends each plus one to /queue/testOut.
// What is no JSON ends in /queue/testTransformerError, with the reason. Ctrl-C
// shuts it down gracefully.
//
//   deno run --allow-net examples/transformer.ts [URL]
//   bun run examples/transformer.ts [URL]

import process from "node:process";
import { connect } from "../mod.ts";

const url = process.argv[2] ?? "stomp://guest:guest@127.0.0.1:61613";
const shutdown = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => shutdown.abort());
}

await using client = await connect(url, { signal: shutdown.signal });
client.consume("/queue/testIn", async (message) => {
  const { count } = message.json() as { count: number };
  // Only when the broker has the result is the input acknowledged: the message
  // may be handled twice if the program dies in between, but never be lost.
  await client.send("/queue/testOut", JSON.stringify({ count: count + 1 }), {
    headers: { "content-type": "application/json", persistent: "true" },
    receipt: true,
  });
  console.log(`${count} -> ${count + 1}`);
}, { errorDestination: "/queue/testTransformerError", prefetch: 100 });
await client.closed;
