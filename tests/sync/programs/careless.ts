// Programs that do not take leave of the broker: `careless.ts HOW URL`. They have
// to end by themselves, with what they have sent on its way.

import process from "node:process";
import { connectSync, StompError } from "../../../sync.ts";

const [, , how, url = ""] = process.argv;
const begun = performance.now();
try {
  const client = connectSync(url);
  client.subscribe("/queue/unread");
  for (let i = 0; i < 1000; i++) {
    client.send(`/queue/careless-${how}`, `message ${i}`);
  }
} catch (error) {
  if (!(error instanceof StompError)) throw error;
  const took = Math.round(performance.now() - begun);
  console.log(`${error.name} after ${took < 1000 ? "less" : "more"} than 1 s`);
}
if (how === "throws") throw new Error("careless");
if (how === "exits") process.exit(3);
