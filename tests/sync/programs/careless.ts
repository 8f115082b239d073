// Programs that do not take leave of the broker: `careless.ts HOW URL`. They have
// to end by themselves, with what they have sent on its way. HOW may begin with
// "worker-": then all of it happens in a worker.

import process from "node:process";
import { connectSync, StompError, type SyncClient } from "../../../sync.ts";
import { startWorker as startTestWorker } from "../../support/worker.ts";
import { beCareless } from "./careless_ends.ts";

const [, , how = "", url = ""] = process.argv;

if (how.startsWith("worker-")) startWorker();
else if (how === "stalls") stall();
else beCareless(how, url);

/** The same in a worker, whose end is noticed. */
function startWorker(): void {
  const worker = startTestWorker(
    new URL("./careless_worker.ts", import.meta.url),
    {
      said: () => {},
      failed: () => {
        worker.terminate();
        console.log("the worker has ended");
      },
    },
  );
  worker.post([how, url]);
}

/** Four clients of a broker that takes nothing from them. */
function stall(): void {
  for (let i = 0; i < 4; i++) fill(connectSync(url, { heartBeat: [0, 0] }));
  console.log("done");
}

function fill(client: SyncClient): void {
  const body = new Uint8Array(100_000);
  try {
    for (;;) client.send("/queue/a", body, { timeout: 100 });
  } catch (error) {
    if (!(error instanceof StompError)) throw error;
  }
}
