/**
 * The trials by fault alone, crashes of brokers included, as large as one likes: `deno task test:faults --cuts 10000`. The
 * gate has them in a small size.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { gate } from "./test.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { cuts: { type: "string", default: "200" } },
});
if (!/^[1-9][0-9]*$/.test(values.cuts)) {
  throw new Error(`--cuts must be a whole number, not ${values.cuts}.`);
}
Deno.env.set("STOMPEST_CUTS", values.cuts);
Deno.env.set("STOMPEST_ONLY", "/faults_test.ts");
await gate([
  "deno",
  "bun",
  "rabbitmq",
  "activemq",
  "rabbitmq-crashes",
  "activemq-crashes",
  "cluster-crashes",
]);
