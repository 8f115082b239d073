// A broker that follows a script, in a worker that is told the script's name.

import { serve } from "../../../testing/mod.ts";
import { onOrder } from "../../support/worker.ts";
import { ScriptedPeer } from "./scripted_peer.ts";
import { SCRIPTS } from "./scripts.ts";
import { tellParent } from "./thread.ts";

onOrder(async (name: string) => {
  const broker = await serve();
  const peer = new ScriptedPeer(broker.intercept());
  tellParent({ url: broker.url });
  try {
    await SCRIPTS[name]!(peer);
    tellParent({ heard: peer.heard });
  } catch (error) {
    tellParent({ failure: `${name}: ${error}` });
  }
});
