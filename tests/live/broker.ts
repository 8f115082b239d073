import process from "node:process";

/** The real broker that the environment names. */
export const BROKER = brokerOf(
  process.env["STOMPEST_BROKER"],
  process.env["STOMPEST_BROKER_URL"],
  process.env["STOMPEST_BROKER_TLS"] ?? "",
);

function brokerOf(
  name: string | undefined,
  url: string | undefined,
  tls: string,
) {
  if (url === undefined || name !== "rabbitmq" && name !== "activemq") {
    throw new Error(
      "These tests need a broker: set STOMPEST_BROKER to rabbitmq or activemq, " +
        "and STOMPEST_BROKER_URL, or run them with `deno task test`.",
    );
  }
  return { name, url, tls } as const;
}
