import { BrokerCore } from "../../broker/core.ts";
import { BrokerSession } from "../../broker/session.ts";
import {
  encodeFrame,
  Frame,
  FrameDecoder,
  type Version,
  VERSIONS,
} from "../../codec/mod.ts";
import { ClientSession } from "../../session/client_session.ts";
import type { AckMode, SessionEvent } from "../../session/events.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";

/**
 * A client's session joined to the broker's core: what either says, the other
 * has heard before the next line of the test.
 */
class Joint {
  readonly session: ClientSession;
  readonly #peer: BrokerSession;
  readonly #carry: (frame: Frame, decoder: FrameDecoder) => Iterable<Frame>;
  readonly #toBroker = new FrameDecoder();
  readonly #toClient = new FrameDecoder();
  #events: SessionEvent[] = [];
  isClosed = false;

  constructor(core: BrokerCore, version: Version, isEncoded: boolean) {
    this.session = new ClientSession({ versions: [version] });
    this.#carry = isEncoded ? throughOctets(this.session) : (frame) => [frame];
    this.#peer = new BrokerSession(core, {
      isWritable: true,
      send: (frame) => {
        for (const heard of this.#carry(frame, this.#toClient)) {
          this.#events.push(this.session.receive(heard));
        }
      },
      entered: () => this.isClosed = true,
    });
    this.ask(this.session.connect());
    this.#toBroker.version = this.#peer.version;
    assertStrictEquals(this.session.version, version);
  }

  /** Hands a frame to the broker. */
  tell(frame: Frame): void {
    for (const heard of this.#carry(frame, this.#toBroker)) {
      this.#peer.receive(heard);
    }
  }

  /** Hands a frame to the broker, and says what comes. */
  ask(frame: Frame): SessionEvent[] {
    this.tell(frame);
    return this.#events.splice(0);
  }

  /** The bodies of the messages that have come, redelivered ones with a star. */
  bodies(): string[] {
    return this.messages().map(shown);
  }

  /** The messages that have come; there must be nothing else. */
  messages(): Frame[] {
    return this.#events.splice(0).map((event) => {
      assertStrictEquals(event.type, "message");
      return "frame" in event ? event.frame : new Frame("MESSAGE");
    });
  }

  /** The connection is lost. */
  cut(): void {
    this.#peer.move("over");
    this.session.lost();
  }
}

function throughOctets(
  session: ClientSession,
): (frame: Frame, decoder: FrameDecoder) => Iterable<Frame> {
  return (frame, decoder) => {
    decoder.push(encodeFrame(frame, { version: session.version }));
    return decoder;
  };
}

function shown(frame: Frame): string {
  return frame.text() + (frame.headers.has("redelivered") ? "*" : "");
}

const MODES: Readonly<Record<Version, readonly AckMode[]>> = {
  "1.0": ["client"],
  "1.1": ["client", "client-individual"],
  "1.2": ["client", "client-individual"],
};

for (const version of VERSIONS) {
  for (const isEncoded of [false, true]) {
    const how = isEncoded ? "octets" : "frames";
    const join = (core: BrokerCore) => new Joint(core, version, isEncoded);

    test(`STOMP ${version} in ${how}: receipts, the sender's headers and the body come through`, () => {
      const core = new BrokerCore();
      const [producer, consumer] = [join(core), join(core)];
      const { session } = consumer;
      const receipt = session.newReceipt();
      assertEquals(
        consumer.ask(session.subscribe("/queue/a", { id: "s", receipt })),
        [{ type: "receipt", id: receipt, command: "SUBSCRIBE" }],
      );
      const body = Uint8Array.from({ length: 256 }, (_, i) => i);
      const headers = { "content-type": "x/y", "a b": "é \\n" };
      producer.tell(producer.session.send("/queue/a", body, { headers }));
      const [message] = consumer.messages();
      assertEquals(message?.body, body);
      for (const [name, value] of Object.entries(headers)) {
        assertStrictEquals(message?.headers.get(name), value);
      }
      assertStrictEquals(message?.headers.get("subscription"), "s");
    });

    for (const ack of MODES[version]) {
      test(`STOMP ${version} in ${how}: in mode ${ack} what is not acknowledged comes again, in order`, () => {
        const core = new BrokerCore();
        const [one, two] = [join(core), join(core)];
        one.tell(one.session.subscribe("/queue/a", { ack }));
        for (const body of ["1", "2", "3", "4"]) {
          two.tell(two.session.send("/queue/a", body));
        }
        const messages = one.messages();
        assertEquals(messages.map(shown), ["1", "2", "3", "4"]);
        one.tell(one.session.ack(messages[1]!));
        one.cut();
        two.tell(two.session.subscribe("/queue/a", { ack }));
        // An acknowledgement in client mode covers those before it, too.
        const again = ack === "client" ? ["3*", "4*"] : ["1*", "3*", "4*"];
        assertEquals(two.bodies(), again);
      });
    }

    test(`STOMP ${version} in ${how}: a transaction sends and acknowledges when it is committed, not when aborted`, () => {
      const core = new BrokerCore();
      const [worker, watcher] = [join(core), join(core)];
      const { session } = worker;
      watcher.tell(watcher.session.subscribe("/queue/out"));
      worker.tell(
        session.subscribe("/queue/in", { ack: "client", prefetch: 1 }),
      );
      for (const body of ["1", "2"]) {
        watcher.tell(watcher.session.send("/queue/in", body));
      }
      const [first] = worker.messages();
      for (const end of ["abort", "commit"] as const) {
        const begin = session.begin();
        const transaction = begin.headers.get("transaction")!;
        worker.tell(begin);
        worker.tell(session.send("/queue/out", end, { transaction }));
        worker.tell(session.ack(first!, { transaction }));
        assertEquals(watcher.bodies(), []);
        assertEquals(worker.bodies(), []);
        worker.tell(session[end](transaction));
      }
      assertEquals(watcher.bodies(), ["commit"]);
      assertEquals(worker.bodies(), ["2"]);
    });

    test(`STOMP ${version} in ${how}: UNSUBSCRIBE ends delivery, DISCONNECT is confirmed and ends the connection`, () => {
      const core = new BrokerCore();
      const [client, other] = [join(core), join(core)];
      const { session } = client;
      client.tell(session.subscribe("/topic/a", { id: "s" }));
      other.tell(other.session.send("/topic/a", "1"));
      assertEquals(client.bodies(), ["1"]);
      client.tell(session.unsubscribe("s"));
      other.tell(other.session.send("/topic/a", "2"));
      assertEquals(client.bodies(), []);
      const receipt = session.newReceipt();
      assertEquals(client.ask(session.disconnect({ receipt })), [
        { type: "receipt", id: receipt, command: "DISCONNECT" },
      ]);
      assertStrictEquals(client.isClosed, true);
      assertStrictEquals(other.isClosed, false);
    });

    test(`STOMP ${version} in ${how}: what the broker refuses is an ERROR that answers the receipt`, () => {
      const client = join(new BrokerCore());
      const { session } = client;
      const receipt = session.newReceipt();
      const stale = new Frame("MESSAGE", {
        "message-id": "m-1",
        subscription: "s",
        ack: "m-1@s",
      });
      const [event] = client.ask(session.ack(stale, { receipt }));
      assertStrictEquals(event?.type, "error");
      assertStrictEquals("receipt" in event! && event.receipt, receipt);
      assertStrictEquals(client.isClosed, true);
    });
  }
}

for (const version of ["1.1", "1.2"] as const) {
  test(`STOMP ${version}: a message that was refused with NACK comes again`, () => {
    const client = new Joint(new BrokerCore(), version, true);
    const { session } = client;
    client.tell(
      session.subscribe("/queue/a", { ack: "client-individual", prefetch: 2 }),
    );
    for (const body of ["1", "2", "3"]) {
      client.tell(session.send("/queue/a", body));
    }
    const seen: string[] = [];
    const toDo = client.messages();
    for (
      let message = toDo.shift();
      message !== undefined;
      message = toDo.shift()
    ) {
      const body = shown(message);
      seen.push(body);
      client.tell(body === "2" ? session.nack(message) : session.ack(message));
      toDo.push(...client.messages());
    }
    assertEquals(seen, ["1", "2", "3", "2*"]);
  });
}
