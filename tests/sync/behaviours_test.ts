import { OF_BOTH_CLIENTS, tryEverything } from "../behaviours/all.ts";
import { OF_THE_BLOCKING } from "./behaviours.ts";
import { connectAwaited } from "./support/awaited.ts";
import { Thread } from "./support/thread.ts";

tryEverything(
  "embedded",
  "embedded, blocking",
  [...OF_BOTH_CLIENTS, ...OF_THE_BLOCKING],
  async (run) => {
    await using broker = await Thread.broker();
    const { url } = broker;
    await run({ name: "embedded", url, connect: connectAwaited });
  },
);
