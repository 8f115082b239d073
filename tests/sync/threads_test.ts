import { assertEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { Thread } from "./support/thread.ts";

test("one client per thread of the program: they do not disturb each other", async () => {
  await using broker = await Thread.broker();
  const queues = ["/queue/a", "/queue/b", "/queue/c"];
  await Promise.all(queues.map(async (queue) => {
    await using client = await Thread.client(broker.url, queue);
    const expected = Array.from({ length: 100 }, (_, i) => `${queue} ${i}`);
    assertEquals(await client.heard(), expected);
  }));
});
