import {
  type HeartBeat,
  negotiateHeartBeat,
  Pulse,
} from "../../session/heart_beat.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/harness.ts";
import { connectedSession } from "../support/sessions.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

const NEGOTIATIONS: readonly (readonly [
  own: HeartBeat,
  peer: HeartBeat,
  negotiated: HeartBeat,
])[] = [
  [[0, 0], [0, 0], [0, 0]],
  [[100, 0], [0, 0], [0, 0]],
  [[0, 0], [100, 100], [0, 0]],
  [[100, 0], [0, 200], [200, 0]],
  [[200, 0], [0, 100], [200, 0]],
  [[0, 100], [200, 0], [0, 200]],
  [[0, 200], [100, 0], [0, 200]],
  [[100, 200], [300, 400], [400, 300]],
  [[400, 300], [200, 100], [400, 300]],
  [[100, 0], [300, 400], [400, 0]],
];

test("each direction takes the slower of what one can and the other wants", () => {
  for (const [own, peer, negotiated] of NEGOTIATIONS) {
    assertEquals(negotiateHeartBeat(own, peer), negotiated);
    // The peer comes to the same, seen from its side.
    assertEquals(negotiateHeartBeat(peer, own), [negotiated[1], negotiated[0]]);
    const session = connectedSession("1.2", { heartBeat: own }, {
      "heart-beat": peer.join(","),
    });
    assertEquals(session.heartBeat, negotiated);
  }
});

test("without heart-beats there is no deadline, nothing is due and nobody is dead", () => {
  const pulse = new Pulse([0, 0], 0);
  assertStrictEquals(pulse.nextDeadline(), undefined);
  assertStrictEquals(pulse.isSendDue(1e12), false);
  assertStrictEquals(pulse.silence(1e12), undefined);
});

test("an EOL is due after half a period without anything sent", () => {
  const pulse = new Pulse([1000, 0], 50);
  assertStrictEquals(pulse.nextDeadline(), 550);
  assertStrictEquals(pulse.isSendDue(549), false);
  assertStrictEquals(pulse.isSendDue(550), true);
  pulse.sent(540);
  assertStrictEquals(pulse.isSendDue(1039), false);
  assertStrictEquals(pulse.nextDeadline(), 1040);
  // What comes from the peer is no reason to be silent.
  pulse.received(1039);
  assertStrictEquals(pulse.nextDeadline(), 1040);
  assertStrictEquals(pulse.silence(1e12), undefined);
});

test("the peer is dead after two periods without an octet", () => {
  const pulse = new Pulse([0, 1000], 50);
  assertStrictEquals(pulse.nextDeadline(), 2050);
  assertStrictEquals(pulse.silence(2049), undefined);
  assertStrictEquals(pulse.silence(2050), 2000);
  assertStrictEquals(pulse.silence(5000), 4950);
  pulse.received(2000);
  assertStrictEquals(pulse.silence(3999), undefined);
  assertStrictEquals(pulse.nextDeadline(), 4000);
  // What we send says nothing about the peer.
  pulse.sent(3999);
  assertStrictEquals(pulse.silence(4000), 2000);
  assertStrictEquals(pulse.isSendDue(1e12), false);
});

test("a peer that may skip heart-beats is asked once a silence", () => {
  const pulse = new Pulse([0, 1000], 0, true);
  assertStrictEquals(pulse.nextDeadline(), 1200);
  assertStrictEquals(pulse.takeQuestion(1199), false);
  assertStrictEquals(pulse.takeQuestion(1200), true);
  assertStrictEquals(pulse.takeQuestion(1300), false);
  // A quarter more than the two periods that it may take without being asked.
  assertStrictEquals(pulse.silence(2249), undefined);
  assertStrictEquals(pulse.nextDeadline(), 2250);
  assertStrictEquals(pulse.silence(2250), 2250);
  pulse.received(2000);
  assertStrictEquals(pulse.takeQuestion(3200), true);
});

test("the next deadline is the earlier of the two directions", () => {
  const sooner = (heartBeat: HeartBeat) =>
    new Pulse(heartBeat, 0).nextDeadline();
  assertStrictEquals(sooner([1000, 1000]), 500);
  assertStrictEquals(sooner([10_000, 1000]), 2000);
  assertStrictEquals(sooner([4000, 1000]), 2000);
});

test("two pulses that answer to their deadlines keep each other alive, and one that stops is found dead", async () => {
  const clock = new VirtualClock();
  const beats: number[] = [];
  const dead: number[] = [];
  let isMute = false;
  const negotiated: HeartBeat = [1000, 1000];
  const pulses = [new Pulse(negotiated, 0), new Pulse(negotiated, 0)] as const;

  const watch = (own: Pulse, other: Pulse, isFirst: boolean) => {
    const deadline = own.nextDeadline()!;
    clock.after(deadline - clock.now(), () => {
      const now = clock.now();
      if (own.silence(now) !== undefined) {
        dead.push(now);
        return;
      }
      if (own.isSendDue(now)) {
        own.sent(now);
        if (isFirst && !isMute) {
          beats.push(now);
          other.received(now);
        } else if (!isFirst) other.received(now);
      }
      watch(own, other, isFirst);
    });
  };
  watch(pulses[0], pulses[1], true);
  watch(pulses[1], pulses[0], false);

  await clock.advance(60_000);
  assertEquals(beats.length, 120);
  assertEquals(dead, []);
  isMute = true;
  await clock.advance(10_000);
  // The second one found the silence; without it the first one found the next.
  assertEquals(dead, [62_000, 63_500]);
  assertStrictEquals(clock.pending, 0);
});
