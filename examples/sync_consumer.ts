// Prints what arrives at /queue/simpleTest, until Ctrl-C. Where the connection
// is lost, the next call makes it again.
//
//   deno run --allow-net examples/sync_consumer.ts [URL]
//   bun run examples/sync_consumer.ts [URL]

import process from "node:process";
import { connectSync } from "../sync.ts";

const url = process.argv[2] ?? "stomp://guest:guest@127.0.0.1:61613";
using client = connectSync(url, { reconnect: true });
client.subscribe("/queue/simpleTest", { ack: "client" });

for (const frame of client.messages()) {
  console.log(frame.text());
  client.ack(frame); // with ack: "client" this covers what came before it, too
}
