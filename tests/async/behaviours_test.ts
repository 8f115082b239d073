import { serve } from "../../broker/mod.ts";
import {
  OF_BOTH_CLIENTS,
  OF_THE_ASYNCHRONOUS,
  tryEverything,
} from "../behaviours/all.ts";
import { connectAsync } from "../behaviours/behaviour.ts";

tryEverything(
  "embedded",
  "embedded, asynchronous",
  [...OF_BOTH_CLIENTS, ...OF_THE_ASYNCHRONOUS],
  async (run) => {
    await using broker = await serve({ credentials: { guest: "guest" } });
    const url = broker.url.replace("://", "://guest:guest@");
    await run({ name: "embedded", url, connect: connectAsync });
  },
);

tryEverything(
  "embedded",
  "embedded, asynchronous by WebSocket",
  [...OF_BOTH_CLIENTS, ...OF_THE_ASYNCHRONOUS],
  async (run) => {
    await using broker = await serve({
      credentials: { guest: "guest" },
      webSocketPort: 0,
    });
    const url = broker.webSocketUrl!.replace("://", "://guest:guest@");
    await run({ name: "embedded", url, connect: connectAsync });
  },
);
