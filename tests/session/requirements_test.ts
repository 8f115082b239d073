import {
  encodeFrame,
  Frame,
  FrameDecoder,
  type Version,
  VERSIONS,
} from "../../codec/mod.ts";
import { ProtocolError, UsageError } from "../../errors.ts";
import { ClientSession } from "../../session/client_session.ts";
import type { AckMode } from "../../session/events.ts";
import { type HeartBeat, Pulse } from "../../session/heart_beat.ts";
import {
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { wire } from "../support/frames.ts";
import { test } from "../support/harness.ts";
import { connectedSession, message } from "../support/sessions.ts";

const FROM_1_1 = ["1.1", "1.2"] as const;

/** A header of the CONNECT that a session begins with. */
function connectHeader(
  name: string,
  options?: ConstructorParameters<typeof ClientSession>[0],
): string | undefined {
  return new ClientSession(options).connect().headers.get(name);
}

test("CL-01: CONNECT carries accept-version", () => {
  for (const version of VERSIONS) {
    const options = { versions: [version] };
    assertStrictEquals(connectHeader("accept-version", options), version);
  }
});

test("CL-02: accept-version is a list separated by commas in increasing order", () => {
  const options = { versions: ["1.2", "1.0", "1.1"] } as const;
  assertStrictEquals(connectHeader("accept-version", options), "1.0,1.1,1.2");
});

test("CL-03: CONNECT carries host", () => {
  assertStrictEquals(connectHeader("host"), "/");
  assertStrictEquals(connectHeader("host", { host: "vhost" }), "vhost");
});

test("CL-04: a session is opened with CONNECT, which brokers of every version know", () => {
  for (const version of VERSIONS) {
    const session = new ClientSession({ versions: [version] });
    assertStrictEquals(session.connect().command, "CONNECT");
  }
});

test("CL-05: login and passcode are sent where they are given, empty ones too", () => {
  assertStrictEquals(connectHeader("login"), undefined);
  assertStrictEquals(connectHeader("passcode"), undefined);
  const options = { login: "me", passcode: "" };
  assertStrictEquals(connectHeader("login", options), "me");
  assertStrictEquals(connectHeader("passcode", options), "");
});

test("CL-06: a CONNECTED without version means 1.0", () => {
  const session = new ClientSession();
  session.connect();
  session.receive(new Frame("CONNECTED"));
  assertStrictEquals(session.version, "1.0");
});

test("CL-07: a version that was not offered is unusable", () => {
  const session = new ClientSession({ versions: ["1.0", "1.1"] });
  session.connect();
  assertThrows(
    () => session.receive(new Frame("CONNECTED", { version: "1.2" })),
    ProtocolError,
    '"1.2"',
  );
  assertThrows(() => session.send("/queue/a", ""), UsageError);
});

test("CL-08: ERROR instead of CONNECTED is a rejection, after which nothing can be sent", () => {
  const session = new ClientSession();
  session.connect();
  const event = session.receive(new Frame("ERROR", { message: "no" }));
  assertStrictEquals(event.type, "refused");
  assertThrows(() => session.send("/queue/a", ""), UsageError, "refused");
});

test("CL-09: any frame but CONNECT may ask for a receipt", () => {
  for (const version of VERSIONS) {
    const session = connectedSession(version);
    const receipt = session.newReceipt();
    const frame = session.send("/queue/a", "", { receipt });
    assertStrictEquals(frame.headers.get("receipt"), receipt);
  }
  assertThrows(
    () => new ClientSession({ headers: { receipt: "1" } }).connect(),
    UsageError,
  );
});

test("CL-10: SEND needs a destination", () => {
  const session = connectedSession();
  assertThrows(() => session.send("", "body"), UsageError, "destination");
});

test("CL-12: a destination is opaque and goes over the wire unchanged", () => {
  const opaque = [
    "/queue/a",
    "a",
    " a ",
    "jms.queue.a::b",
    "/x?y=z&\\n",
    "é\t",
  ];
  for (const version of VERSIONS) {
    for (const destination of opaque) {
      const session = connectedSession(version);
      const decoder = new FrameDecoder({ version });
      const made = [
        session.send(destination, ""),
        session.subscribe(destination, { id: "s" }),
      ];
      for (const frame of made) decoder.push(encodeFrame(frame, { version }));
      for (const frame of decoder) {
        assertStrictEquals(frame.headers.get("destination"), destination);
      }
    }
  }
});

test("CL-13: SUBSCRIBE carries destination and id, the id also in 1.0", () => {
  for (const version of VERSIONS) {
    const { headers } = connectedSession(version).subscribe("/queue/a");
    assertStrictEquals(headers.get("destination"), "/queue/a");
    assertStrictEquals(headers.get("id"), "subscription-1");
  }
});

test("CL-14: subscription ids are unique within the connection", () => {
  for (const version of VERSIONS) {
    const session = connectedSession(version);
    const { headers } = session.subscribe("/queue/a");
    const id = headers.get("id")!;
    assertThrows(() => session.subscribe("/queue/a", { id }), UsageError);
  }
});

test("CL-15: the ack modes are auto, which is the default, client, and from 1.1 client-individual", () => {
  const modes: readonly (AckMode | undefined)[] = [
    undefined,
    "auto",
    "client",
    "client-individual",
  ];
  for (const version of VERSIONS) {
    for (const ack of modes) {
      const session = connectedSession(version);
      if (version === "1.0" && ack === "client-individual") {
        assertThrows(() => session.subscribe("/queue/a", { ack }), UsageError);
      } else {
        const { headers } = session.subscribe("/queue/a", { ack });
        assertStrictEquals(headers.get("ack"), ack ?? "auto");
      }
    }
  }
});

test("CL-18: UNSUBSCRIBE goes by the id of a subscription that there is", () => {
  for (const version of VERSIONS) {
    const session = connectedSession(version);
    session.subscribe("/queue/a", { id: "s" });
    assertStrictEquals(session.unsubscribe("s").headers.get("id"), "s");
    assertThrows(() => session.unsubscribe("s"), UsageError);
  }
});

const ACK_HEADERS: Readonly<Record<Version, string>> = {
  "1.0": "message-id:m-1\n",
  "1.1": "message-id:m-1\nsubscription:s-1\n",
  "1.2": "id:a-1\n",
};

/** How a frame leaves. */
function written(frame: Frame, version: Version): string {
  return wire(encodeFrame(frame, { version }));
}

test("CL-19: ACK names the message as its version wants it", () => {
  for (const version of VERSIONS) {
    assertStrictEquals(
      written(connectedSession(version).ack(message()), version),
      `ACK\n${ACK_HEADERS[version]}\n\0`,
    );
  }
});

test("CL-20: NACK names it in the same way; 1.0 does not have it", () => {
  for (const version of FROM_1_1) {
    assertStrictEquals(
      written(connectedSession(version).nack(message()), version),
      `NACK\n${ACK_HEADERS[version]}\n\0`,
    );
  }
  assertThrows(() => connectedSession("1.0").nack(message()), UsageError);
});

test("CL-21: SEND, ACK and NACK may carry a transaction", () => {
  for (const version of FROM_1_1) {
    const session = connectedSession(version);
    const transaction = session.begin().headers.get("transaction")!;
    for (
      const frame of [
        session.send("/queue/a", "", { transaction }),
        session.ack(message(), { transaction }),
        session.nack(message(), { transaction }),
      ]
    ) {
      assertStrictEquals(frame.headers.get("transaction"), transaction);
    }
  }
});

test("CL-22: BEGIN, COMMIT and ABORT carry the transaction", () => {
  for (const version of VERSIONS) {
    const session = connectedSession(version);
    for (const end of ["commit", "abort"] as const) {
      const begin = session.begin();
      const transaction = begin.headers.get("transaction")!;
      assertStrictEquals(
        session[end](transaction).headers.get("transaction"),
        transaction,
      );
    }
  }
});

test("CL-23: transaction ids are unique within the connection", () => {
  const session = connectedSession();
  const transaction = session.begin().headers.get("transaction")!;
  assertThrows(() => session.begin({ transaction }), UsageError);
});

test("CL-25: no frame follows DISCONNECT", () => {
  const session = connectedSession();
  session.subscribe("/queue/a", { id: "s" });
  session.begin({ transaction: "t" });
  session.disconnect();
  const attempts = [
    () => session.connect(),
    () => session.send("/queue/a", ""),
    () => session.subscribe("/queue/a"),
    () => session.unsubscribe("s"),
    () => session.ack(message()),
    () => session.nack(message()),
    () => session.begin(),
    () => session.commit("t"),
    () => session.abort("t"),
    () => session.disconnect(),
  ];
  for (const attempt of attempts) {
    assertThrows(attempt, UsageError, "closing after DISCONNECT");
  }
});

test("CL-26: heart-beat is two numbers separated by a comma; a missing one means 0,0", () => {
  assertStrictEquals(connectHeader("heart-beat"), "0,0");
  const heartBeat: HeartBeat = [1000, 2000];
  assertStrictEquals(connectHeader("heart-beat", { heartBeat }), "1000,2000");
  assertEquals(connectedSession("1.2", { heartBeat }).heartBeat, [0, 0]);
  assertThrows(
    () => connectedSession("1.2", {}, { "heart-beat": "1000" }),
    ProtocolError,
    '"1000"',
  );
});

test("CL-27: the period of a direction is the larger number, and none if either is 0", () => {
  const cases: readonly (readonly [HeartBeat, string, HeartBeat])[] = [
    [[1000, 4000], "3000,2000", [2000, 4000]],
    [[3000, 2000], "1000,4000", [4000, 2000]],
    [[0, 2000], "0,4000", [0, 0]],
    [[1000, 0], "1000,0", [0, 0]],
  ];
  for (const [heartBeat, header, negotiated] of cases) {
    const session = connectedSession("1.2", { heartBeat }, {
      "heart-beat": header,
    });
    assertEquals(session.heartBeat, negotiated);
  }
});

test("CL-28: an octet is due before every period has passed", () => {
  const pulse = new Pulse([1000, 0], 0);
  for (let now = 0; now <= 10_000; now = pulse.nextDeadline()!) {
    if (now > 0) assertStrictEquals(pulse.isSendDue(now), true);
    pulse.sent(now);
    assertStrictEquals(pulse.nextDeadline()! - now < 1000, true);
  }
});

test("CL-29: any octet is a sign of life, and silence is forgiven for a period more", () => {
  const pulse = new Pulse([0, 1000], 0);
  assertStrictEquals(pulse.silence(1999), undefined);
  // Half a frame, say: the pulse is not told what it was.
  pulse.received(1999);
  assertStrictEquals(pulse.silence(3998), undefined);
  assertStrictEquals(pulse.silence(3999), 2000);
});

test("CL-30: an ERROR is told as such; the end that follows is the broker's to make", () => {
  for (const version of VERSIONS) {
    const session = connectedSession(version);
    const event = session.receive(new Frame("ERROR", { message: "no" }));
    assertStrictEquals(event.type, "error");
    // Brokers that do not close go on, and so does the session.
    session.send("/queue/a", "");
    session.lost();
    assertThrows(() => session.send("/queue/a", ""), UsageError, "closed");
  }
});

test("CL-31: a receipt confirms the frame that asked for it, and none before", () => {
  const session = connectedSession();
  const [first, second] = [session.newReceipt(), session.newReceipt()];
  session.send("/queue/a", "", { receipt: first });
  session.subscribe("/queue/a", { receipt: second });
  for (const [id, command] of [[second, "SUBSCRIBE"], [first, "SEND"]]) {
    assertEquals(
      session.receive(new Frame("RECEIPT", { "receipt-id": id! })),
      { type: "receipt", id, command } as unknown,
    );
  }
});

test("CL-32: a transaction does not outlive its connection", () => {
  const session = connectedSession();
  session.begin({ transaction: "t" });
  session.lost();
  assertThrows(() => session.commit("t"), UsageError, "earlier connection");
});
