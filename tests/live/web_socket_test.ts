// Everything again, by WebSocket.

import process from "node:process";
import {
  OF_BOTH_CLIENTS,
  OF_THE_ASYNCHRONOUS,
  tryEverything,
} from "../behaviours/all.ts";
import type { ConnectUnderTest } from "../behaviours/behaviour.ts";
import { type Client, connect } from "../../mod.ts";
import { test } from "../support/harness.ts";
import { BROKER } from "./broker.ts";

const { label, name } = BROKER;
const url = process.env["STOMPEST_BROKER_WEB_SOCKET"] ?? "";

// RabbitMQ hangs up on WebSockets that promise heart-beats and send in a hurry.
const heartBeat = name === "rabbitmq" ? [0, 10_000] as const : undefined;

/** RabbitMQ closes a WebSocket before its ERROR has left, so that nobody learns why. */
const UNTOLD =
  "of several subscriptions the refused one fails, the others go on";

if (url === "") test(`${label} has no WebSockets here`, () => {});
else {
  tryEverything(
    name,
    `${label}, asynchronous by WebSocket`,
    [...OF_BOTH_CLIENTS, ...OF_THE_ASYNCHRONOUS].filter((behaviour) =>
      name !== "rabbitmq" || behaviour.name !== UNTOLD
    ),
    (run) =>
      run({
        name,
        url,
        connect: (url: string, options?: ConnectUnderTest): Promise<Client> =>
          connect(url, { heartBeat, ...options }),
      }),
  );
}
