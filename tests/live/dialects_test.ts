// What the table of dialects says of a broker, where no client would show it.

import { delay } from "@std/async";
import { DIALECT_NAMES, dialectOf } from "../../session/dialects.ts";
import { runtimeTransport } from "../../transport/runtime.ts";
import { newQueue } from "../behaviours/behaviour.ts";
import { tryDifferences } from "../behaviours/differences.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { headerOf, raw, RawPeer } from "../support/raw_peer.ts";
import { BROKER } from "./broker.ts";

const { label, name, url } = BROKER;
const dialect = DIALECT_NAMES.find((known) => known === name) ?? "plain";
const { receiptsInTransaction } = dialectOf(undefined, dialect);

test(
  `${label}: the receipt of what is in a transaction comes ${
    receiptsInTransaction ? "before" : "after"
  } COMMIT`,
  async () => {
    await using peer = await RawPeer.dial(await runtimeTransport(), url);
    const { username: login, password: passcode } = new URL(url);
    await peer.connect("1.2", { login, passcode });
    const transaction = "t";
    await peer.write(raw("BEGIN", { transaction }));
    await peer.write(
      raw("SEND", {
        destination: newQueue(),
        transaction,
        receipt: "the SEND",
      }),
    );
    const heard: (string | undefined)[] = [];
    const listening = (async () => {
      while (heard.length < 2) {
        heard.push(headerOf(await peer.next(), "receipt-id"));
      }
    })();
    await delay(500);
    assertEquals(heard, receiptsInTransaction ? ["the SEND"] : []);
    await peer.write(raw("COMMIT", { transaction, receipt: "the COMMIT" }));
    await listening;
    assertEquals(heard.sort(), ["the COMMIT", "the SEND"]);
  },
);

tryDifferences(name, (what, run) => {
  test(`${label}: ${what}`, async () => {
    const transport = await runtimeTransport();
    const { username: login, password: passcode } = new URL(url);
    await run({
      login: { login, passcode },
      dial: () => RawPeer.dial(transport, url),
      say: async (peer, text) => {
        await peer.write(text);
        // Messages may come at any time: what takes longer is not seen.
        await delay(300);
        return await peer.frames();
      },
    });
  });
});
