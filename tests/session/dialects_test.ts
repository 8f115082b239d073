import {
  DIALECT_NAMES,
  type DialectName,
  dialectOf,
  hasContentLength,
  prefetchHeader,
} from "../../session/dialects.ts";
import { UsageError } from "../../errors.ts";
import {
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { connectedSession, message } from "../support/sessions.ts";

/** The `server` header as brokers send it, and the row that it picks. */
const SERVERS: readonly (readonly [string | undefined, DialectName])[] = [
  ["RabbitMQ/3.10.8", "rabbitmq"],
  ["ActiveMQ/5.17.2", "activemq"],
  ["ActiveMQ-Artemis/2.31.2 ActiveMQ Artemis Messaging Engine", "artemis"],
  ["stompest", "stompest"],
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
  ["stompest", 7, "prefetch-count", "7"],
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

test("ActiveMQ alone is known to skip heart-beats", () => {
  for (const name of DIALECT_NAMES) {
    const { skipsBeats } = dialectOf(undefined, name);
    assertStrictEquals(skipsBeats, name === "activemq");
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

/** What a dialect makes of a durable subscription and of its deletion. */
const DURABLE: readonly (readonly [
  DialectName,
  subscribe: Record<string, string>,
  unsubscribes: readonly Record<string, string>[],
])[] = [
  ["rabbitmq", { durable: "true", "auto-delete": "false" }, [
    { durable: "true" },
  ]],
  ["stompest", { durable: "true", "auto-delete": "false" }, [
    { durable: "true" },
  ]],
  // With its name on the first one ActiveMQ says that it is in use.
  ["activemq", { "activemq.subscriptionName": "d" }, [
    {},
    { "activemq.subscriptionName": "d" },
  ]],
  ["artemis", { "durable-subscription-name": "d" }, [
    { "durable-subscription-name": "d" },
  ]],
];

test("a durable subscription is made and deleted in the broker's own words", () => {
  const headers = { "client-id": "me" };
  for (const [dialect, subscribe, unsubscribes] of DURABLE) {
    const session = connectedSession("1.2", { dialect, headers });
    const frame = session.subscribe("/topic/a", { durable: "d" });
    assertEquals(Object.fromEntries(frame.headerList), {
      destination: "/topic/a",
      id: "d",
      ack: "auto",
      ...subscribe,
    });
    const frames = session.deleteSubscription("d", { receipt: "r" });
    assertEquals(
      frames.map(({ headerList }) => Object.fromEntries(headerList)),
      unsubscribes.map((more, i) => ({
        id: "d",
        ...more,
        ...i === unsubscribes.length - 1 ? { receipt: "r" } : {},
      })),
    );
    assertThrows(() => session.unsubscribe("d"), UsageError, '"d"');
  }
});

test("a durable subscription needs a broker that is known, and a name where that wants one", () => {
  const durable = (dialect: DialectName) => () =>
    connectedSession("1.2", { dialect }).subscribe("/topic/a", {
      durable: "d",
    });
  assertThrows(durable("plain"), UsageError, "not known");
  for (const dialect of ["activemq", "artemis"] as const) {
    assertThrows(durable(dialect), UsageError, "client-id");
  }
});

/** What a dialect makes of the wish that a refused message comes again, or not. */
const REQUEUE: readonly (readonly [
  DialectName,
  requeue: boolean,
  header: string | undefined | "refused",
])[] = [
  ["rabbitmq", true, "true"],
  ["rabbitmq", false, "false"],
  ["stompest", false, "false"],
  ["activemq", false, undefined],
  ["activemq", true, "refused"],
  ["artemis", false, undefined],
  ["artemis", true, "refused"],
  ["plain", true, "refused"],
  ["plain", false, "refused"],
];

test("a wish for a refused message goes over the wire where the broker heeds it, or is refused", () => {
  for (const [dialect, requeue, header] of REQUEUE) {
    const session = connectedSession("1.2", { dialect });
    const nack = () => session.nack(message(), { requeue });
    if (header === "refused") assertThrows(nack, UsageError, "leave");
    else assertStrictEquals(nack().headers.get("requeue"), header);
    assertStrictEquals(
      session.nack(message()).headers.get("requeue"),
      undefined,
    );
  }
});

/** What tells a broker that a body is text. */
const TEXTS: readonly (readonly [
  DialectName,
  body: string | Uint8Array,
  type: string | undefined,
  hasLength: boolean,
])[] = [
  ["activemq", "text", "text", true],
  ["activemq", "with \0", undefined, true],
  ["activemq", "", undefined, true],
  ["activemq", Uint8Array.of(1), undefined, true],
  ["artemis", "text", undefined, false],
  ["artemis", "with \0", undefined, true],
  ["artemis", Uint8Array.of(1), undefined, true],
  ["rabbitmq", "text", undefined, true],
  ["plain", "text", undefined, true],
];

test("a string is marked as text where the broker wants to know", () => {
  for (const [dialect, body, type, hasLength] of TEXTS) {
    const session = connectedSession("1.2", { dialect });
    const { headers } = session.send("/queue/a", body);
    assertStrictEquals(headers.get("amq-msg-type"), type);
    assertStrictEquals(hasContentLength(session.dialect, body), hasLength);
  }
  const session = connectedSession("1.2", { dialect: "activemq" });
  const own = { headers: { "amq-msg-type": "bytes" } };
  assertEquals(
    session.send("/queue/a", "text", own).headerList.filter(([name]) =>
      name === "amq-msg-type"
    ),
    [["amq-msg-type", "bytes"]],
  );
});
