// Asks a service and waits for its answer, as a script does. The service is a
// second client in here, so that the example needs nothing but a broker.
//
//   deno run --allow-net examples/sync_request.ts [URL]
//   bun run examples/sync_request.ts [URL]

import process from "node:process";
import { connectSync } from "../sync.ts";

const url = process.argv[2] ?? "stomp://guest:guest@127.0.0.1:61613";
using service = connectSync(url);
service.subscribe("/queue/square");

using client = connectSync(url);
// A queue of our own, so that nobody else takes the answer.
const replies = `/queue/replies-${crypto.randomUUID()}`;
client.subscribe(replies, { ack: "auto" });

function serveOnce(): void {
  const request = service.receiveFrame({ timeout: 5000 });
  if (request === null) throw new Error("no request came");
  const reply = String(Number(request.text()) ** 2);
  service.send(request.headers.get("reply-to")!, reply, { receipt: true });
  service.ack(request);
}

for (const number of [2, 3, 5]) {
  const headers = { "reply-to": replies };
  client.send("/queue/square", String(number), { headers, receipt: true });
  serveOnce();
  const reply = client.receiveFrame({ timeout: 5000 });
  console.log(`${number} squared is ${reply?.text() ?? "unknown"}`);
}
