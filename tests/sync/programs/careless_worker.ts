// A careless program in a worker.

import { onOrder } from "../../support/worker.ts";
import { beCareless } from "./careless_ends.ts";

onOrder((order: [how: string, url: string]) => beCareless(...order));
