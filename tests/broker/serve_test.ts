import { type BrokerOptions, serve } from "../../broker/mod.ts";
import { ConnectionError, UsageError } from "../../errors.ts";
import { MemoryNetwork } from "../../transport/memory.ts";
import {
  assert,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";

/** Options that cannot be meant, and what the message names. */
const BAD: readonly (readonly [Record<string, unknown>, string])[] = [
  [{ prot: 1 }, '"prot"'],
  [{ hostname: "" }, '"hostname"'],
  [{ hostname: 1 }, '"hostname"'],
  [{ port: -1 }, "-1"],
  [{ port: 65_536 }, "65536"],
  [{ port: 1.5 }, "1.5"],
  [{ port: "61613" }, '"61613"'],
  [{ heartBeat: 1000 }, '"heartBeat"'],
  [{ heartBeat: [1000] }, '"heartBeat"'],
  [{ heartBeat: [-1, 0] }, '"heartBeat"'],
  [{ connectTimeout: -1 }, "-1"],
  [{ connectTimeout: NaN }, "NaN"],
  [{ frameTimeout: -1 }, "-1"],
  [{ maxQueueOctets: 0 }, '"maxQueueOctets"'],
  [{ whenFull: "drop" }, '"whenFull"'],
  [{ maxDeliveries: 0 }, '"maxDeliveries"'],
  [{ deadLetterQueue: "" }, '"deadLetterQueue"'],
  [{ limits: { maxBody: 1 } }, '"maxBody"'],
  [{ limits: { maxBodyBytes: -1 } }, "-1"],
  [{ limits: null }, '"limits"'],
  [{ limits: 1 }, '"limits"'],
  [{ credentials: { me: 1 } }, '"me"'],
  [{ credentials: { me: undefined } }, '"me"'],
  [{ credentials: null }, '"credentials"'],
  [{ credentials: "me:secret" }, '"credentials"'],
  [{ credentials: [["me", "secret"]] }, '"credentials"'],
  [{ credentials: new Map([["me", "secret"]]) }, '"credentials"'],
];

test("an option of serve() that cannot be meant is a typed error that names it, and no passcode", async () => {
  for (const [options, says] of BAD) {
    const network = new MemoryNetwork();
    const error = await assertRejects(
      () => serve({ transport: network, ...options } as BrokerOptions),
      UsageError,
      says,
    );
    assertStrictEquals(error.message.includes("secret"), false);
    // Nothing was left listening.
    await assertRejects(
      () => network.connect({ hostname: "127.0.0.1", port: 1 }),
      ConnectionError,
    );
  }
});

test("serve() takes any free port unless it is told which", async () => {
  const network = new MemoryNetwork();
  await using one = await serve({ transport: network, port: 2 });
  await using two = await serve({ transport: network });
  await using three = await serve({ transport: network });
  const urls = [one.url, two.url, three.url];
  assertStrictEquals(new Set(urls).size, 3);
  for (const url of urls) assertStringIncludes(url, "stomp://127.0.0.1:");
});

test("a port that is taken is a ConnectionError with a remedy", async () => {
  const network = new MemoryNetwork();
  await using broker = await serve({ transport: network, port: 7 });
  assert(broker.url.endsWith(":7"));
  await assertRejects(
    () => serve({ transport: network, port: 7 }),
    ConnectionError,
    "port 0 takes a free one",
  );
});
