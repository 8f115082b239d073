// A client on a thread of the user's: sends something to itself and back.

import { connectSync } from "../../../sync.ts";
import { onOrder } from "../../support/worker.ts";
import { tellParent } from "./thread.ts";

onOrder((order: string) => {
  const [url, queue] = order.split(" ") as [string, string];
  using client = connectSync(url);
  client.subscribe(queue);
  const heard: string[] = [];
  for (let i = 0; i < 100; i++) {
    client.send(queue, `${queue} ${i}`, { receipt: true });
    const frame = client.receiveFrame({ timeout: 5000 })!;
    client.ack(frame);
    heard.push(frame.text());
  }
  tellParent({ url });
  tellParent({ heard });
});
