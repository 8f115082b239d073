// How brokers differ, word by word: the same conversations with the real ones
// and with the test kit that answers like them.

import type { Version } from "../../codec/mod.ts";
import { assertEquals } from "../support/assert.ts";
import type { PlainFrame } from "../support/frames.ts";
import { headerOf, raw, type RawPeer } from "../support/raw_peer.ts";
import { newQueue } from "./behaviour.ts";

/** Brokers that differ. */
export type Dialect =
  | "rabbitmq"
  | "activemq"
  | "artemis"
  | "stompest"
  | "coilmq"
  | "stompserver";

/** A broker, as these conversations reach it. */
export interface Counterpart {
  /** A connection on which nothing has been said. */
  dial(): Promise<RawPeer>;
  /** What lets a client in. */
  readonly login: Readonly<Record<string, string>>;
  /** Says something and returns all that comes back. */
  say(peer: RawPeer, text: string): Promise<PlainFrame[]>;
}

/** What came back, a line each: an `ERROR` with the receipt it names, a message with a star if redelivered. */
function heard(peer: RawPeer, frames: readonly PlainFrame[]): string[] {
  const lines = frames.map((frame) => {
    switch (frame.command) {
      case "MESSAGE": {
        const star = headerOf(frame, "redelivered") === "true" ? "*" : "";
        return `MESSAGE ${frame.body}${star}`;
      }
      case "RECEIPT":
      case "ERROR":
        return `${frame.command} ${headerOf(frame, "receipt-id") ?? ""}`.trim();
      default:
        return frame.command;
    }
  });
  return peer.hasEnded ? [...lines, "the end"] : lines;
}

/** One conversation, and what it needs. */
class Talk {
  readonly #broker: Counterpart;
  readonly queue = newQueue();
  readonly topic = newQueue().replace("/queue/", "/topic/");
  readonly #peers: RawPeer[] = [];

  constructor(broker: Counterpart) {
    this.#broker = broker;
  }

  /** A connection on which nothing has been said. */
  async dial(): Promise<RawPeer> {
    const peer = await this.#broker.dial();
    this.#peers.push(peer);
    return peer;
  }

  /** A connection that is open. */
  async connect(
    headers: Record<string, string> = {},
    version: Version = "1.2",
  ): Promise<RawPeer> {
    const peer = await this.dial();
    await peer.connect(version, { ...this.#broker.login, ...headers });
    return peer;
  }

  /** A CONNECT. */
  hello(headers: Record<string, string>): string {
    const { login } = this.#broker;
    return raw("CONNECT", {
      "accept-version": "1.2",
      host: "/",
      ...login,
      ...headers,
    });
  }

  /** Says something; what comes back. */
  frames(peer: RawPeer, text: string): Promise<PlainFrame[]> {
    return this.#broker.say(peer, text);
  }

  /** The same, a line a frame. */
  async say(peer: RawPeer, text: string): Promise<string[]> {
    return heard(peer, await this.frames(peer, text));
  }

  /** Sends messages to the queue and subscribes to it. Returns their `ack`. */
  async deliver(
    peer: RawPeer,
    texts: string,
    ack = "client-individual",
  ): Promise<string[]> {
    const { queue: destination } = this;
    const sends = [...texts].map((text) =>
      raw("SEND", { destination, receipt: "r" }, text)
    );
    await this.say(peer, sends.join(""));
    const subscribe = raw("SUBSCRIBE", { id: "s", destination, ack });
    const frames = await this.frames(peer, subscribe);
    assertEquals(frames.map(({ body }) => body), [...texts]);
    return frames.map((frame) => headerOf(frame, "ack")!);
  }

  async close(): Promise<void> {
    for (const peer of this.#peers) await peer.close();
  }
}

/** A conversation whose course depends on the broker. */
interface Difference {
  readonly name: string;
  run(talk: Talk): Promise<unknown>;
  /** What comes of it; the kit alone has a say for those that are not tried. */
  readonly outcome: Readonly<Partial<Record<Dialect, unknown>>>;
}

const GOES_ON = ["ERROR r"];
const ENDS = ["ERROR r", "the end"];

/** What a subscription to the parts below a topic is sent, by wildcard. */
async function matchedBy(talk: Talk, wildcard: string): Promise<string> {
  const peer = await talk.connect();
  const subscribe = raw("SUBSCRIBE", {
    id: "s",
    destination: `${talk.topic}.${wildcard}`,
    receipt: "r",
  });
  const [answer] = await talk.say(peer, subscribe);
  if (answer !== "RECEIPT r") return "refused";
  const sends = ["", ".a", ".a.b"].map((below, i) =>
    raw("SEND", { destination: talk.topic + below }, String(i))
  );
  const frames = await talk.frames(peer, sends.join(""));
  return frames.map(({ body }) => body).toSorted().join("");
}

export const DIFFERENCES: readonly Difference[] = [
  {
    name: "a SEND to oneself: its receipt, and the message",
    run: async (talk) => {
      const peer = await talk.connect();
      const { queue: destination } = talk;
      await talk.say(peer, raw("SUBSCRIBE", { id: "s", destination }));
      return await talk.say(
        peer,
        raw("SEND", { destination, receipt: "r" }, "own"),
      );
    },
    outcome: {
      rabbitmq: ["MESSAGE own", "RECEIPT r"],
      activemq: ["RECEIPT r", "MESSAGE own"],
      stompest: ["RECEIPT r", "MESSAGE own"],
    },
  },
  {
    name: "a COMMIT of a SEND to oneself: its receipt, and the message",
    run: async (talk) => {
      const peer = await talk.connect();
      const { queue: destination } = talk;
      const transaction = "t";
      await talk.say(peer, raw("SUBSCRIBE", { id: "s", destination }));
      return await talk.say(
        peer,
        raw("BEGIN", { transaction }) +
          raw("SEND", { destination, transaction }, "own") +
          raw("COMMIT", { transaction, receipt: "r" }),
      );
    },
    outcome: {
      rabbitmq: ["RECEIPT r", "MESSAGE own"],
      activemq: ["RECEIPT r", "MESSAGE own"],
      stompest: ["RECEIPT r", "MESSAGE own"],
    },
  },
  {
    name: "a NACK that names the message-id in 1.2",
    run: async (talk) => {
      const peer = await talk.connect();
      const { queue: destination } = talk;
      await talk.say(peer, raw("SEND", { destination, receipt: "r" }, "a"));
      const ack = "client-individual";
      const [message] = await talk.frames(
        peer,
        raw("SUBSCRIBE", { id: "s", destination, ack, "prefetch-count": "1" }),
      );
      const id = headerOf(message, "message-id");
      const [answer] = await talk.say(peer, raw("NACK", { id, receipt: "r" }));
      return answer;
    },
    outcome: {
      rabbitmq: "RECEIPT r",
      activemq: "ERROR r",
      stompest: "RECEIPT r",
    },
  },
  {
    name: "a command that there is not, and what follows",
    run: async (talk) => {
      const peer = await talk.connect();
      const { queue: destination } = talk;
      const answers = await talk.say(peer, raw("HELLO"));
      if (peer.hasEnded) return answers;
      const send = raw("SEND", { destination, receipt: "r" }, "a");
      return [...answers, ...await talk.say(peer, send)];
    },
    outcome: {
      rabbitmq: ["ERROR", "RECEIPT r"],
      activemq: ["ERROR", "the end"],
      stompest: ["ERROR", "the end"],
    },
  },
  ...[
    ["*", { rabbitmq: "1", activemq: "1", stompest: "1" }] as const,
    [">", { rabbitmq: "", activemq: "012", stompest: "012" }] as const,
    ["#", { rabbitmq: "012", activemq: "", stompest: "refused" }] as const,
  ].map(([wildcard, outcome]): Difference => ({
    name: `a subscription below a topic with the wildcard ${wildcard}`,
    run: (talk) => matchedBy(talk, wildcard),
    outcome,
  })),
  {
    name: "CONNECT with the TCP host in the host header",
    run: async (talk) => {
      const [first] = await talk.say(
        await talk.dial(),
        talk.hello({ host: "localhost" }),
      );
      return first;
    },
    outcome: {
      rabbitmq: "ERROR",
      activemq: "CONNECTED",
      artemis: "CONNECTED",
      stompest: "CONNECTED",
    },
  },
  {
    name: "CONNECT with a wrong passcode",
    run: async (talk) =>
      await talk.say(await talk.dial(), talk.hello({ passcode: "wrong" })),
    outcome: {
      rabbitmq: ["ERROR"],
      activemq: ["ERROR", "the end"],
      stompest: ["ERROR", "the end"],
    },
  },
  {
    name:
      "the heart-beats offered to who can every 1.5 s and wants every 2.5 s",
    run: async (talk) => {
      const hello = talk.hello({ "heart-beat": "1500,2500" });
      const [connected] = await talk.frames(await talk.dial(), hello);
      return headerOf(connected, "heart-beat");
    },
    outcome: {
      rabbitmq: "2000,1000",
      activemq: "2500,1500",
      stompest: "2500,1500",
    },
  },
  {
    name: "SUBSCRIBE with a selector that makes no sense",
    run: async (talk) =>
      await talk.say(
        await talk.connect(),
        raw("SUBSCRIBE", {
          id: "s",
          destination: talk.queue,
          selector: "no = = sense",
          receipt: "r",
        }),
      ),
    outcome: { rabbitmq: ["RECEIPT r"], activemq: GOES_ON, stompest: ENDS },
  },
  {
    name: "a client-id that another connection has",
    run: async (talk) => {
      const id = { "client-id": talk.queue };
      await talk.connect(id);
      return await talk.say(await talk.dial(), talk.hello(id));
    },
    outcome: {
      rabbitmq: ["CONNECTED"],
      activemq: ["ERROR", "the end"],
      stompest: ["CONNECTED"],
    },
  },
  {
    name: "a client-id comes back as soon as its connection has gone",
    run: async (talk) => {
      const id = { "client-id": talk.queue };
      const first = await talk.connect(id);
      await talk.say(first, raw("DISCONNECT", { receipt: "r" }));
      return await talk.say(await talk.dial(), talk.hello(id));
    },
    outcome: { activemq: ["CONNECTED"], stompest: ["CONNECTED"] },
  },
  {
    name: "COMMIT of a transaction that there is not",
    run: async (talk) =>
      await talk.say(
        await talk.connect(),
        raw("COMMIT", { transaction: "none", receipt: "r" }),
      ),
    outcome: { rabbitmq: ["ERROR"], activemq: GOES_ON, stompest: ENDS },
  },
  {
    name: "SEND without a destination",
    run: async (talk) =>
      await talk.say(await talk.connect(), raw("SEND", { receipt: "r" })),
    outcome: { rabbitmq: ["ERROR"], activemq: GOES_ON, stompest: ENDS },
  },
  {
    name: "UNSUBSCRIBE of a subscription that there is not",
    run: async (talk) =>
      await talk.say(
        await talk.connect(),
        raw("UNSUBSCRIBE", { id: "none", receipt: "r" }),
      ),
    outcome: { rabbitmq: ["ERROR"], activemq: GOES_ON, stompest: ENDS },
  },
  {
    name: "SEND with a message-id",
    run: async (talk) =>
      await talk.say(
        await talk.connect(),
        raw("SEND", {
          destination: talk.queue,
          "message-id": "m",
          receipt: "r",
        }),
      ),
    outcome: {
      rabbitmq: ["ERROR"],
      activemq: ["RECEIPT r"],
      stompest: ["RECEIPT r"],
    },
  },
  {
    name: "destinations: bare, nested, and of no known kind",
    run: async (talk) => {
      const peer = await talk.connect();
      const bare = talk.queue.slice("/queue/".length);
      const outcomes: string[][] = [];
      for (const name of [bare, `${talk.queue}/b`, `/nonsense/${bare}`]) {
        outcomes.push(
          await talk.say(
            peer,
            raw("SEND", { destination: name, receipt: "r" }, "x"),
          ),
        );
      }
      outcomes.push(
        await talk.say(
          peer,
          raw("SUBSCRIBE", { id: "s", destination: talk.queue }),
        ),
      );
      return outcomes;
    },
    outcome: {
      rabbitmq: [["RECEIPT r"], ["ERROR"], ["ERROR"], ["MESSAGE x"]],
      activemq: [["RECEIPT r"], ["RECEIPT r"], ["RECEIPT r"], ["MESSAGE x"]],
      stompest: [["RECEIPT r"], ["RECEIPT r"], ["RECEIPT r"], []],
    },
  },
  {
    name: "SUBSCRIBE to a temporary queue",
    run: async (talk) =>
      await talk.say(
        await talk.connect(),
        raw("SUBSCRIBE", {
          id: "s",
          destination: "/temp-queue/x",
          receipt: "r",
        }),
      ),
    outcome: {
      rabbitmq: ["ERROR"],
      activemq: ["RECEIPT r"],
      stompest: ["RECEIPT r"],
    },
  },
  {
    name: "SUBSCRIBE without an id",
    run: async (talk) => {
      const peer = await talk.connect();
      const { queue: destination } = talk;
      await talk.say(peer, raw("SEND", { destination, receipt: "s" }, "x"));
      const lines = await talk.say(
        peer,
        raw("SUBSCRIBE", { destination, receipt: "r" }),
      );
      return lines.sort();
    },
    outcome: {
      rabbitmq: ["MESSAGE x", "RECEIPT r"],
      activemq: GOES_ON,
      stompest: ENDS,
    },
  },
  {
    name: "a subscription with the id of another one",
    run: async (talk) => {
      const peer = await talk.connect();
      const subscribe = (receipt: string) =>
        raw("SUBSCRIBE", { id: "s", destination: talk.queue, receipt });
      await talk.say(peer, subscribe("first"));
      const lines = await talk.say(peer, subscribe("r"));
      return [lines[0], lines.at(-1)];
    },
    outcome: {
      rabbitmq: ["ERROR", "the end"],
      activemq: ["RECEIPT r", "RECEIPT r"],
      stompest: ENDS,
    },
  },
  {
    name: "two subscriptions with one id: both get messages and acknowledge",
    run: async (talk) => {
      const peer = await talk.connect();
      const other = newQueue();
      const ack = "client-individual";
      const frames = [];
      for (const destination of [talk.queue, other]) {
        await talk.say(peer, raw("SUBSCRIBE", { id: "s", destination, ack }));
      }
      for (const destination of [talk.queue, other]) {
        frames.push(...await talk.frames(peer, raw("SEND", { destination })));
      }
      const acks = frames.map((frame) =>
        raw("ACK", { id: headerOf(frame, "ack"), receipt: "r" })
      );
      return await talk.say(peer, acks.join(""));
    },
    outcome: { activemq: ["RECEIPT r", "RECEIPT r"] },
  },
  {
    name: "a prefetch, and a later subscription without one",
    run: async (talk) => {
      const peer = await talk.connect();
      const queues = [newQueue(), newQueue()];
      const outcomes: string[][] = [];
      for (const [i, destination] of queues.entries()) {
        const send = raw("SEND", { destination, receipt: "r" }, "x");
        await talk.say(peer, send + send);
        const headers = {
          id: `s${i}`,
          destination,
          ack: "client-individual",
          ...(i > 0
            ? {}
            : { "prefetch-count": "1", "activemq.prefetchSize": "1" }),
        };
        outcomes.push(await talk.say(peer, raw("SUBSCRIBE", headers)));
      }
      return outcomes.map(({ length }) => length);
    },
    outcome: { rabbitmq: [1, 1], activemq: [1, 2] },
  },
  {
    name: "NACK of the second of three in mode client",
    run: async (talk) => {
      const peer = await talk.connect();
      const acks = await talk.deliver(peer, "123", "client");
      return await talk.say(peer, raw("NACK", { id: acks[1] }));
    },
    outcome: {
      rabbitmq: ["MESSAGE 1*", "MESSAGE 2*"],
      activemq: [],
      stompest: ["MESSAGE 1*", "MESSAGE 2*"],
    },
  },
  {
    name: "NACK in mode client, and then ACK of what was before",
    run: async (talk) => {
      const peer = await talk.connect();
      const acks = await talk.deliver(peer, "123", "client");
      await talk.say(peer, raw("NACK", { id: acks[1] }));
      return await talk.say(peer, raw("ACK", { id: acks[0], receipt: "r" }));
    },
    outcome: { activemq: ["RECEIPT r"] },
  },
  {
    name: "ACK after UNSUBSCRIBE",
    run: async (talk) => {
      const peer = await talk.connect();
      const [id] = await talk.deliver(peer, "1");
      await talk.say(peer, raw("UNSUBSCRIBE", { id: "s" }));
      return await talk.say(peer, raw("ACK", { id, receipt: "r" }));
    },
    outcome: { rabbitmq: ["ERROR"], activemq: ["RECEIPT r"], stompest: ENDS },
  },
  {
    name: "what was not acknowledged before UNSUBSCRIBE",
    run: async (talk) => {
      const [peer, other] = [await talk.connect(), await talk.connect()];
      await talk.deliver(peer, "12");
      await talk.say(peer, raw("UNSUBSCRIBE", { id: "s", receipt: "r" }));
      const subscribe = raw("SUBSCRIBE", {
        id: "s",
        destination: talk.queue,
        ack: "client-individual",
      });
      const atOnce = await talk.say(other, subscribe);
      await peer.close();
      return [atOnce, await talk.say(other, "")];
    },
    outcome: {
      rabbitmq: [[], ["MESSAGE 1*", "MESSAGE 2*"]],
      activemq: [["MESSAGE 1*", "MESSAGE 2*"], []],
      stompest: [["MESSAGE 1*", "MESSAGE 2*"], []],
    },
  },
  {
    name: "the receipt header of a SEND in its MESSAGE",
    run: async (talk) => {
      const peer = await talk.connect();
      await talk.say(
        peer,
        raw("SEND", { destination: talk.queue, receipt: "r" }),
      );
      const subscribe = raw("SUBSCRIBE", { id: "s", destination: talk.queue });
      const [message] = await talk.frames(peer, subscribe);
      return headerOf(message, "receipt");
    },
    outcome: { rabbitmq: "r", activemq: undefined, stompest: undefined },
  },
  {
    name: "ACK in a transaction that is aborted",
    run: async (talk) => {
      const peer = await talk.connect();
      const [id] = await talk.deliver(peer, "1");
      const transaction = "t";
      return await talk.say(
        peer,
        raw("BEGIN", { transaction }) + raw("ACK", { id, transaction }) +
          raw("ABORT", { transaction }) + raw("ACK", { id, receipt: "r" }),
      );
    },
    outcome: {
      rabbitmq: ["RECEIPT r"],
      activemq: ["RECEIPT r"],
      artemis: ENDS,
      stompest: ["RECEIPT r"],
    },
  },
  {
    name:
      "a durable subscription: deleting it while it is consumed, then left, then gone",
    run: async (talk) => {
      const peer = await talk.connect({ "client-id": talk.queue });
      const name = talk.topic.slice("/topic/".length);
      const id = { id: name };
      const words = { "activemq.subscriptionName": name };
      const subscribe = {
        ...id,
        ...words,
        destination: talk.topic,
        durable: "true",
        "auto-delete": "false",
      };
      await talk.say(peer, raw("SUBSCRIBE", subscribe));
      const outcomes: string[][] = [];
      for (
        const headers of [
          { ...id, ...words },
          id,
          { ...id, ...words },
          { ...id, ...words },
        ]
      ) {
        outcomes.push(
          await talk.say(
            peer,
            raw("UNSUBSCRIBE", { ...headers, receipt: "r" }),
          ),
        );
      }
      return outcomes;
    },
    outcome: {
      activemq: [["ERROR r"], ["RECEIPT r"], ["RECEIPT r"], ["ERROR r"]],
    },
  },
  {
    name:
      "a durable subscription that gathers from another topic under its name",
    run: async (talk) => {
      const peer = await talk.connect({ "client-id": talk.queue });
      const name = talk.topic.slice("/topic/".length);
      const outcomes: string[][] = [];
      for (const destination of [talk.topic, `${talk.topic}-2`, talk.topic]) {
        const subscribe = raw("SUBSCRIBE", {
          id: name,
          destination,
          "activemq.subscriptionName": name,
          durable: "true",
          "auto-delete": "false",
        });
        outcomes.push(await talk.say(peer, subscribe));
        await talk.say(
          peer,
          raw("UNSUBSCRIBE", { id: name }) +
            raw("SEND", { destination }, "gathered"),
        );
      }
      return outcomes.flat();
    },
    outcome: {
      rabbitmq: ["MESSAGE gathered"],
      activemq: [],
    },
  },
];

/** Has every conversation with a broker that answers like this one. */
export function tryDifferences(
  dialect: Dialect,
  register: (
    name: string,
    run: (broker: Counterpart) => Promise<void>,
  ) => void,
): void {
  for (const { name, run, outcome } of DIFFERENCES) {
    if (!(dialect in outcome)) continue;
    register(name, async (broker) => {
      const talk = new Talk(broker);
      try {
        assertEquals(await run(talk), outcome[dialect]);
      } finally {
        await talk.close();
      }
    });
  }
}
