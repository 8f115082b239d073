/**
 * The embedded broker, and a producer that fills one of its queues.
 *
 * @module
 */

import { serve } from "../broker/mod.ts";
import { connect } from "../async.ts";
import { BODY_SIZE, DESTINATION } from "./client.ts";
import { OFFERED } from "./memory_run.ts";
import { textBody } from "./samples.ts";

await using broker = await serve();
console.log(broker.url);
await using producer = await connect(broker.url, { heartBeat: [0, 0] });
const body = textBody(BODY_SIZE);
for (let sent = 0; sent < OFFERED; sent++) {
  // Consumers shall have their turn too.
  await producer.send(DESTINATION, body, { receipt: sent % 1000 === 0 });
}
await new Promise(() => {});
