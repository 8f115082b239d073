// Shows what a client is doing: what happens to its connection as it happens, and
// once a second its counts. Stop the broker and start it again meanwhile. Ctrl-C
// shuts it down gracefully.
//
//   deno run --allow-net examples/watch.ts [URL]
//   bun run examples/watch.ts [URL]

import process from "node:process";
import { connect } from "../mod.ts";

const url = process.argv[2] ?? "stomp://guest:guest@127.0.0.1:61613";
const shutdown = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => shutdown.abort());
}

await using client = await connect(url, { signal: shutdown.signal });
client.consume("/queue/testOut", (message) => {
  console.log("handled", message.text());
});
const counting = setInterval(() => console.log(client.stats()), 1000);

for await (const event of client.status()) {
  const { type, ...details } = event;
  console.log(type, details);
}
clearInterval(counting);
