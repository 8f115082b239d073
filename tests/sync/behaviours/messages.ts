import type { Frame } from "../../../sync.ts";
import { assert, assertEquals, assertFalse } from "../../support/assert.ts";
import {
  type Behaviour,
  type BrokerUnderTest,
  counted,
  newQueue,
  take,
  texts,
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
      withClient(broker, (client) => {
        const queue = newQueue();
        for (const text of counted(1000)) client.send(queue, text);
        client.subscribe(queue);
        const seen: string[] = [];
        for (const frame of client.messages({ timeout: 10_000 })) {
          seen.push(frame.text());
          assert(client.ack(frame));
          if (seen.length === 1000) break;
        }
        assertEquals(seen, counted(1000));
        assertEquals(client.receiveFrame({ timeout: 10 }), null);
      }),
  },
  {
    name: "messages that arrive while receipts are waited for are kept",
    run: (broker) =>
      withClient(broker, (client) => {
        const queue = newQueue();
        client.subscribe(queue, { ack: "client", prefetch: 500 });
        for (const text of counted(500)) {
          client.send(queue, text, { receipt: true });
        }
        const frames = take(client, 500);
        assertEquals(texts(frames), counted(500));
        assert(client.ack(frames.at(-1)!, { receipt: true }));
      }),
  },
  {
    name: "reading ends when nothing comes in time",
    run: (broker) =>
      withClient(broker, (client) => {
        const queue = newQueue();
        client.subscribe(queue);
        client.send(queue, "the only one");
        const seen: string[] = [];
        for (const frame of client.messages({ timeout: 500 })) {
          seen.push(frame.text());
          client.ack(frame);
        }
        assertEquals(seen, ["the only one"]);
        assertFalse(client.canRead({ timeout: 10 }));
      }),
  },
  {
    name: "much can be sent to oneself before anything of it is received",
    run: (broker) =>
      withClient(broker, (client) => {
        const queue = newQueue();
        client.subscribe(queue, { ack: "auto" });
        const body = new Uint8Array(100_000);
        for (let i = 0; i < 200; i++) client.send(queue, body);
        assertEquals(take(client, 200).length, 200);
      }),
  },
  {
    name: "a topic's subscription stands once the call is back",
    run: (broker) =>
      withClient(broker, (client) => {
        const topic = newQueue().replace("/queue/", "/topic/");
        client.subscribe(topic, { ack: "auto" });
        client.send(topic, "news");
        assertEquals(texts(take(client, 1)), ["news"]);
      }),
  },
  {
    name: "a body of all 256 octets arrives as it was sent",
    run: (broker) => {
      const body = Uint8Array.from({ length: 1024 }, (_, i) => i & 0xff);
      assertEquals([...echo(broker, body).body], [...body]);
    },
  },
  {
    name: "a body larger than the rings arrives as it was sent",
    run: (broker) => {
      const body = Uint8Array.from({ length: 3 << 20 }, (_, i) => i * 31);
      const { body: arrived } = echo(broker, body);
      assertEquals(arrived.length, body.length);
      assert(arrived.every((octet, i) => octet === body[i]));
    },
  },
  {
    name: "an empty body arrives as it was sent",
    run: (broker) => assertEquals(echo(broker, "").body.length, 0),
  },
  ...Object.entries(VALUES).map(([name, value]): Behaviour => ({
    name: `a header value arrives as it was sent: ${JSON.stringify(value)}`,
    run: (broker) => {
      const { headers } = echo(broker, "x", { [`x-${name}`]: value });
      assertEquals(headers.get(`x-${name}`), value);
    },
  })),
];

function echo(
  broker: BrokerUnderTest,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Frame {
  return withClient(broker, (client) => {
    const queue = newQueue();
    client.send(queue, body, { headers, receipt: true });
    client.subscribe(queue);
    const [frame] = take(client, 1);
    assert(client.ack(frame!, { receipt: true }));
    return frame!;
  });
}
