// A careless program in a worker.

import { beCareless } from "./careless_ends.ts";

/** The part of a worker's global scope that we use. */
interface WorkerScope {
  onmessage: (event: { readonly data: [how: string, url: string] }) => void;
}

(globalThis as unknown as WorkerScope).onmessage = ({ data }) =>
  beCareless(...data);
