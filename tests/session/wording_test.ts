import { quoted, TimeoutError } from "../../errors.ts";
import { counted, shownTime } from "../../session/wording.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { test } from "../support/harness.ts";

test("one is not many", () => {
  assertEquals(counted(0, "message"), "0 messages");
  assertEquals(counted(1, "message"), "1 message");
  assertEquals(counted(2, "message"), "2 messages");
  assertEquals(counted(1, "message is", "messages are"), "1 message is");
  assertEquals(counted(20, "message is", "messages are"), "20 messages are");
});

test("times are round", () => {
  assertEquals(shownTime(1.2345), "1 ms");
  assertEquals(shownTime(1500.4), "1500 ms");
  assertEquals(shownTime(30_000), "30 s");
  assertEquals(shownTime(30_001), "30001 ms");
  const { message } = new TimeoutError("CONNECTED", 1234.56789);
  assertStringIncludes(message, "within 1235 ms");
});

test("a value that is not a text is shown as it is spoken of", () => {
  class HTMLElement {}
  class Order {}
  class UserStore {}
  class Message {}
  const shown: readonly (readonly [unknown, string])[] = [
    [{}, "an Object"],
    [Object.create(null), "an object"],
    [[], "an array"],
    [new Map(), "a Map"],
    [new Uint8Array(), "a Uint8Array"],
    [new Order(), "an Order"],
    [new UserStore(), "a UserStore"],
    [new Message(), "a Message"],
    [new HTMLElement(), "an HTMLElement"],
    [new URL("stomp://h"), "a URL"],
    [() => "a secret", "a function"],
    [null, "null"],
    [undefined, "undefined"],
    [7n, "7"],
    [Symbol("a"), "Symbol(a)"],
  ];
  for (const [value, says] of shown) assertEquals(quoted(value), says);
});
