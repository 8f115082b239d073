import {
  OF_BOTH_CLIENTS,
  OF_THE_ASYNCHRONOUS,
  tryEverything,
} from "../behaviours/all.ts";
import { connectAsync } from "../behaviours/behaviour.ts";
import { OF_THE_BLOCKING } from "../sync/behaviours.ts";
import { connectAwaited } from "../sync/support/awaited.ts";
import { BROKER } from "./broker.ts";

const { name, url } = BROKER;

tryEverything(
  name,
  "asynchronous",
  [...OF_BOTH_CLIENTS, ...OF_THE_ASYNCHRONOUS],
  (run) => run({ name, url, connect: connectAsync }),
);

tryEverything(
  name,
  "blocking",
  [...OF_BOTH_CLIENTS, ...OF_THE_BLOCKING],
  (run) => run({ name, url, connect: connectAwaited }),
);
