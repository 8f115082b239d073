// Sends ten counts to /queue/testIn, each confirmed by the broker.
//
//   deno run --allow-net examples/producer.ts [URL]
//   bun run examples/producer.ts [URL]

import process from "node:process";
import { connect } from "../mod.ts";

const url = process.argv[2] ?? "stomp://guest:guest@127.0.0.1:61613";
await using client = await connect(url);

const counts = Array.from({ length: 10 }, (_, count) => count);
// All ten are on their way at once; each promise waits for its own receipt.
await Promise.all(
  counts.map((count) =>
    client.send("/queue/testIn", JSON.stringify({ count }), {
      headers: { "content-type": "application/json", persistent: "true" },
      receipt: true,
    })
  ),
);
console.log(`sent ${counts.length} messages to /queue/testIn`);
