// Runs the blocking client against a real broker, which the environment names.

import process from "node:process";
import { tryEverything } from "../sync/behaviours/all.ts";

const url = process.env["STOMPEST_BROKER_URL"];
const name = process.env["STOMPEST_BROKER"];
if (url === undefined || name !== "rabbitmq" && name !== "activemq") {
  throw new Error(
    "These tests need a broker: set STOMPEST_BROKER to rabbitmq or activemq, " +
      "and STOMPEST_BROKER_URL, or run them with `deno task test`.",
  );
}

tryEverything(name, (run) => run({ name, url }));
