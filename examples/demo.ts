// Producer, transformer, consumer and a broker of their own in one process:
// `deno task demo` or `bun run examples/demo.ts`

import { connect } from "../mod.ts";
import { serve } from "../broker/mod.ts";

await using broker = await serve();
console.log(`broker: listening at ${broker.url}`);

async function produce(): Promise<void> {
  await using client = await connect(broker.url);
  for (let count = 0; count < 10; count++) {
    const body = JSON.stringify({ count });
    await client.send("/queue/testIn", body, { receipt: true });
    console.log(`producer: ${body}`);
  }
}

async function transform(signal: AbortSignal): Promise<void> {
  await using client = await connect(broker.url, { signal });
  for await (const message of client.subscribe("/queue/testIn")) {
    const { count } = message.json() as { count: number };
    const body = JSON.stringify({ count: count + 1 });
    await client.send("/queue/testOut", body, { receipt: true });
    console.log(`transformer: ${message.text()} -> ${body}`);
  }
}

async function consume(shutdown: AbortController): Promise<void> {
  await using client = await connect(broker.url, { signal: shutdown.signal });
  let left = 10;
  for await (const message of client.subscribe("/queue/testOut")) {
    console.log(`consumer: ${message.text()}`);
    if (--left === 0) shutdown.abort();
  }
  console.log("consumer: shut down", await client.closed);
}

const shutdown = new AbortController();
await Promise.all([produce(), transform(shutdown.signal), consume(shutdown)]);
