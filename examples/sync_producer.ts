// Sends two messages to /queue/simpleTest, each confirmed by the broker, without
// a promise anywhere.
//
//   deno run --allow-net examples/sync_producer.ts [URL]
//   bun run examples/sync_producer.ts [URL]

import process from "node:process";
import { connectSync } from "../sync.ts";

const url = process.argv[2] ?? "stomp://guest:guest@127.0.0.1:61613";
using client = connectSync(url);

for (const body of ["test message 1", "test message 2"]) {
  client.send("/queue/simpleTest", body, {
    headers: { persistent: "true" },
    receipt: true,
  });
  console.log(`sent ${body}`);
}
