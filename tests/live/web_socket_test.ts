// Everything again, by WebSocket: over TCP, and by what a page would use.

import process from "node:process";
import {
  OF_BOTH_CLIENTS,
  OF_THE_ASYNCHRONOUS,
  tryEverything,
} from "../behaviours/all.ts";
import type { ConnectUnderTest } from "../behaviours/behaviour.ts";
import { type Client, connect, type WebSocketFactory } from "../../mod.ts";
import { test } from "../support/harness.ts";
import { BROKER } from "./broker.ts";

const { name } = BROKER;
const url = process.env["STOMPEST_BROKER_WEB_SOCKET"] ?? "";

const WAYS: readonly (readonly [string, WebSocketFactory | undefined])[] = [
  ["by WebSocket", undefined],
  [
    "by the runtime's WebSocket",
    (url, protocols) => new WebSocket(url, protocols),
  ],
];

// RabbitMQ hangs up on WebSockets that promise heart-beats and send in a hurry.
const heartBeat = name === "rabbitmq" ? [0, 10_000] as const : undefined;

if (url === "") test(`${name} has no WebSockets here`, () => {});

for (const [way, webSocket] of url === "" ? [] : WAYS) {
  tryEverything(
    name,
    `asynchronous ${way}`,
    [...OF_BOTH_CLIENTS, ...OF_THE_ASYNCHRONOUS],
    (run) =>
      run({
        name,
        url,
        connect: (url: string, options?: ConnectUnderTest): Promise<Client> =>
          connect(url, { heartBeat, webSocket, ...options }),
      }),
  );
}
