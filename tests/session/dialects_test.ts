import {
  DIALECT_NAMES,
  type DialectName,
  dialectOf,
  prefetchHeader,
} from "../../session/dialects.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { connectedSession } from "../support/sessions.ts";

/** The `server` header as brokers send it, and the row that it picks. */
const SERVERS: readonly (readonly [string | undefined, DialectName])[] = [
  ["RabbitMQ/3.10.8", "rabbitmq"],
  ["ActiveMQ/5.17.2", "activemq"],
  ["ActiveMQ-Artemis/2.31.2 ActiveMQ Artemis Messaging Engine", "artemis"],
  ["stompest", "plain"],
  ["apollo/1.7.1", "plain"],
  ["", "plain"],
  [undefined, "plain"],
];

test("a broker's server header picks its dialect", () => {
  for (const [server, name] of SERVERS) {
    assertStrictEquals(dialectOf(server).name, name);
    const session = connectedSession(
      "1.2",
      {},
      server === undefined ? {} : { server },
    );
    assertStrictEquals(session.dialect.name, name);
  }
});

test("a dialect that was asked for holds whatever the server says", () => {
  for (const dialect of DIALECT_NAMES) {
    const session = connectedSession("1.2", { dialect }, {
      server: "RabbitMQ/3.10.8",
    });
    assertStrictEquals(session.dialect.name, dialect);
  }
});

const PREFETCH: readonly (readonly [DialectName, number, string, string])[] = [
  ["rabbitmq", 1, "prefetch-count", "1"],
  ["rabbitmq", 100, "prefetch-count", "100"],
  ["activemq", 1, "activemq.prefetchSize", "1"],
  ["activemq", 100, "activemq.prefetchSize", "100"],
  // Artemis counts octets, and 0 of them mean one message at a time.
  ["artemis", 1, "consumer-window-size", "0"],
  ["artemis", 2, "consumer-window-size", "2048"],
  ["artemis", 100, "consumer-window-size", "102400"],
  ["plain", 1, "prefetch-count", "1"],
  ["plain", 100, "prefetch-count", "100"],
];

test("a prefetch goes over the wire in the header and the unit of the dialect", () => {
  for (const [dialect, prefetch, name, value] of PREFETCH) {
    assertEquals(prefetchHeader(dialectOf(undefined, dialect), prefetch), [
      name,
      value,
    ]);
    const session = connectedSession("1.2", { dialect });
    const frame = session.subscribe("/queue/a", { prefetch });
    assertStrictEquals(frame.headers.get(name), value);
  }
});

test("a broker is given two silent periods, ActiveMQ three, which it is known to need", () => {
  for (const name of DIALECT_NAMES) {
    const { patience } = dialectOf(undefined, name);
    assertStrictEquals(patience, name === "activemq" ? 3 : 2);
  }
});

test("without a prefetch no dialect sends a header for it", () => {
  for (const dialect of DIALECT_NAMES) {
    const session = connectedSession("1.2", { dialect });
    assertEquals(
      session.subscribe("/queue/a").headerList.map(([name]) => name),
      ["destination", "id", "ack"],
    );
  }
});
