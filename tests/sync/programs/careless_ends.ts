// What the programs do, on the main thread or in a worker.

import process from "node:process";
import { connectSync, StompError } from "../../../sync.ts";

/** Ways to end without a word. */
const ENDS: Readonly<Record<string, () => void>> = {
  throws: () => {
    throw new Error("careless");
  },
  rejects: () => {
    Promise.reject(new Error("careless"));
  },
  timer: () => {
    setTimeout(() => {
      throw new Error("careless");
    }, 10);
  },
  exits: () => process.exit(3),
};

/** Octets that do not fit between the two threads. */
const LARGE = 5 << 20;

/** Sends much and ends in the way that its name says, without a good-bye. */
export function beCareless(how: string, url: string): void {
  const begun = performance.now();
  const [end = "", size] = how.replace("worker-", "").split("-");
  try {
    const client = connectSync(url);
    client.subscribe("/queue/unread");
    const queue = `/queue/careless-${how}`;
    if (size === "large") client.send(queue, new Uint8Array(LARGE));
    else for (let i = 0; i < 1000; i++) client.send(queue, `message ${i}`);
  } catch (error) {
    if (!(error instanceof StompError)) throw error;
    const took = Math.round(performance.now() - begun);
    console.log(
      `${error.name} after ${took < 1000 ? "less" : "more"} than 1 s`,
    );
  }
  ENDS[end]?.();
}
