// What holds for our client with the real brokers holds with the kit in their
// place.

import {
  OF_BOTH_CLIENTS,
  OF_THE_ASYNCHRONOUS,
  tryEverything,
} from "../behaviours/all.ts";
import { connectAsync } from "../behaviours/behaviour.ts";
import { serve } from "../../testing/mod.ts";

for (const name of ["rabbitmq", "activemq"] as const) {
  tryEverything(
    name,
    `${name}, by the test kit`,
    [...OF_BOTH_CLIENTS, ...OF_THE_ASYNCHRONOUS],
    async (run) => {
      await using broker = await serve({
        dialect: name,
        credentials: { guest: "guest" },
      });
      const url = broker.url.replace("://", "://guest:guest@");
      await run({ name, url, connect: connectAsync });
    },
  );
}
