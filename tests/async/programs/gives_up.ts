// Dials a broker that does not answer, again and again: `gives_up.ts URL`. It says
// so when the last dial has been given up, and has nothing to live for soon after.

import process from "node:process";
import { connect, TimeoutError } from "../../../async.ts";

const [, , url = ""] = process.argv;

for (let i = 0; i < 5; i++) {
  try {
    await connect(url, {
      reconnect: false,
      connectTimeout: 100,
      connectedTimeout: 100,
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
}
console.log("given up");
setTimeout(() => {}, 400);
