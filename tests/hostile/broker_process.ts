/**
 * A broker in a process of its own, with the options that it is given as JSON; it
 * says where it listens.
 *
 * @module
 */

import process from "node:process";
import { serve } from "../../broker/mod.ts";

const broker = await serve(JSON.parse(process.argv[2] ?? "{}"));
console.log(broker.url);
await new Promise(() => setInterval(() => {}, 1000));
