import { assert, assertEquals } from "../support/assert.ts";
import type { Client } from "../../mod.ts";
import {
  type Behaviour,
  type BrokerUnderTest,
  counted,
  newQueue,
  take,
  withClient,
} from "./behaviour.ts";

/** Header values that need care. */
const VALUES: Readonly<Record<string, string>> = {
  colon: "a:b:c",
  lf: "line\nfeed",
  backslash: "back\\slash\\n",
  cr: "carriage\rreturn",
  spaces: "  two before, one after ",
  text: "grüße, 世界, 🦕",
  empty: "",
};

/** What goes in comes out. */
export const MESSAGES: readonly Behaviour[] = [
  {
    name: "1,000 messages are received in the order of sending",
    run: (broker) =>
      withClient(broker, async (client) => {
        const queue = newQueue();
        for (const text of counted(1000)) await client.send(queue, text);
        const messages = await take(
          client.subscribe(queue, { prefetch: 1000, ack: "client" }),
          1000,
        );
        assertEquals(messages.map((message) => message.text()), counted(1000));
        assert(await messages.at(-1)!.ack({ receipt: true }));
      }),
  },
  {
    name: "a body of all 256 octets arrives as it was sent",
    run: async (broker) => {
      const body = Uint8Array.from({ length: 1024 }, (_, i) => i & 0xff);
      const { body: arrived } = await echo(broker, body, {});
      assertEquals([...arrived], [...body]);
    },
  },
  {
    name: "a body of 3 MiB arrives as it was sent",
    run: async (broker) => {
      const body = Uint8Array.from({ length: 3 << 20 }, (_, i) => i * 31);
      const { body: arrived } = await echo(broker, body, {});
      assertEquals(arrived.length, body.length);
      assert(arrived.every((octet, i) => octet === body[i]));
    },
  },
  {
    name: "an empty body arrives as it was sent",
    run: async (broker) => {
      assertEquals((await echo(broker, "", {})).body.length, 0);
    },
  },
  ...Object.entries(VALUES).map(([name, value]): Behaviour => ({
    name: `a header value arrives as it was sent: ${JSON.stringify(value)}`,
    run: async (broker) => {
      const { headers } = await echo(broker, "x", { [`x-${name}`]: value });
      assertEquals(headers.get(`x-${name}`), value);
    },
  })),
];

/** What a graceful close in the middle of a loop makes of it. */
export const CONSUMED: readonly Behaviour<Client>[] = [
  {
    name: "1,000 messages are consumed in the order of sending",
    run: (broker) =>
      withClient(broker, async (client) => {
        const queue = newQueue();
        for (const text of counted(1000)) await client.send(queue, text);
        const seen: string[] = [];
        for await (const message of client.subscribe(queue)) {
          seen.push(message.text());
          if (seen.length === 1000) void client.close();
        }
        assertEquals(seen, counted(1000));
        const report = await client.closed;
        assertEquals(report, {
          graceful: true,
          handled: 1000,
          unfinished: 0,
          redeliverable: 0,
        });
      }),
  },
];

function echo(
  broker: BrokerUnderTest,
  body: string | Uint8Array,
  headers: Record<string, string>,
) {
  return withClient(broker, async (client) => {
    const queue = newQueue();
    await client.send(queue, body, { headers, receipt: true });
    const [message] = await take(client.subscribe(queue), 1);
    await message!.ack({ receipt: true });
    return message!;
  });
}
