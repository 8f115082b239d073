// Runs the embedded broker with TLS in a worker, which says where it is.

import { serve } from "../../../broker/mod.ts";
import type { Identity } from "../../support/certificates.ts";
import { onOrder } from "../../support/worker.ts";
import { tellParent } from "./thread.ts";

onOrder(async (tls: Identity) => {
  const broker = await serve({ tls });
  tellParent({ url: broker.url });
});
