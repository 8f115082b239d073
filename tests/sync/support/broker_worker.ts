// Runs the embedded broker in a worker, which says where it is.

import { serve } from "../../../broker/mod.ts";
import { tellParent } from "./thread.ts";

const broker = await serve({ credentials: { guest: "guest" } });
tellParent({ url: broker.url.replace("://", "://guest:guest@") });
