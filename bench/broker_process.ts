/**
 * The embedded broker in a process of its own; it says where it listens.
 *
 * @module
 */

import { serve } from "../broker/mod.ts";

await using broker = await serve({ credentials: { guest: "guest" } });
console.log(broker.url.replace("://", "://guest:guest@"));
await new Promise(() => {});
