import { answerUpgrade } from "../../transport/web_socket_handshake.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { upgradeRequest } from "../support/web_socket.ts";

function answer(request: string) {
  return answerUpgrade(
    request.slice(0, -4),
    (origin) => origin === "http://localhost:3000",
  );
}

test("the key is answered as the specification's example says (RFC 6455, section 1.3)", async () => {
  const { isAccepted, text } = await answer(upgradeRequest());
  assert(isAccepted);
  assert(text.startsWith("HTTP/1.1 101 "), text);
  assertStringIncludes(
    text,
    "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
  );
  assert(!text.includes("-Protocol"));
  assert(text.endsWith("\r\n\r\n"));
});

/** What is offered, and what is chosen. */
const OFFERS: readonly (readonly [string, string])[] = [
  ["v12.stomp", "v12.stomp"],
  ["v10.stomp, v11.stomp, v12.stomp", "v12.stomp"],
  ["v10.stomp,v11.stomp", "v11.stomp"],
  ["mqtt, v10.stomp", "v10.stomp"],
];

test("the best of STOMP's subprotocols is chosen", async () => {
  for (const [offer, chosen] of OFFERS) {
    const { text } = await answer(
      upgradeRequest({ "Sec-WebSocket-Protocol": offer }),
    );
    assertStringIncludes(text, `\r\nSec-WebSocket-Protocol: ${chosen}\r\n`);
  }
});

/** How a request may be written otherwise. */
const ACCEPTED: readonly Record<string, string | undefined>[] = [
  { "Upgrade": undefined, "UPGRADE": "h2c, WebSocket" },
  { "Connection": "keep-alive, upgrade" },
  { "Origin": "http://localhost:3000" },
  { "Host": undefined },
];

test("a request is understood whatever its letters and lists", async () => {
  for (const headers of ACCEPTED) {
    const { isAccepted, text } = await answer(upgradeRequest(headers));
    assert(isAccepted, text);
  }
});

/** What is refused, and in which words. */
const REFUSED: readonly (readonly [string, string, number, string])[] = [
  ["another method", upgradeRequest({}, "POST / HTTP/1.1"), 426, "WebSocket"],
  ["HTTP/1.0", upgradeRequest({}, "GET / HTTP/1.0"), 426, "WebSocket"],
  ["no HTTP", upgradeRequest({}, "CONNECT"), 400, "no request"],
  ["a malformed header", upgradeRequest({ "a b": "c" }), 400, "malformed"],
  ["no upgrade", upgradeRequest({ Upgrade: undefined }), 426, "WebSocket"],
  ["another upgrade", upgradeRequest({ Upgrade: "h2c" }), 426, "WebSocket"],
  ["no connection", upgradeRequest({ Connection: "close" }), 426, "WebSocket"],
  ["no key", upgradeRequest({ "Sec-WebSocket-Key": undefined }), 400, "Key"],
  ["half a key", upgradeRequest({ "Sec-WebSocket-Key": "AAA=" }), 400, "Key"],
  [
    "another version",
    upgradeRequest({ "Sec-WebSocket-Version": "8" }),
    426,
    "Sec-WebSocket-Version: 13\r\n",
  ],
  [
    "another protocol",
    upgradeRequest({ "Sec-WebSocket-Protocol": "mqtt" }),
    400,
    "v12.stomp",
  ],
  [
    "a foreign page",
    upgradeRequest({ Origin: "https://evil.example" }),
    403,
    '"https://evil.example"',
  ],
];

test("a request that is not as it should be is refused with a sentence", async () => {
  for (const [what, request, status, says] of REFUSED) {
    const { isAccepted, text } = await answer(request);
    assertEquals(isAccepted, false, what);
    assert(text.startsWith(`HTTP/1.1 ${status} `), `${what}: ${text}`);
    assertStringIncludes(text, says);
    assertStringIncludes(text, "\r\nConnection: close\r\n");
  }
});
