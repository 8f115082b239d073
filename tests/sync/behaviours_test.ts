import { tryEverything } from "./behaviours/all.ts";
import { Thread } from "./support/thread.ts";

tryEverything("embedded", async (run) => {
  await using broker = await Thread.broker();
  run({ name: "embedded", url: broker.url });
});
