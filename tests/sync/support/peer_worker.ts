// A broker that follows a script, in a worker that is told the script's name.

import { runtimeTransport } from "../../../transport/runtime.ts";
import { ScriptedPeer } from "./scripted_peer.ts";
import { SCRIPTS } from "./scripts.ts";
import { tellParent } from "./thread.ts";

/** The part of a worker's global scope that we use. */
interface WorkerScope {
  onmessage: (event: { readonly data: string }) => void;
}

(globalThis as unknown as WorkerScope).onmessage = async ({ data: name }) => {
  const transport = await runtimeTransport();
  const listener = await transport.listen({ hostname: "127.0.0.1", port: 0 });
  tellParent({ url: `stomp://127.0.0.1:${listener.address.port}` });
  const peer = new ScriptedPeer(listener);
  try {
    await SCRIPTS[name]!(peer);
    tellParent({ heard: peer.heard });
  } catch (error) {
    tellParent({ failure: `${name}: ${error}` });
  }
};
