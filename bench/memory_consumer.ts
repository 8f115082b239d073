/**
 * A slow consumer: `memory_consumer.ts URL SECONDS`. It writes how much memory
 * it has resident, in octets, a few times a second.
 *
 * @module
 */

import { argv, exit, memoryUsage } from "node:process";
import { delay } from "@std/async";
import { connect } from "../async.ts";
import { DESTINATION } from "./client.ts";
import { OFFERED, PER_MESSAGE, SAMPLE_EVERY } from "./memory_run.ts";

const [, , url = "", seconds = ""] = argv;
const client = await connect(url);
const end = performance.now() + 1000 * Number(seconds);
let taken = 0;

const sampling = setInterval(() => {
  console.log(JSON.stringify({ resident: memoryUsage.rss(), taken }));
}, SAMPLE_EVERY);

const subscription = client.subscribe(DESTINATION, {
  id: "bench",
  prefetch: 100,
  headers: { count: String(OFFERED) },
});
for await (const _message of subscription) {
  await delay(PER_MESSAGE);
  taken++;
  if (performance.now() > end) break;
}
clearInterval(sampling);
client.abort();
exit(0);
