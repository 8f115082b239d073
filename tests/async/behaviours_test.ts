import { serve } from "../../broker/mod.ts";
import { tryEverything } from "../behaviours/all.ts";

tryEverything("embedded", async (run) => {
  await using broker = await serve({ credentials: { guest: "guest" } });
  const url = broker.url.replace("://", "://guest:guest@");
  await run({ name: "embedded", url });
});
