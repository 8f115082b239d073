import { message } from "../../support/scripted_broker.ts";
import { raw } from "../../support/raw_peer.ts";
import { withChance } from "../../support/random.ts";
import { conversationOf, MANY } from "./conversation.ts";
import type { ScriptedPeer } from "./scripted_peer.ts";

type Script = (peer: ScriptedPeer) => Promise<void>;

/** What a receiving client does at first. */
async function subscribed(peer: ScriptedPeer): Promise<void> {
  await peer.accept();
  await peer.expectAndConfirm("SUBSCRIBE");
}

/** Does not let the next connection in. */
async function refuse(peer: ScriptedPeer): Promise<void> {
  await peer.acceptOnly();
  await peer.expect("CONNECT");
  await peer.say(raw("ERROR", { message: "not you" }));
  await peer.expectEnd();
}

/** Says no to what has come last. */
async function object(peer: ScriptedPeer): Promise<void> {
  const receipt = peer.lastReceipt;
  await peer.say(raw("ERROR", { message: "no", "receipt-id": receipt }));
}

/** Ends a subscription, and says so. */
function cancel(peer: ScriptedPeer): Promise<void> {
  return peer.say(raw("ERROR", { message: "deleted", subscription: "s" }));
}

/** Lets the next connection in, but not its subscription. */
async function refuseSubscription(peer: ScriptedPeer): Promise<void> {
  await peer.accept();
  await peer.expect("SUBSCRIBE");
  await object(peer);
  await peer.expectEnd();
}

/** Lets the second connection in by and by, and its subscription, too. */
async function slowSecond(peer: ScriptedPeer): Promise<void> {
  const aWhile = (ms: number) =>
    new Promise<void>((resolve) => setTimeout(resolve, ms));
  await subscribed(peer);
  await peer.hangUp();
  await peer.acceptOnly();
  await peer.expect("CONNECT");
  await aWhile(600);
  await peer.say(raw("CONNECTED", { version: "1.2" }));
  await peer.expect("SUBSCRIBE");
  await aWhile(400);
  await peer.confirm();
  await peer.say(message("s", 1));
}

/** The good end. */
async function goodBye(peer: ScriptedPeer): Promise<void> {
  await peer.expectAndConfirm("DISCONNECT");
  await peer.expectEnd();
}

/** The tests of the client look these up by name. */
export const SCRIPTS: Readonly<Record<string, Script>> = {
  "messages before and behind a receipt": async (peer) => {
    await subscribed(peer);
    await peer.expect("SEND");
    await peer.say(message("s", 1) + message("s", 2));
    await peer.confirm();
    await peer.say(message("s", 3));
    await goodBye(peer);
  },

  "a receipt that comes too late": async (peer) => {
    await peer.accept();
    const late = await peer.expect("SEND");
    await peer.expect("SEND");
    await peer.say(
      raw("RECEIPT", { "receipt-id": peer.header(late, "receipt") }),
    );
    await peer.confirm();
    await goodBye(peer);
  },

  "a receipt that never comes": async (peer) => {
    await peer.accept();
    await peer.expect("SEND");
    await peer.expectAndConfirm("SEND");
    await peer.expectEnd();
  },

  "an ERROR that names its receipt": async (peer) => {
    await peer.accept();
    await peer.expect("SEND");
    await object(peer);
    await peer.expectAndConfirm("SEND");
    await goodBye(peer);
  },

  "an ERROR that names nothing": async (peer) => {
    await peer.accept();
    await peer.expect("SEND");
    await peer.say(raw("ERROR", { message: "no" }));
    await peer.expectAndConfirm("SEND");
    await goodBye(peer);
  },

  "an ERROR that names nothing, behind something unconfirmed": async (peer) => {
    await peer.accept();
    await peer.expect("SEND");
    await peer.expect("SEND");
    await peer.say(raw("ERROR", { message: "no" }));
    await peer.expectAndConfirm("SEND");
    await goodBye(peer);
  },

  "an ERROR that names nothing, behind something confirmed": async (peer) => {
    await peer.accept();
    await peer.expect("SEND");
    await peer.expectAndConfirm("SEND");
    await peer.expect("SEND");
    await peer.say(raw("ERROR", { message: "no" }));
    await peer.expectAndConfirm("SEND");
    await goodBye(peer);
  },

  "an ERROR that names nothing, before something else": async (peer) => {
    await peer.accept();
    await peer.expect("SEND");
    await peer.say(raw("ERROR", { message: "no" }));
    await peer.expectAndConfirm("SEND");
    await goodBye(peer);
  },

  "an ERROR between two messages": async (peer) => {
    await subscribed(peer);
    await peer.say(
      message("s", 1) + raw("ERROR", { message: "no" }) + message("s", 2),
    );
    await goodBye(peer);
  },

  "an ERROR and the end": async (peer) => {
    await peer.accept();
    await peer.expect("SEND");
    await peer.say(raw("ERROR", { message: "that was it" }));
    await peer.hangUp();
  },

  "an ERROR that nobody waits for": async (peer) => {
    await peer.accept();
    await peer.expect("SEND");
    await peer.say(raw("ERROR", { message: "no such queue" }));
    await goodBye(peer);
  },

  "the end before a receipt": async (peer) => {
    await peer.accept();
    await peer.expect("SEND");
    await peer.hangUp();
    await peer.accept();
    await goodBye(peer);
  },

  "the end behind a message": async (peer) => {
    await subscribed(peer);
    await peer.say(message("s", 1));
    await peer.hangUp();
  },

  "two subscriptions on two connections": async (peer) => {
    await peer.accept();
    await peer.expectAndConfirm("SUBSCRIBE");
    await peer.expectAndConfirm("SUBSCRIBE");
    await peer.say(message("a", 1) + message("auto", 7));
    await peer.hangUp();
    await peer.accept();
    await peer.expectAndConfirm("SUBSCRIBE");
    await peer.expectAndConfirm("SUBSCRIBE");
    await peer.say(message("a", 1, { redelivered: "true" }));
    await peer.expect("ACK");
    await goodBye(peer);
  },

  "half a message, then the rest": async (peer) => {
    await subscribed(peer);
    const whole = message("s", 1);
    await peer.say(whole.slice(0, 30));
    await peer.expect("SEND");
    await peer.say(whole.slice(30));
    await goodBye(peer);
  },

  "silence instead of CONNECTED": async (peer) => {
    await peer.acceptOnly();
    await peer.expect("CONNECT");
    await peer.expectEnd();
  },

  "an HTTP server": async (peer) => {
    await peer.acceptOnly();
    await peer.expect("CONNECT");
    await peer.say("HTTP/1.1 400 Bad Request\r\n\r\n");
    await peer.expectEnd();
  },

  "a refusal": async (peer) => {
    await peer.acceptOnly();
    const frame = await peer.expect("CONNECT");
    const passcode = peer.header(frame, "passcode");
    await peer.say(raw("ERROR", { message: `${passcode} is wrong` }));
    await peer.expectEnd();
  },

  "a heart-beat that stops": async (peer) => {
    await peer.accept({ "heart-beat": "100,0" });
    await peer.expectEnd();
  },

  "an ear for heart-beats": async (peer) => {
    await peer.accept({ "heart-beat": "0,100" });
    await peer.expect("SEND");
    await peer.hearEols();
    await goodBye(peer);
  },

  "a deaf ear": async (peer) => {
    await peer.accept();
    peer.pause();
  },

  "a good-bye without a receipt": async (peer) => {
    await peer.accept();
    await peer.expect("DISCONNECT");
    await peer.hangUp();
  },

  "no good-bye": async (peer) => {
    await peer.accept();
    await peer.expect("DISCONNECT");
    await peer.expectEnd();
  },

  "a message that nobody subscribed to": async (peer) => {
    await peer.accept();
    await peer.say(message("/temp-queue/reply", 1));
    await goodBye(peer);
  },

  "messages for a subscription that has ended": async (peer) => {
    await subscribed(peer);
    await peer.say(message("s", 1) + message("s", 2));
    await peer.expect("UNSUBSCRIBE");
    await peer.say(message("s", 3));
    await peer.confirm();
    await goodBye(peer);
  },

  "a broker that hears nothing until it is heard": async (peer) => {
    await subscribed(peer);
    peer.pause();
    const body = "x".repeat(100_000);
    for (let i = 0; i < 150; i++) {
      await peer.say(raw("MESSAGE", {
        subscription: "s",
        "message-id": String(i),
        destination: "/queue/a",
      }, body));
    }
    peer.resume();
    for (let i = 0; i < 150; i++) await peer.expect("SEND");
    await goodBye(peer);
  },

  "a flood of messages": async (peer) => {
    await subscribed(peer);
    await peer.flood("s");
  },

  "a flood of messages that nobody wants": async (peer) => {
    await subscribed(peer);
    await peer.expect("UNSUBSCRIBE");
    await peer.flood("s");
  },

  "messages before another connection": async (peer) => {
    await subscribed(peer);
    await peer.say(message("s", 1) + message("s", 2) + message("s", 3));
    await peer.expectEnd();
    await subscribed(peer);
    await goodBye(peer);
  },

  "an end in between": async (peer) => {
    await peer.accept();
    await peer.expect("SEND");
    await peer.hangUp();
  },

  "a SUBSCRIBE that is refused": async (peer) => {
    await peer.accept();
    await peer.expect("SUBSCRIBE");
    await object(peer);
    await peer.expectAndConfirm("SUBSCRIBE");
    await goodBye(peer);
  },

  "a SUBSCRIBE that is confirmed too late": async (peer) => {
    await peer.accept();
    await peer.expect("SUBSCRIBE");
    await peer.expect("UNSUBSCRIBE");
    await peer.say(message("s", 1));
    await peer.expectAndConfirm("SUBSCRIBE");
    await peer.say(message("s", 2));
    await goodBye(peer);
  },

  "a subscription that begins anew under its id": async (peer) => {
    await subscribed(peer);
    await peer.say(message("s", 1));
    await peer.expectAndConfirm("UNSUBSCRIBE");
    await peer.expectAndConfirm("SUBSCRIBE");
    await goodBye(peer);
  },

  "a COMMIT that is refused": async (peer) => {
    await subscribed(peer);
    await peer.say(message("s", 1));
    await peer.expect("BEGIN");
    await peer.expect("ACK");
    await peer.expect("COMMIT");
    await object(peer);
    await peer.expectAndConfirm("ACK");
    await goodBye(peer);
  },

  "an ABORT that is not confirmed": async (peer) => {
    await subscribed(peer);
    await peer.say(message("s", 1));
    for (const command of ["BEGIN", "ACK", "ABORT", "ACK"]) {
      await peer.expect(command);
    }
    await goodBye(peer);
  },

  "acks inside and outside of a transaction": async (peer) => {
    await subscribed(peer);
    await peer.say(message("s", 1) + message("s", 2) + message("s", 3));
    await peer.expect("BEGIN");
    for (let i = 0; i < 2; i++) {
      await peer.expect("ACK");
      peer.hear("id", "transaction");
    }
    await peer.expectAndConfirm("ABORT");
    await peer.expect("ACK");
    peer.hear("id", "transaction");
    await goodBye(peer);
  },

  "RabbitMQ": async (peer) => {
    await peer.accept({ server: "RabbitMQ/3.10.8" });
    await peer.expectAndConfirm("SUBSCRIBE");
    peer.hear("prefetch-count", "ack", "id");
    await goodBye(peer);
  },

  "a transaction": async (peer) => {
    await peer.accept();
    for (const command of ["BEGIN", "SEND"]) {
      await peer.expect(command);
      peer.hear("transaction");
    }
    await peer.expectAndConfirm("COMMIT");
    peer.hear("transaction");
    await goodBye(peer);
  },

  "a transaction that fails": async (peer) => {
    await subscribed(peer);
    await peer.say(message("s", 1));
    await peer.expect("BEGIN");
    await peer.expect("ACK");
    peer.hear("transaction");
    await peer.expectAndConfirm("ABORT");
    await peer.expect("ACK");
    peer.hear("transaction");
    await goodBye(peer);
  },

  "a transaction on a connection that ends": async (peer) => {
    await peer.accept();
    await peer.expect("BEGIN");
    await peer.hangUp();
    await peer.accept();
    await peer.expect("BEGIN");
    await peer.expectAndConfirm("COMMIT");
    await goodBye(peer);
  },

  "another connection, and a message": async (peer) => {
    await subscribed(peer);
    await peer.hangUp();
    await subscribed(peer);
    await peer.say(message("s", 1));
    await goodBye(peer);
  },

  "what is said on two connections": async (peer) => {
    for (let connection = 0; connection < 2; connection++) {
      await peer.accept();
      peer.hear("client-id", "heart-beat");
      await peer.expectAndConfirm("SUBSCRIBE");
      peer.hear("durable", "destination");
      if (connection === 0) await peer.hangUp();
    }
    await peer.say(message("s", 1));
    await goodBye(peer);
  },

  "messages with flaws": async (peer) => {
    await subscribed(peer);
    await peer.say(
      message("s", 1) +
        "MESSAGE\nsubscription:s\nmessage-id:2\nack:a2\ndestination:/queue/a\n" +
        "note:a\\tb\n\n2\0" +
        "MESSAGE\nsubscription:s\nmessage-id:3\nack:a3\ndestination:/queue/a\n" +
        `content-length:2000\n\n${"x".repeat(2000)}\0` + message("s", 4),
    );
    for (const id of ["a1", "a2", "a4"]) {
      const ack = await peer.expect("ACK");
      if (peer.header(ack, "id") !== id) {
        throw new Error(`not the ACK of ${id}`);
      }
    }
    await goodBye(peer);
  },

  "a broker that escapes in 1.0": async (peer) => {
    await peer.accept({ version: "1.0", server: "RabbitMQ/3.10.8" });
    await peer.expectAndConfirm("SUBSCRIBE");
    await peer.say(raw("MESSAGE", {
      subscription: "s",
      "message-id": "1",
      destination: "/queue/a",
      note: "a\\cb",
    }));
    await peer.expect("SEND");
    peer.hear("note");
    await goodBye(peer);
  },

  "sound and damaged messages": async (peer) => {
    await subscribed(peer);
    const { pieces } = withChance((random) => conversationOf(random, MANY));
    for (const piece of pieces) await peer.say(piece);
    await peer.expectEnd();
  },

  "a message that cannot be read, again and again": async (peer) => {
    for (let connection = 0; connection < 3; connection++) {
      await subscribed(peer);
      await peer.say(
        message("s", 1) +
          "MESSAGE\nsubscription:s\nmessage-id:2\ndestination:/queue/a\n" +
          "content-length:1\n\nxyz\0",
      );
      await peer.expectEnd();
    }
    await subscribed(peer);
    await peer.say(message("s", 3));
    await goodBye(peer);
  },

  "a slow second connection": async (peer) => {
    await slowSecond(peer);
    await goodBye(peer);
  },

  "a slow second connection, then a SEND": async (peer) => {
    await slowSecond(peer);
    await peer.expect("SEND");
    await goodBye(peer);
  },

  "an ERROR in answer to what is malformed": async (peer) => {
    await peer.accept();
    await peer.expect("SEND");
    await peer.say("ERROR\nmessage:no\nthis has no colon\n\nthe reason\0");
    await goodBye(peer);
  },

  "a refusal, then another connection": async (peer) => {
    await subscribed(peer);
    await peer.hangUp();
    await refuse(peer);
    await subscribed(peer);
    await peer.say(message("s", 1));
    await goodBye(peer);
  },

  "refusals without end": async (peer) => {
    await peer.accept();
    await peer.expect("SEND");
    await peer.hangUp();
    for (let i = 0; i < 4; i++) await refuse(peer);
  },

  "a replay that is not confirmed": async (peer) => {
    await subscribed(peer);
    await peer.hangUp();
    await peer.accept();
    await peer.expect("SUBSCRIBE");
    await peer.expectEnd();
  },

  "a refusal behind reconnect()": async (peer) => {
    await subscribed(peer);
    await peer.expectEnd();
    await refuse(peer);
    await subscribed(peer);
    await peer.say(message("s", 1));
    await goodBye(peer);
  },

  "an end in a transaction": async (peer) => {
    await subscribed(peer);
    await peer.say(message("s", 1));
    await peer.expect("BEGIN");
    await peer.hangUp();
  },

  "an end in a transaction, then another connection": async (peer) => {
    await subscribed(peer);
    await peer.say(message("s", 1));
    await peer.expect("BEGIN");
    await peer.expect("ACK");
    await peer.hangUp();
    await subscribed(peer);
    await peer.say(message("s", 2));
    await goodBye(peer);
  },

  "ACK is refused": async (peer) => {
    await subscribed(peer);
    await peer.say(message("s", 1) + message("s", 2));
    await peer.expect("ACK");
    await object(peer);
    await peer.expectAndConfirm("ACK");
    await goodBye(peer);
  },

  "NACK is refused": async (peer) => {
    await subscribed(peer);
    await peer.say(message("s", 1) + message("s", 2));
    await peer.expect("NACK");
    await object(peer);
    await peer.expectAndConfirm("NACK");
    await goodBye(peer);
  },

  "three messages": async (peer) => {
    await subscribed(peer);
    await peer.say(message("s", 1) + message("s", 2) + message("s", 3));
    await peer.expect("ACK");
    await peer.expect("NACK");
    await goodBye(peer);
  },

  "one subscription of two is refused": async (peer) => {
    await subscribed(peer);
    await peer.expectAndConfirm("SUBSCRIBE");
    await peer.expectEnd();
    await subscribed(peer);
    await peer.expect("SUBSCRIBE");
    await object(peer);
    await peer.expectEnd();
    await subscribed(peer);
    await peer.say(message("s", 1));
    await goodBye(peer);
  },

  "a subscription that is refused for a moment": async (peer) => {
    await subscribed(peer);
    await peer.hangUp();
    await refuseSubscription(peer);
    await subscribed(peer);
    await peer.say(message("s", 1));
    await goodBye(peer);
  },

  "a subscription that is refused to the end": async (peer) => {
    await subscribed(peer);
    await peer.hangUp();
    await refuseSubscription(peer);
    await refuseSubscription(peer);
    await peer.accept();
    await goodBye(peer);
  },

  "a loss, then another connection": async (peer) => {
    await subscribed(peer);
    await peer.say(message("s", 1) + message("s", 2));
    await peer.hangUp();
    await peer.accept();
    await goodBye(peer);
  },

  "a subscription that the broker ends": async (peer) => {
    await subscribed(peer);
    await cancel(peer);
    await peer.expectAndConfirm("SUBSCRIBE");
    await peer.say(message("s", 1));
    await goodBye(peer);
  },

  "a subscription that the broker ends for good": async (peer) => {
    await subscribed(peer);
    await cancel(peer);
    await goodBye(peer);
  },

  "the broker ends a subscription, then there is another connection": async (
    peer,
  ) => {
    await subscribed(peer);
    await cancel(peer);
    await peer.expectEnd();
    await peer.accept();
    await goodBye(peer);
  },

  "the end of a subscription instead of its receipt": async (peer) => {
    await peer.accept();
    await peer.expect("SUBSCRIBE");
    await cancel(peer);
    await peer.expectAndConfirm("SUBSCRIBE");
    await goodBye(peer);
  },

  "an echo": async (peer) => {
    await peer.echo();
  },
};
