import { ConnectionError, connectSync } from "../../sync.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { Authority } from "../support/certificates.ts";
import { test } from "../support/harness.ts";
import { Thread } from "./support/thread.ts";

test("stomps:// there and back, with an authority of our own", async () => {
  const authority = await Authority.create("the authority");
  await using broker = await Thread.secureBroker(
    await authority.issue({ name: "the broker", hosts: ["127.0.0.1"] }),
  );
  const tls = { caCerts: [authority.cert] };
  using client = connectSync(broker.url, { tls });
  client.subscribe("/queue/a");
  const body = Uint8Array.from({ length: 400_000 }, (_, i) => i);
  client.send("/queue/a", body, { receipt: true });
  assertEquals(client.receiveFrame()!.body.length, body.length);
});

test("stomps:// with a certificate that nobody we trust has issued is refused", async () => {
  const authority = await Authority.create("the authority");
  await using broker = await Thread.secureBroker(
    await authority.issue({ name: "the broker", hosts: ["127.0.0.1"] }),
  );
  assertThrows(
    () => connectSync(broker.url),
    ConnectionError,
    "nobody who is trusted",
  );
});
