// Runs the embedded broker with TLS in a worker, which says where it is.

import { serve } from "../../../broker/mod.ts";
import type { Identity } from "../../support/certificates.ts";
import { tellParent } from "./thread.ts";

/** The part of a worker's global scope that we use. */
interface WorkerScope {
  onmessage: (event: { readonly data: Identity }) => void;
}

(globalThis as unknown as WorkerScope).onmessage = async ({ data }) => {
  const broker = await serve({ tls: data });
  tellParent({ url: broker.url });
};
