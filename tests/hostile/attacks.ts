/**
 * What clients may try, to bring a broker down: a table of attacks, each of any
 * size. `deno task test:hostile` has them in full size, the gate in a small one.
 *
 * @module
 */

import type { BrokerOptions } from "../../broker/mod.ts";
import type { Version } from "../../codec/mod.ts";
import { ConnectionError } from "../../errors.ts";
import { headerOf, raw, type RawPeer } from "../support/raw_peer.ts";

/** What an attack has at hand. */
export interface Target {
  /** A client that has said nothing yet. */
  dial(): Promise<RawPeer>;
  /** So much of everything: 1 is the full size. */
  readonly scale: number;
}

/** Something that a client tries. */
export interface Attack {
  readonly name: string;
  /** What of the broker's options it is about, given the size. */
  readonly options?: (scale: number) => BrokerOptions;
  /** Does it, and returns what the attacker is told; empty: nothing. */
  readonly run: (target: Target) => Promise<string>;
  /** What that must be. */
  readonly told: RegExp;
}

const MIB = 1024 * 1024;
const NOTHING = /^$/;

const TOPIC = "/topic/nobody";
/** What fills a piece, and is gone at once. */
const FILLER = raw("SEND", { destination: TOPIC }, "x".repeat(60_000));

function scaled(count: number, scale: number): number {
  return Math.max(3, Math.ceil(count * scale));
}

async function connected(
  { dial }: Target,
  version: Version = "1.2",
): Promise<RawPeer> {
  const peer = await dial();
  await peer.connect(version);
  return peer;
}

/** Says it, unless nobody listens any more. */
async function say(peer: RawPeer, text: string): Promise<void> {
  try {
    await peer.write(text);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
  }
}

/** Says so many things, up to the end of the connection. */
async function sayMany(
  peer: RawPeer,
  count: number,
  text: (i: number) => string,
): Promise<void> {
  let gathered = "";
  for (let i = 0; i < count && !peer.hasEnded; i++) {
    gathered += text(i);
    if (gathered.length < 32_768 && i + 1 < count) continue;
    await say(peer, gathered);
    gathered = "";
  }
}

/** The message of the ERROR that comes, what comes before it not counted. */
async function errorOf(peer: RawPeer): Promise<string> {
  for (;;) {
    const frame = await peer.next();
    if (frame === undefined) return "the end, without a word";
    if (frame.command === "ERROR") return headerOf(frame, "message") ?? "?";
  }
}

/** Waits until everything has been handled that a client has said. */
async function handled(peer: RawPeer): Promise<string> {
  await say(peer, raw("SEND", { destination: TOPIC, receipt: "end" }));
  for (;;) {
    const frame = await peer.next();
    if (frame === undefined) return "the end, without a word";
    if (frame.command === "ERROR") return headerOf(frame, "message") ?? "?";
    if (frame.command === "RECEIPT") return "";
  }
}

/** So many frames of one kind, until there is an ERROR. */
function counting(
  frame: (i: number) => string,
  count: number,
): (target: Target) => Promise<string> {
  return async (target) => {
    const peer = await connected(target);
    await sayMany(peer, scaled(count, target.scale) + 1, frame);
    return await errorOf(peer);
  };
}

const LONG = "x".repeat(4000);

/** Each of them, in full size. */
export const ATTACKS: readonly Attack[] = [
  {
    name: "a body of 64 MiB before CONNECT, four times",
    run: async (target) => {
      const told = await Promise.all([1, 2, 3, 4].map(async () => {
        const peer = await target.dial();
        await say(peer, "SEND\ndestination:/queue/a\n\n");
        const pieces = scaled(64 * MIB / 32_768, target.scale);
        await sayMany(peer, pieces, () => "x".repeat(32_768));
        return await errorOf(peer);
      }));
      return told[0]!;
    },
    told: /not opened with CONNECT|8192 octets/,
  },
  {
    name: "a CONNECT that does not end",
    run: async (target) => {
      const peer = await target.dial();
      await say(peer, "CONNECT\n");
      await sayMany(
        peer,
        scaled(2000, target.scale),
        (i) => `a${i}:${"x".repeat(8000)}\n`,
      );
      return await errorOf(peer);
    },
    told: /8192 octets/,
  },
  {
    name: "small bodies between large ones, into a queue of 1 MiB",
    options: (scale) => ({ maxQueueOctets: Math.ceil(MIB * scale) }),
    run: counting(
      () => FILLER + raw("SEND", { destination: "/queue/a" }, "y".repeat(100)),
      4000,
    ),
    told: /queue .* is full/,
  },
  {
    name: "a queue that nobody consumes, beyond the 64 MiB of the broker",
    options: (scale) => ({ maxOctets: Math.ceil(64 * MIB * scale) }),
    run: counting(
      () => raw("SEND", { destination: "/queue/a" }, "y".repeat(1000)),
      60_000,
    ),
    told: /maxOctets/,
  },
  {
    name: "thousands of names of queues, each in a long head",
    options: (scale) => ({ maxDestinations: scaled(10_000, scale) }),
    run: counting(
      (i) => raw("SEND", { destination: `/queue/${i}${LONG}` }, "x"),
      10_000,
    ),
    told: /maxDestinations/,
  },
  {
    name: "subscriptions without end",
    options: (scale) => ({ maxSubscriptions: scaled(1000, scale) }),
    run: counting(
      (i) => raw("SUBSCRIBE", { id: `${i}`, destination: "/topic/a" }),
      1000,
    ),
    told: /maxSubscriptions/,
  },
  {
    name: "durable names without end",
    options: (scale) => ({
      maxDestinations: scaled(10_000, scale),
      maxSubscriptions: 1e9,
    }),
    run: counting(
      (i) =>
        raw("SUBSCRIBE", {
          id: `${i}`,
          destination: "/topic/a",
          durable: "true",
        }) + raw("UNSUBSCRIBE", { id: `${i}` }),
      10_000,
    ),
    told: /maxDestinations/,
  },
  {
    name: "transactions without end, with long names",
    options: (scale) => ({ maxTransactions: scaled(1000, scale) }),
    run: counting((i) => raw("BEGIN", { transaction: `${i}${LONG}` }), 1000),
    told: /maxTransactions/,
  },
  {
    name: "a transaction that is never committed",
    options: (scale) => ({ maxOctets: Math.ceil(64 * MIB * scale) }),
    run: async (target) => {
      const peer = await connected(target);
      const transaction = "t";
      await say(peer, raw("BEGIN", { transaction }));
      await sayMany(
        peer,
        scaled(60_000, target.scale) + 100,
        () =>
          raw(
            "SEND",
            { destination: "/queue/a", transaction },
            "y".repeat(1000),
          ),
      );
      return await errorOf(peer);
    },
    told: /maxOctets/,
  },
  {
    name: "connections without end",
    options: (scale) => ({ maxConnections: scaled(500, scale) }),
    run: async (target) => {
      const peers = [];
      for (let i = scaled(500, target.scale); i >= 0; i--) {
        peers.push(await target.dial());
      }
      const told = await errorOf(peers.at(-1)!);
      for (const peer of peers) await peer.close();
      return told;
    },
    told: /maxConnections/,
  },
  {
    name: "1,000 subscriptions to one topic, 200 messages, and nothing is read",
    run: async (target) => {
      const peer = await connected(target);
      await sayMany(
        peer,
        scaled(1000, target.scale),
        (i) => raw("SUBSCRIBE", { id: `${i}`, destination: "/topic/a" }),
      );
      await handled(peer);
      peer.pause();
      const sender = await connected(target);
      await sayMany(
        sender,
        scaled(200, target.scale),
        () => raw("SEND", { destination: "/topic/a" }, "x"),
      );
      return await handled(sender);
    },
    told: NOTHING,
  },
  {
    name: "a subscriber who does not read, on a topic of 64 MiB",
    options: (scale) => ({ maxQueueOctets: Math.ceil(MIB * scale) }),
    run: async (target) => {
      const peer = await connected(target);
      await say(peer, raw("SUBSCRIBE", { id: "s", destination: "/topic/a" }));
      peer.pause();
      const sender = await connected(target);
      await sayMany(
        sender,
        scaled(64, target.scale) * 16,
        () => raw("SEND", { destination: "/topic/a" }, "x".repeat(64_000)),
      );
      return await handled(sender);
    },
    told: NOTHING,
  },
  {
    name: "BEGIN, ACK of 50,000 messages, ABORT, in one packet 700 times",
    run: async (target) => {
      const peer = await connected(target);
      const count = scaled(50_000, target.scale);
      await say(
        peer,
        raw("SUBSCRIBE", { id: "s", destination: "/queue/a", ack: "client" }),
      );
      await sayMany(
        peer,
        count,
        () => raw("SEND", { destination: "/queue/a" }, "x"),
      );
      let last;
      for (let i = 0; i < count; i++) last = await peer.next();
      const id = headerOf(last, "ack");
      const transaction = "t";
      const round = raw("BEGIN", { transaction }) +
        raw("ACK", { id, transaction }) + raw("ABORT", { transaction });
      await say(peer, round.repeat(scaled(700, target.scale)));
      return await handled(peer);
    },
    told: NOTHING,
  },
  {
    name: "12,000 ACKs of STOMP 1.0 that name no subscription",
    options: () => ({ maxSubscriptions: 1e9, maxDestinations: 1e9 }),
    run: async (target) => {
      const peer = await connected(target, "1.0");
      const count = scaled(12_000, target.scale);
      await sayMany(peer, count, (i) => {
        const destination = `/queue/${i}`;
        return raw("SUBSCRIBE", { id: `${i}`, destination, ack: "client" }) +
          raw("SEND", { destination }, "x");
      });
      const ids: (string | undefined)[] = [];
      while (ids.length < count) {
        ids.push(headerOf(await peer.next(), "message-id"));
      }
      await sayMany(
        peer,
        count,
        (i) => raw("ACK", { "message-id": ids[count - 1 - i] }),
      );
      return await handled(peer);
    },
    told: NOTHING,
  },
  {
    name: "12 clients that send as much as they can, for 5 s",
    run: async (target) => {
      const end = performance.now() + 5000 * target.scale;
      const packet = raw("SEND", { destination: "/topic/b" }, "x").repeat(1000);
      const told = await Promise.all(
        Array.from({ length: 12 }, async () => {
          const peer = await connected(target);
          while (performance.now() < end) await say(peer, packet);
          return await handled(peer);
        }),
      );
      return told.join("");
    },
    told: NOTHING,
  },
  {
    name: "4,000 subscribers, and who sends to all of them as much as he can",
    run: async (target) => {
      const readers = [];
      for (let n = 0; n < 4; n++) {
        const peer = await connected(target);
        readers.push(peer);
        await sayMany(
          peer,
          scaled(1000, target.scale),
          (i) => raw("SUBSCRIBE", { id: `${i}`, destination: "/topic/a" }),
        );
        await handled(peer);
      }
      const sender = await connected(target);
      await say(
        sender,
        raw("SEND", { destination: "/topic/a" }, "x")
          .repeat(scaled(50, target.scale)),
      );
      return await handled(sender);
    },
    told: NOTHING,
  },
];
