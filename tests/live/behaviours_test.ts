import {
  OF_BOTH_CLIENTS,
  OF_THE_ASYNCHRONOUS,
  tryEverything,
} from "../behaviours/all.ts";
import { connectAsync } from "../behaviours/behaviour.ts";
import { OF_THE_BLOCKING } from "../sync/behaviours.ts";
import { connectAwaited } from "../sync/support/awaited.ts";
import { BROKER } from "./broker.ts";

const { label, name, url } = BROKER;

tryEverything(
  name,
  `${label}, asynchronous`,
  [...OF_BOTH_CLIENTS, ...OF_THE_ASYNCHRONOUS],
  (run) => run({ name, url, connect: connectAsync }),
);

tryEverything(
  name,
  `${label}, blocking`,
  [...OF_BOTH_CLIENTS, ...OF_THE_BLOCKING],
  (run) => run({ name, url, connect: connectAwaited }),
);
