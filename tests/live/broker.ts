import process from "node:process";
import type { BrokerUnderTest } from "../behaviours/behaviour.ts";

type Name = Exclude<BrokerUnderTest["name"], "embedded">;

/** Which brokers there are, and as which one each behaves. */
const NAMES: Readonly<Record<string, Name>> = {
  "rabbitmq": "rabbitmq",
  "rabbitmq-4": "rabbitmq",
  "activemq": "activemq",
  "activemq-6": "activemq",
  "artemis": "artemis",
  "coilmq": "coilmq",
  "stompserver": "stompserver",
};

/** The real broker that the environment names. */
export const BROKER = brokerOf(
  process.env["STOMPEST_BROKER"] ?? "",
  process.env["STOMPEST_BROKER_URL"],
  process.env["STOMPEST_BROKER_TLS"] ?? "",
  process.env["STOMPEST_BROKER_WEB_SOCKET"] ?? "",
);

function brokerOf(
  label: string,
  url: string | undefined,
  tls: string,
  webSocket: string,
) {
  const name = NAMES[label];
  if (url === undefined || name === undefined) {
    throw new Error(
      `These tests need a broker: set STOMPEST_BROKER to one of ${
        Object.keys(NAMES).join(", ")
      }, and STOMPEST_BROKER_URL, or run them with \`deno task test\`.`,
    );
  }
  return { label, name, url, tls, webSocket } as const;
}
