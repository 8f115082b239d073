import { UsageError } from "../../errors.ts";
import { parseTarget, requireTcp, type Target } from "../../session/target.ts";
import {
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";

/** What a URL says, beside a host called `h`, its port and nobody in particular. */
const GOOD: readonly (readonly [string, Partial<Target>])[] = [
  ["stomp://h", {}],
  ["stomp://h/", {}],
  ["stomp://h:1", { port: 1 }],
  ["stomp://h:65535", { port: 65_535 }],
  ["STOMP://h:1", { port: 1 }],
  ["tcp://h:1", { port: 1 }],
  ["stomps://h", { port: 61_614, tls: true }],
  ["ssl://h:1", { port: 1, tls: true }],
  // As Amazon MQ prints it.
  ["stomp+ssl://h:61614", { port: 61_614, tls: true }],
  ["stomp+ssl://h", { port: 61_614, tls: true }],
  ["ws://h", { port: 80, webSocket: "ws://h/" }],
  ["ws://h:15674/ws", { port: 15_674, webSocket: "ws://h:15674/ws" }],
  ["wss://h/a%2Fb?x=1&y=%20", {
    port: 443,
    tls: true,
    webSocket: "wss://h/a%2Fb?x=1&y=%20",
  }],
  ["ws://m%40e:s%2Fe@[::1]:5/ws?a@b", {
    hostname: "::1",
    port: 5,
    webSocket: "ws://[::1]:5/ws?a@b",
    login: "m@e",
    passcode: "s/e",
  }],
  ["stomp://127.0.0.1", { hostname: "127.0.0.1" }],
  ["stomp://[::1]:1", { hostname: "::1", port: 1 }],
  ["stomp://[2001:db8::a]", { hostname: "2001:db8::a" }],
  ["stomp://broker.example.org", { hostname: "broker.example.org" }],
  ["stomp://me:secret@h", { login: "me", passcode: "secret" }],
  ["stomp://me@h", { login: "me", passcode: "" }],
  ["stomp://:secret@h", { login: "", passcode: "secret" }],
  ["stomp://:@h", {}],
  ["stomp://m%40e:s%2Fe%3Ac%25@h", { login: "m@e", passcode: "s/e:c%" }],
  ["stomp://me:se:cret@h", { login: "me", passcode: "se:cret" }],
  ["stomp://gr%C3%BCn:%E2%82%AC@h", { login: "grün", passcode: "€" }],
  ["stomp://h/vhost", { host: "vhost" }],
  // RabbitMQ's own virtual host is called "/", which a path can spell, too.
  ["stomp://h/%2F", { host: "/" }],
  ["stomp://h/a/b%20c", { host: "a/b c" }],
  ["stomps://me:secret@[::1]:5/v", {
    hostname: "::1",
    port: 5,
    tls: true,
    login: "me",
    passcode: "secret",
    host: "v",
  }],
];

const USUAL: Target = {
  hostname: "h",
  port: 61_613,
  tls: false,
  webSocket: undefined,
  login: undefined,
  passcode: undefined,
  host: "/",
};

test("a target says where the broker is, who we are to it, and its virtual host", () => {
  for (const [url, parts] of GOOD) {
    assertEquals(parseTarget(url), { ...USUAL, ...parts }, url);
    assertEquals(parseTarget(new URL(url)), { ...USUAL, ...parts }, url);
  }
});

/** What cannot be used, and what the message says of it. */
const BAD: readonly (readonly [unknown, string])[] = [
  ["", "must look like"],
  ["h", "must look like"],
  ["//h:1", "must look like"],
  ["stomp://", "names no host"],
  ["stomp:", "names no host"],
  ["stomp:h", "names no host"],
  ["stomp:///vhost", "names no host"],
  ["h:61613", "scheme"],
  ["http://h", "scheme"],
  ["stomp+tls://h", "scheme"],
  ["tcp://61613", "mere number"],
  ["tcp://61613:61613", "mere number"],
  ["stomp://me:secret@61613/v", "mere number"],
  ["ws://15674/ws", "mere number"],
  ["ws://", "must look like"],
  ["ws://h:0/", "port 0"],
  ["ws://h/ws#a", "a fragment"],
  ["wss://me:%ff@h", "passcode"],
  ["stomp://h:0", "port 0"],
  ["stomp://h:65536", "must look like"],
  ["stomp://h:port", "must look like"],
  ["stomp://h:-1", "must look like"],
  ["stomp://[::1", "must look like"],
  ["stomp://a b", "must look like"],
  ["stomp://h?prefetch=1", "a query"],
  ["stomp://h#1", "a fragment"],
  ["stomp://%ff@h", "login"],
  ["stomp://me:%ff@h", "passcode"],
  ["stomp://h/%ff", "path"],
  [undefined, "undefined"],
  [null, "null"],
  [61613, "61613"],
  [{}, "an Object"],
  [["stomp://h"], "an array"],
];

test("a URL that cannot be used is the caller's mistake, and the message says what is wrong", () => {
  for (const [target, says] of BAD) {
    const error = assertThrows(
      () => parseTarget(target as string),
      UsageError,
    );
    assertStringIncludes(error.message, says);
  }
});

test("the message shows the URL", () => {
  const error = assertThrows(() => parseTarget("stomp://h:port"), UsageError);
  assertStringIncludes(error.message, '"stomp://h:port"');
});

const SECRET = "hunter2";

/** Everything that makes a URL useless, with a passcode inside. */
const BAD_WITH_SECRET = [
  `http://me:${SECRET}@h`,
  `stomp://me:${SECRET}@`,
  `stomp://me:${SECRET}@h:0`,
  `stomp://me:${SECRET}@h:port`,
  `stomp://me:${SECRET}@h:99999`,
  `stomp://me:${SECRET}@h?a`,
  `stomp://me:${SECRET}@h#a`,
  `stomp://me:${SECRET}@a b`,
  `stomp://me:${SECRET}@[::1`,
  `stomp://me:${SECRET}@h/%ff`,
  `stomp://%ff:${SECRET}@h`,
  `stomp://me:%ff${SECRET}@h`,
  `stomp://:${SECRET}@`,
  `stomp://${SECRET}@`,
  // Special characters of the passcode that were not percent-encoded.
  `stomp://me:a@${SECRET}@h:port`,
  `stomp://me:@${SECRET}@@h:port`,
  `stomp://me:a/${SECRET}@h`,
  `stomp://me:a//${SECRET}@h`,
  `stomp://me:1?${SECRET}@h`,
  `stomp://me:1#${SECRET}@h`,
  `stomp://me:?${SECRET}@h`,
  `stomp://me:a\n${SECRET}@h:port`,
  `stomp://me:%${SECRET}@h`,
  // Slashes or the scheme forgotten, or one too many.
  `stomp:/me:${SECRET}@h`,
  `stomp:me:${SECRET}@h`,
  `stomp///me:${SECRET}@h`,
  `stomp:///me:${SECRET}@h`,
  `://me:${SECRET}@h`,
  `//me:${SECRET}@h`,
  `me:${SECRET}@h`,
  `me:${SECRET}@h:61613`,
  `:${SECRET}@h`,
  ` stomp://me:${SECRET}@h:port`,
  `ws://me:${SECRET}@h:0`,
  `wss://me:${SECRET}@h:port`,
  `ws://h:0/ws?access_token=${SECRET}`,
  `failover:(stomp://me:${SECRET}@h)`,
  `failover:(stomp://me:${SECRET}@h,stomp://g)?a=1`,
  `stomp://me:${SECRET}@${"long".repeat(40)}:port`,
];

test("no message shows a passcode, wherever in a useless URL it is", () => {
  for (const url of BAD_WITH_SECRET) {
    const error = assertThrows(() => parseTarget(url), UsageError, "", url);
    assertStrictEquals(error.message.includes(SECRET), false, error.message);
    assertStrictEquals(String(error.cause).includes(SECRET), false);
  }
});

test("a client without WebSockets says so, and shows no passcode", () => {
  const targets = [
    parseTarget("stomp://h"),
    parseTarget(`ws://me:${SECRET}@h/ws`),
  ];
  requireTcp(targets.slice(0, 1), "connectSync()");
  const error = assertThrows(
    () => requireTcp(targets, "connectSync()"),
    UsageError,
  );
  assertStringIncludes(error.message, '"ws://h/ws"');
  assertStrictEquals(error.message.includes(SECRET), false);
});
