// The embedded broker for clients of other makers; it says where it listens.

import { serve } from "../../broker/mod.ts";

await using broker = await serve({
  credentials: { guest: "guest" },
  webSocketPort: 0,
});
console.log(`${broker.url} ${broker.webSocketUrl}`);
await new Promise(() => {});
