import { BrokerCore } from "../broker/core.ts";
import { BrokerSession } from "../broker/session.ts";
import { encodeFrame, Frame, FrameDecoder } from "../codec/mod.ts";
import { BODY_SIZE } from "./client.ts";
import { textBody } from "./samples.ts";

/** How many messages wait in the end. */
const DEPTH = 1_000_000;
/** How many are timed at either end. */
const PART = 100_000;

/** A client of the broker's core, without sockets, which acknowledges what it gets. */
function connected(core: BrokerCore) {
  let taken = 0;
  const acks: string[] = [];
  const peer = new BrokerSession(core, {
    isWritable: true,
    send: (frame) => {
      if (frame.command !== "MESSAGE") return;
      taken++;
      acks.push(frame.headers.get("ack")!);
    },
    entered: () => {},
  });
  peer.receive(new Frame("CONNECT", { "accept-version": "1.2", host: "/" }));
  return { peer, acks, taken: () => taken };
}

/** What a message costs at either end of a long queue, to put in and to take out. */
export function measureDepth(): string {
  const core = new BrokerCore();
  const producer = connected(core);
  const octets = encodeFrame(
    new Frame("SEND", { destination: "/queue/a" }, textBody(BODY_SIZE)),
  );
  const decoder = new FrameDecoder({ version: "1.2" });
  const put = (count: number) => {
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      decoder.push(octets);
      for (const frame of decoder) producer.peer.receive(frame);
    }
    return 1e6 * (performance.now() - start) / count;
  };
  put(PART);
  const firstIn = put(PART);
  put(DEPTH - 3 * PART);
  const lastIn = put(PART);
  const { peer, acks } = connected(core);
  peer.receive(
    new Frame("SUBSCRIBE", {
      id: "s",
      destination: "/queue/a",
      ack: "client-individual",
      "prefetch-count": "1000",
    }),
  );
  const take = (count: number) => {
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      peer.receive(new Frame("ACK", { id: acks[i]! }));
    }
    acks.splice(0, count);
    return 1e6 * (performance.now() - start) / count;
  };
  take(PART);
  const firstOut = take(PART);
  take(DEPTH - 4 * PART);
  const lastOut = take(PART);
  const shown = [firstIn, lastIn, firstOut, lastOut].map((ns) =>
    `${Math.round(ns)} ns`
  );
  return `\nA queue of ${DEPTH.toLocaleString()} messages, without sockets: to put in costs ${
    shown[0]
  } at first and ${shown[1]} at last, to take and acknowledge ${
    shown[2]
  } at first and ${shown[3]} at last.\n`;
}
