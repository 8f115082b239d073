import { connect, ConnectionError, connectSync } from "../../mod.ts";
import { newQueue, take } from "../behaviours/behaviour.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { BROKER } from "./broker.ts";

const { label, name, tls: access } = BROKER;
const ignore = access === "";

/** ActiveMQ hangs up without a word. */
const REFUSAL = name === "activemq" ? "" : "certificate of ours";

/** Where it is, whom to trust and who we are. */
function parsed() {
  const { url, ...tls } = JSON.parse(access);
  return { url: String(url), tls };
}

test(`${label}: mutual TLS, there and back`, async () => {
  const { url, tls } = parsed();
  await using client = await connect(url, { tls });
  const queue = newQueue();
  const body = Uint8Array.from({ length: 200_000 }, (_, i) => i);
  await client.send(queue, body, { receipt: true });
  const [message] = await take(client.subscribe(queue), 1);
  assert(message!.body.every((octet, i) => octet === body[i]));
  assertEquals(message!.body.length, body.length);
  await message!.ack({ receipt: true });
}, { ignore });

test(`${label}, blocking: mutual TLS, there and back`, () => {
  const { url, tls } = parsed();
  using client = connectSync(url, { tls });
  const queue = newQueue();
  const body = Uint8Array.from({ length: 200_000 }, (_, i) => i);
  client.send(queue, body, { receipt: true });
  client.subscribe(queue);
  const frame = client.receiveFrame({ timeout: 5000 })!;
  assert(frame.body.every((octet, i) => octet === body[i]));
  assertEquals(frame.body.length, body.length);
  client.ack(frame, { receipt: true });
}, { ignore });

test(
  `${label}, blocking: a broker that wants our certificate and gets none refuses`,
  () => {
    const { url, tls } = parsed();
    assertThrows(
      () => connectSync(url, { tls: { caCerts: tls.caCerts } }),
      ConnectionError,
      REFUSAL,
    );
  },
  { ignore },
);

test(
  `${label}: a broker that wants our certificate and gets none refuses, and that is said`,
  async () => {
    const { url, tls } = parsed();
    await assertRejects(
      () => connect(url, { tls: { caCerts: tls.caCerts } }),
      ConnectionError,
      REFUSAL,
    );
  },
  { ignore },
);

test(
  `${label}: a broker whose authority we do not trust is refused`,
  async () => {
    const { cert, key } = parsed().tls;
    await assertRejects(
      () => connect(parsed().url, { tls: { cert, key } }),
      ConnectionError,
      "nobody who is trusted",
    );
  },
  { ignore },
);
