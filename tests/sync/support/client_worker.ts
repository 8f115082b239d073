// A client on a thread of the user's: sends something to itself and back.

import { connectSync } from "../../../sync.ts";
import { tellParent } from "./thread.ts";

/** The part of a worker's global scope that we use. */
interface WorkerScope {
  onmessage: (event: { readonly data: string }) => void;
}

(globalThis as unknown as WorkerScope).onmessage = ({ data }) => {
  const [url, queue] = data.split(" ") as [string, string];
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
};
