import { Frame } from "../../codec/mod.ts";
import { FrameError, ProtocolError, quoted } from "../../errors.ts";
import { brokerError, redacted } from "../../session/broker_error.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { printed } from "../support/printed.ts";
import { raw } from "../support/raw_peer.ts";
import { ScriptedBroker } from "../support/scripted_broker.ts";

const PASSCODES = [
  "hunter2",
  'hun"ter"2',
  "hun'ter'2",
  "back\\slash",
  "back\\\\sl\\\\ash\\",
  "co:lon:s",
  "gr\u00fcn\u20ac\u{1f600}x",
  "p ss wrd",
  "$&.*[a-z]+(b|c)^",
  "a<b>&'c",
  "per%cent/slash?#",
  "\u007ftab\there",
];

/** How a broker, or what it is written in, may spell what it was given. */
const SPELLINGS: Readonly<Record<string, (passcode: string) => string>> = {
  "as it is": (passcode) => passcode,
  "quoted in JSON": (passcode) => JSON.stringify(passcode),
  "quoted twice": (passcode) => JSON.stringify(JSON.stringify(passcode)),
  "in single quotes": (passcode) => `'${passcode.replace(/[\\']/g, "\\$&")}'`,
  "escaped as in STOMP": (passcode) =>
    passcode.replaceAll("\\", "\\\\").replaceAll(":", "\\c"),
  "percent-encoded": encodeURIComponent,
  "in lower case": (passcode) => encodeURIComponent(passcode).toLowerCase(),
  "in ASCII": (passcode) =>
    JSON.stringify(passcode).replace(
      /[^ -~]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
  "in HTML": (passcode) =>
    passcode.replace(/&/g, "&amp;").replace(/</g, "&lt;")
      .replace(/>/g, "&gt;").replace(/"/g, "&quot;").replace(/'/g, "&#39;"),
};

/** A word for what must not be found: the passcode in that spelling. */
function assertHidden(text: string, secret: string): void {
  const bare = secret.replace(/^["']|["']$/g, "");
  assert(!text.includes(bare), `${bare} is shown in ${text}`);
}

for (const [how, spell] of Object.entries(SPELLINGS)) {
  test(`a passcode that a broker repeats ${how} is not printed`, () => {
    for (const passcode of PASSCODES) {
      const secret = spell(passcode);
      const frame = new Frame("ERROR", {
        message: `who is ${secret}?`,
        passcode: secret,
        "receipt-id": "receipt-1",
        "content-type": "text/plain",
      }, `first line\nand ${secret} behind`);
      const error = brokerError("The broker refused", frame, passcode);
      const text = printed(error);
      assertHidden(text, secret);
      assertHidden(text, passcode);
      assertHidden(printed(error.frame), secret);
      assertHidden(new TextDecoder().decode(error.frame.body), secret);
      assertEquals(error.receiptId, "receipt-1");
      assertStringIncludes(
        new TextDecoder().decode(error.frame.body),
        "first line\nand ",
      );
      for (const Kind of [FrameError, ProtocolError]) {
        const shown = redacted(new Kind(`No: ${quoted(secret)}.`), passcode);
        assertHidden(printed(shown), secret);
        assert(shown instanceof Kind);
      }
    }
  });
}

test("a passcode that is cut where a message quotes it is not printed either", () => {
  const passcode = "correct horse battery staple";
  for (let before = 30; before < 64; before++) {
    const error = new FrameError(
      `No: ${quoted(`${"x".repeat(before)}${passcode}`)}.`,
    );
    const text = printed(redacted(error, passcode));
    assert(!text.includes("xc"), text);
  }
});

test("an ERROR that repeats no passcode keeps its frame, and no id of ours is taken for one", () => {
  const frame = new Frame("ERROR", { message: "no" }, Uint8Array.of(0xff, 0));
  assertEquals(brokerError("x", frame, "hunter2").frame === frame, true);
  assertEquals(brokerError("x", frame, undefined).frame === frame, true);
  const ids = { "receipt-id": "receipt-1", subscription: "1" };
  const short = brokerError("x", new Frame("ERROR", ids), "1").frame;
  assertEquals(Object.fromEntries(short.headers), ids);
});

test("whatever a client rejects with, reports or is, printing it shows no passcode", async () => {
  const passcode = 'hun"ter:2';
  const secrets = Object.values(SPELLINGS).map((spell) => spell(passcode));
  await using broker = await ScriptedBroker.start();
  const refused = broker.dial({ login: "me", passcode });
  const strict = await broker.accept();
  await strict.next();
  await strict.write(
    raw("ERROR", { message: `no ${passcode}` }, secrets.join("\n")),
  );
  const refusal = await assertRejects(() => refused);

  const { client, peer } = await broker.connect({ login: "me", passcode });
  const events: unknown[] = [];
  const watching = (async () => {
    for await (const event of client.status()) events.push(event);
  })();
  const pending = client.send("/queue/a", "b", { receipt: true });
  const rejection = assertRejects(() => pending);
  await peer.next();
  await peer.write(raw("ERROR", { echo: passcode }, secrets.join("\n")));
  const report = await client.closed;
  await watching;
  const all = [refusal, client, await rejection, report, events];
  for (const value of [...all, all]) {
    const text = printed(value);
    for (const secret of secrets) assertHidden(text, secret);
  }
});
